"""Chunks are written as OpenAI's clients read them, and a reader of chunks knows when every choice has ended."""

import json
from typing import Any

from gateway.call import Event
from gateway.dialects.openai_form import ChunkForm, ChunkReader, OpenAIForm
from gateway.errors import BudgetExceeded


class Ending(ChunkReader):
    """Reads chunks that say which choices end."""

    def whole(self, tree: Any) -> Event:
        self._ended |= set(tree)
        return Event({"ends": tree}, [], whole=True)

    def chunk(self, tree: Any) -> Event:
        return self.whole(tree)


def test_a_stream_is_over_when_every_choice_has_ended_whatever_comes_then() -> None:
    reader = Ending(2, wants_usage=True)
    assert [event.tree for event in reader.feed([b"[]", b"[1]"])] == [{"ends": []}, {"ends": [1]}]
    before = reader.finished
    done, last = reader.feed([b"[0]", b"[DONE]"])
    assert (before, reader.finished) == (False, True)
    assert (done.terminal, last.terminal, last.tree) == (False, True, None)
    assert Ending(1, wants_usage=False).plain(b"[0]").whole


def test_chunks_bodies_and_errors_have_their_form() -> None:
    form, event = ChunkForm(), Event({"a": 1}, [])
    assert form.write(event) == b'data: {"a":1}\n\n'
    assert form.write(Event(None, [])) == b"data: [DONE]\n\n"
    assert OpenAIForm().write_plain(event) == b'{"a":1}'
    assert form.headers({"anthropic-beta": "x"}, ("x",)) == []
    ending = BudgetExceeded("used up")
    written = form.error_event(ending, "call_1")
    assert json.loads(written.removeprefix(b"data: ")) == json.loads(form.error(ending, "call_1"))


def test_usage_is_asked_for_beside_what_the_client_asked() -> None:
    assert ChunkForm.streamed({}) == {"stream_options": {"include_usage": True}}
    asked = {"stream_options": {"include_usage": False, "include_obfuscation": False}}
    assert ChunkForm.streamed(asked)["stream_options"] == {"include_usage": True, "include_obfuscation": False}
