"""Every dialect keeps what `conformance` says: a new one is one Speech more in this list."""

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.aliases import Fresh
from gateway.dialects.strict import decode_reply, encode
from gateway.errors import BudgetExceeded, InvalidRequest, UnboundedCost, UpstreamError
from tests.gateway.dialects import speech_chat, speech_completions, speech_messages, speech_responses
from tests.gateway.dialects.conformance import Life, Speech, Spoken, Tree, at, error_of, unwired, written

pytestmark = pytest.mark.anyio

SPEECHES = {
    each.SPEECH.dialect.name: each.SPEECH
    for each in (speech_chat, speech_messages, speech_responses, speech_completions)
}
CALLING = {name: speech for name, speech in SPEECHES.items() if speech.calls}
every = pytest.mark.parametrize("speech", SPEECHES.values(), ids=list(SPEECHES))
calling = pytest.mark.parametrize("speech", CALLING.values(), ids=list(CALLING))
some = st.sampled_from(list(SPEECHES.values()))
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.sampled_from(
    [
        "write to bob@example.com",
        "card 4111 1111 1111 1111",
        "plain words",
        "ü 漢字 🎉",
        "\n",
        " ",
        "a",
        '"',
        "\\",
        "{}",
    ]
)
SAID = st.lists(WORDS, max_size=6).map("".join)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abxyz", max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def cut(text: str, marks: list[int]) -> tuple[str, ...]:
    places = sorted({0, len(text), *(mark % (len(text) + 1) for mark in marks)})
    return tuple(text[start:end] for start, end in itertools.pairwise(places))


def copied(tree: Any) -> Any:
    """Return a copy in which nothing stands twice."""
    return json.loads(json.dumps(tree))


def nodes(tree: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path]
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in inner:
        found += nodes(value, (*path, step))
    return found


def with_node(tree: Tree, pick: int, junk: Any) -> Any:
    """Return the tree with one of its nodes replaced."""
    paths = nodes(tree)
    path = paths[pick % len(paths)]
    if not path:
        return junk
    changed = copied(tree)
    at(changed, path[:-1])[path[-1]] = junk
    return changed


@every
def test_every_text_of_a_published_request_is_seen_where_it_stands(speech: Speech) -> None:
    for tree in speech.requests:
        request = speech.dialect.parse(tree)
        assert request.texts
        for text in request.texts:
            assert at(tree, text.path) == text.value
        for result in request.results:
            assert all(request.texts[index].role == "tool" for index in result.texts)


@calling
def test_tools_calls_results_and_images_of_a_published_request_are_seen(speech: Speech) -> None:
    request = speech.dialect.parse(speech.requests[0])
    seen = {text.value for text in request.texts}
    assert {"You help.", "What is here?", "15 degrees", "Tells."} <= seen
    assert request.calls[0].name == "weather"
    assert json.loads(request.calls[0].arguments)["note"] == "Rome"
    assert request.results[0].call_id == request.calls[0].id
    assert (request.images, request.files, request.unboundable) == (1, 0, ())
    assert request.tools[0].name == "weather"


@often
@given(some, st.data())
def test_what_is_sent_is_the_tree_that_was_read_but_for_the_named_members(speech: Speech, data: st.DataObject) -> None:
    tree = copied(data.draw(st.sampled_from(speech.requests)))
    holders = [path for path in nodes(tree) if isinstance(at(tree, path), dict)]
    holder = at(tree, data.draw(st.sampled_from(holders)))
    holder["x_unknown"] = data.draw(JUNK)
    before = copied(tree)
    request = speech.dialect.parse(tree)
    index = data.draw(st.integers(0, len(request.texts) - 1))
    changed = request.replace({index: "changed"})
    sent = speech.dialect.members(changed, model="upstream-m", limit_field=speech.limit_member, output_tokens=77)
    expected = copied(before)
    at(expected, request.texts[index].path[:-1])[request.texts[index].path[-1]] = "changed"
    expected |= {"model": "upstream-m", speech.limit_member: 77}
    assert decode_reply(encode(sent.tree)) == expected
    assert list(sent.tree)[: len(before)] == list(before)
    assert tree == before


@often
@given(some, st.integers(0, 10_000), JUNK)
def test_a_body_that_is_not_as_it_should_be_is_refused_and_never_breaks_us(
    speech: Speech, pick: int, junk: Any
) -> None:
    try:
        request = speech.dialect.parse(with_node(speech.requests[0], pick, junk))
    except (InvalidRequest, UnboundedCost):
        return
    for text in request.texts:
        assert type(text.value) is str


