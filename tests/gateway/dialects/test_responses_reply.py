"""A reply in Responses as it is read: usage, failures, calls that only the end tells of."""

import json

import pytest

from gateway.call import Event
from gateway.dialects.responses_reply import ResponsesReader, usage_of
from gateway.dialects.strict import encode
from gateway.errors import UpstreamError
from limits.prices import Usage
from tests.gateway.dialects.conformance import Life, Spoken, Tree
from tests.gateway.dialects.speech_responses import SPEECH, asked, plain, stream

pytestmark = pytest.mark.anyio


def read(trees: list[Tree]) -> list[Event]:
    return ResponsesReader().feed([encode(tree) for tree in trees])


def test_usage_has_its_cached_written_and_thought_tokens() -> None:
    details = {"cached_tokens": 11, "cache_write_tokens": 5}
    told = {"input_tokens": 23, "output_tokens": 13, "input_tokens_details": details}
    report = usage_of({**told, "output_tokens_details": {"reasoning_tokens": 4}})
    assert report == Usage(23, 13, cached_tokens=11, cache_write_tokens=5, reasoning_tokens=4)
    for wrong in ({}, None, {"input_tokens": 1}, {**told, "input_tokens": 2}, {**told, "output_tokens": -1}):
        assert usage_of(wrong) is None


def test_a_failure_before_any_text_is_ours_to_repeat_and_after_it_the_clients_to_see() -> None:
    trees = stream(Spoken(("a", "b")))
    failed = {"type": "response.failed", "response": {**plain(Spoken()), "status": "failed"}}
    with pytest.raises(UpstreamError):
        read([*trees[:3], failed])
    last = read([*trees[:5], failed])[-1]
    assert (last.terminal, last.ends, last.finish) == (True, (0,), "failed")


async def test_a_call_that_only_the_end_tells_of_is_checked_as_well() -> None:
    life = Life(SPEECH, asked("x", ["a"], stream=True))
    await life.admit()
    trees = stream(Spoken(("hm",)))
    hidden = {"type": "function_call", "id": "fc_9", "call_id": "call_9", "name": "rm", "arguments": "{}"}
    trees[-1]["response"]["output"].append(hidden)
    *_, end = life.stream(trees)
    assert [item["type"] for item in end["response"]["output"]] == ["message", "message"]
    assert "offers no tool of the name rm" in end["response"]["output"][-1]["content"][0]["text"]
    good = Life(SPEECH, asked("x", ["a"], stream=True))
    await good.admit()
    hidden |= {"name": "a", "arguments": '{"note": "y"}'}
    *_, end = good.stream(trees)
    assert end["response"]["output"][-1]["name"] == "a"


async def test_calls_of_the_providers_own_client_tools_are_refused() -> None:
    life = Life(SPEECH, asked("x", ["a"], stream=False))
    await life.admit()
    reply = plain(Spoken(("hm",)))
    action = {"type": "exec", "command": ["rm", "-rf", "/"], "env": {}}
    reply["output"].append({"type": "local_shell_call", "id": "l", "call_id": "c", "action": action, "status": "x"})
    written = life.plain(reply)
    assert "offers no tool of the name local_shell_call" in json.dumps(written)
    assert "rm" not in json.dumps(written)
