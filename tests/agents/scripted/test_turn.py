from hypothesis import given
from hypothesis import strategies as st

from agents.scripted.script import Reply, ToolCall
from agents.scripted.turn import Asked, answer, text_of, tokens


def asked(text: str = "hello", *, limit: int | None = None, choices: int = 1) -> Asked:
    return Asked("m", False, False, choices, limit, text, "user", text, 0, tokens(text))


@given(st.text(max_size=200))
def test_a_token_is_four_bytes_so_bytes_always_bound_tokens(text: str) -> None:
    assert (len(text.encode()) + 3) // 4 == tokens(text) <= len(text.encode())


@given(text=st.text(max_size=100), limit=st.integers(1, 40), choices=st.integers(1, 3))
def test_no_answer_is_longer_than_its_limit(text: str, limit: int, choices: int) -> None:
    said = answer(asked(text, limit=limit, choices=choices), Reply(), "1")
    assert said.completion_tokens <= limit * choices
    assert tokens(said.text) <= limit
    assert said.finish == ("length" if tokens(text) > limit else "stop")
    assert text.startswith(said.text)


def test_the_echo_repeats_and_a_text_may_quote() -> None:
    assert answer(asked("hi"), Reply(), "1").text == "hi"
    assert answer(asked("hi"), Reply("you said {text}!"), "1").text == "you said hi!"


def test_tool_calls_count_and_end_the_turn_and_are_dropped_whole_at_the_limit() -> None:
    reply = Reply(tool_calls=(ToolCall("look", {"a": 1}),))
    said = answer(asked(), reply, "1")
    assert (said.text, said.finish, said.completion_tokens) == ("", "tool_calls", 3)
    cut = answer(asked(limit=2), reply, "1")
    assert (cut.tool_calls, cut.finish, cut.completion_tokens) == ((), "length", 2)


def test_reasoning_counts_as_output_and_scripted_counts_replace_counted_ones() -> None:
    assert answer(asked("abcd"), Reply(reasoning_tokens=10), "1").completion_tokens == 11
    said = answer(asked("abcd"), Reply(prompt_tokens=7, completion_tokens=9, cached_tokens=3), "1")
    assert (said.prompt_tokens, said.completion_tokens, said.cached_tokens) == (7, 9, 3)


def test_text_is_found_in_strings_parts_and_tool_results() -> None:
    assert text_of("a") == "a"
    assert text_of([{"type": "text", "text": "a"}, {"type": "image_url"}, {"text": "b"}]) == "a\nb"
    assert text_of([{"type": "tool_result", "content": [{"type": "text", "text": "c"}]}]) == "c"
    assert text_of(None) == ""