@often
@given(some, st.booleans(), st.integers(0, 10_000), JUNK)
def test_an_upstream_that_sends_nonsense_is_an_upstream_error(
    speech: Speech, stream: bool, pick: int, junk: Any
) -> None:
    spoken = Spoken(("said", " this"), (("call_1", "a", ("{}",)),), "thought")
    reader = speech.dialect.reader(speech.dialect.parse(speech.asked("x", [], stream)))
    try:
        if stream:
            trees = speech.stream(spoken)
            trees[pick % len(trees)] = with_node(trees[pick % len(trees)], pick // 7, junk)
            events = reader.feed([encode(tree) for tree in trees])
        else:
            events = [reader.plain(encode(with_node(speech.plain(spoken), pick, junk)))]
    except UpstreamError:
        return
    for event in events:
        for part in event.parts:
            assert type(part.text) is str


@settings(parent=often, max_examples=100)
@given(some, SAID, st.lists(SAID, max_size=2), st.lists(st.integers(0, 500), max_size=12), st.booleans())
async def test_any_cut_of_a_stream_is_understood_as_the_whole_reply(
    speech: Speech, text: str, notes: list[str], marks: list[int], thinks: bool
) -> None:
    notes = notes if speech.calls else []
    thinking = "think of bob@example.com" if thinks and speech.calls else ""
    arguments = [json.dumps({"note": note}) for note in notes]
    whole = Spoken((text,) if text else (), tuple((f"call_{n}", "a", (a,)) for n, a in enumerate(arguments)), thinking)
    cuts = Spoken(cut(text, marks), tuple((f"call_{n}", "a", cut(a, marks)) for n, a in enumerate(arguments)), thinking)
    asked = "I am bob@example.com"
    plain = Life(speech, speech.asked(asked, ["a"], False))
    await plain.admit()
    told = speech.heard(plain.plain(speech.plain(whole)))
    streamed = Life(speech, speech.asked(asked, ["a"], True))
    await streamed.admit()
    followed = speech.followed(streamed.stream(speech.stream(cuts), [mark * 7 for mark in marks]))
    assert followed == told
    assert told.thinking == thinking
    assert told.finish == (speech.finish_calls if notes else speech.finish_plain)
    assert [call[:2] for call in told.calls] == [(f"call_{n}", "a") for n in range(len(notes))]


@settings(parent=often, max_examples=30)
@given(
    st.sampled_from(list(CALLING.values())),
    st.lists(st.sampled_from(["0", "call_0", "functions.a:1"]), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(0, 500), max_size=8),
)
async def test_weak_ids_are_minted_anew_wherever_they_stand_and_stand_in_the_next_request_as_they_were(
    speech: Speech, ids: list[str], marks: list[int]
) -> None:
    arguments = '{"note": "x"}'
    whole = Spoken(("Hm.",), tuple((said, "a", (arguments,)) for said in ids))
    pieces = Spoken(("Hm.",), tuple((said, "a", cut(arguments, marks)) for said in ids))
    for stream in (False, True):
        asked, fresh = speech.asked("x", ["a"], stream), Fresh()
        life = Life(speech, asked)
        await life.admit()
        if stream:
            heard = speech.followed(life.stream(speech.stream(pieces), marks, fresh))
        else:
            heard = speech.heard(life.plain(speech.plain(whole), fresh))
        released = [call_id for call_id, _, _ in heard.calls]
        assert [fresh.said[each] for each in released] == ids
        assert all(re.fullmatch(r"(call|toolu)_[0-9a-f]{24}", each) for each in released)
        plain = Life(speech, speech.asked("x", ["a"], False))
        await plain.admit()
        unchanged = speech.heard(plain.plain(speech.plain(whole)))
        assert [call[1:] for call in heard.calls] == [call[1:] for call in unchanged.calls]
        assert (heard.text, heard.finish, heard.usage) == (unchanged.text, unchanged.finish, unchanged.usage)
        request = speech.dialect.parse(speech.goes_on(asked, heard.calls, "done"))
        assert [call.id for call in request.calls] == [said.call_id for said in request.results] == released
        as_it_was = [(said, name, given) for said, (_, name, given) in zip(ids, heard.calls, strict=True)]
        before = copied(request.tree)
        assert request.renamed(fresh.said).tree == speech.goes_on(asked, as_it_was, "done")
        assert request.tree == before
        assert request.renamed({}) is request


@every
@pytest.mark.parametrize("cuts", [[], [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]])
async def test_what_went_out_masked_comes_back_as_itself_everywhere(speech: Speech, cuts: list[int]) -> None:
    mail = "anna.smith@example.com"
    for stream in (False, True):
        life = Life(speech, speech.asked(f"I am {mail}", ["a"], stream))
        sent = json.dumps(await life.admit())
        assert mail not in sent
        masked = sent.split("I am ", 1)[1].split('"', 1)[0]
        arguments = json.dumps({"note": f"to {masked}"})
        spoken = Spoken(cut(f"You are {masked}, yes", cuts), (("call_1", "a", cut(arguments, cuts)),))
        if stream:
            written = life.stream(speech.stream(spoken), cuts)
            heard = speech.followed(written)
        else:
            written = [life.plain(speech.plain(spoken))]
            heard = speech.heard(written[0])
        assert heard.text == f"You are {mail}, yes"
        assert heard.calls == ([("call_1", "a", {"note": f"to {mail}"})] if speech.calls else [])
        assert masked not in json.dumps(written)


@calling
@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_that_may_not_pass_becomes_a_text_and_a_plain_end(speech: Speech, stream: bool) -> None:
    life = Life(speech, speech.asked("x", ["a"], stream))
    await life.admit()
    spoken = Spoken(("Let me", " see. "), (("call_1", "a", ('{"note":', '"x"}')), ("call_2", "rm", ("{}",))), "hm")
    heard = (
        speech.followed(life.stream(speech.stream(spoken)))
        if stream
        else speech.heard(life.plain(speech.plain(spoken)))
    )
    assert heard.calls == []
    assert heard.finish == speech.finish_plain
    assert heard.text.startswith("Let me see. ")
    assert "offers no tool of the name rm" in heard.text
    assert heard.thinking == "hm"


@calling
@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_for_a_refused_call_leaves_no_call_and_no_end(speech: Speech, stream: bool) -> None:
    life = Life(speech, speech.asked("x", ["a"], stream), tools={"on_refusal": "error"})
    await life.admit()
    assert life.call.request is not None
    reader = speech.dialect.reader(life.call.request)
    spoken = Spoken(("Let me see.",), (("call_2", "rm", ("{}",)),))
    events = (
        reader.feed([encode(tree) for tree in speech.stream(spoken)])
        if stream
        else [reader.plain(encode(speech.plain(spoken)))]
    )
    out = [after for event in events for each in life.guard.inspect(life.call, event)
           for after in life.firewall.inspect(life.call, each)]  # fmt: skip
    assert life.call.ending is not None
    assert life.call.ending.code == "tool_call_invalid"
    assert not any(event.ends for event in out)
    assert b"rm" not in b"".join(speech.dialect.write(event) for event in out)


@every
def test_an_answer_of_our_own_is_whole_costs_nothing_and_can_be_read_again(speech: Speech) -> None:
    for stream in (False, True):
        request = speech.dialect.parse(speech.asked("x", [], stream))
        events = speech.dialect.answer(request, "Come back later.", reply_id="abc", created_s=1_700_000_000)
        for event in events:
            speech.dialect.renew(event, "0123456789abcdef")
        if stream:
            wire = written(speech, events)
            heard = speech.followed(unwired(wire))
            again = speech.dialect.reader(request).feed([encode(tree) for tree in unwired(wire)])
            assert b"abc" not in wire.replace(b"abcdef", b"") or speech.dialect.repeats
        else:
            body = speech.dialect.write_plain(events[0])
            heard = speech.heard(decode_reply(body))
            again = [speech.dialect.reader(request).plain(body)]
            assert b"0123456789abcdef" in body
        assert (heard.text, heard.usage, heard.finish) == ("Come back later.", (0, 0), speech.finish_plain)
        assert any(event.ends == (0,) and event.terminal for event in again)


@every
def test_the_end_is_held_and_nothing_before_it_is(speech: Speech) -> None:
    request = speech.dialect.parse(speech.asked("x", [], True))
    reader = speech.dialect.reader(request)
    events = reader.feed([encode(tree) for tree in speech.stream(Spoken(("a", "b")))])
    first = next(number for number, event in enumerate(events) if event.terminal)
    assert events[first].ends == (0,)
    assert all(event.terminal for event in events[first:])
    assert "".join(part.text for event in events[:first] for part in event.parts if not part.repeats) == "ab"
    assert [event.usage for event in events if event.usage is not None]
    assert reader.finished


@calling
def test_asking_again_appends_the_answer_and_the_message(speech: Speech) -> None:
    request = speech.dialect.parse(speech.asked("first", [], False))
    again = speech.dialect.ask_again(request, "my answer", "what was wrong")
    said = [text.value for text in again.texts if text.role in ("user", "assistant")]
    assert said[-3:] == ["first", "my answer", "what was wrong"]


@every
def test_errors_have_the_vendors_form_with_our_code_and_figures(speech: Speech) -> None:
    ending = BudgetExceeded("the cap is used up", param="key.usd", limit="1.00", actual="1.01")
    for tree in (
        json.loads(speech.dialect.error(ending, "call_7")),
        error_of(speech.dialect.error_event(ending, "call_7")),
    ):
        assert speech.error_message(tree) == "the cap is used up"
        assert tree["error"]["code"] == "budget_exceeded"
        assert (tree["error"]["param"], tree["error"]["limit"], tree["error"]["actual"]) == ("key.usd", "1.00", "1.01")
        assert "call_7" in json.dumps(tree)


@every
async def test_a_published_reply_in_which_nothing_is_found_goes_on_as_it_came(speech: Speech) -> None:
    thinking, calls = ("Let me think.", (("call_1", "a", ('{"note":"x"}',)),)) if speech.calls else ("", ())
    life = Life(speech, speech.asked("x", ["a"], False))
    await life.admit()
    whole = speech.plain(Spoken(("Hello, ", "there."), calls, thinking))
    assert life.plain(copied(whole)) == whole
    life = Life(speech, speech.asked("x", ["a"], True))
    await life.admit()
    events = speech.stream(Spoken(("Hello, ", "there!\n"), (), thinking))
    went = life.stream(copied(events))
    assert [tree for tree in went if tree.get("type") != "ping"] == [
        tree for tree in events if tree.get("type") != "ping"
    ]
