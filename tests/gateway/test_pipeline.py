"""One call through two lists: who is asked, in which order, and that whoever began settles once, whatever happens."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gateway.answer import Answer
from gateway.call import Attempt, Call, Event, Reply, reply_of
from gateway.errors import AuditUnavailable, ClientLeft, ContentBlocked, DeadlineExceeded, UpstreamError
from gateway.lives import Lives
from gateway.pipeline import Pipeline
from gateway.stage import AskAgain
from tests.gateway.talk import Asking, Figures, Second, Talk, done, plain, said, two_words

pytestmark = pytest.mark.anyio

ADMITS = ["first", "second", "third", "asking", "holding", "sending"]


async def test_down_the_lists_up_the_lists_and_settled_in_reverse_before_the_terminal_events_leave() -> None:
    talk = Talk()
    await talk.live(talk.stages())
    admits = [line for line in talk.log if line.startswith("admit")]
    settles = [line for line in talk.log if line.startswith("settle")]
    assert admits == [f"admit {name}" for name in ADMITS]
    assert settles == [f"settle {name}" for name in ("sending", "holding", "asking", "third", "second", "first")]
    first_event = talk.log[talk.log.index("inspect sending") :][:5]
    assert first_event == [f"inspect {name}" for name in ("sending", "holding", "third", "second", "first")]
    assert [line for line in talk.log if line == "sent" or line.startswith("settle")] == [
        "sent",
        "sent",
        *settles,
        "sent",
    ]
    assert talk.text.index(": tollhouse") < talk.text.index('"finish_reason":"stop"') < talk.text.index("[DONE]")
    assert talk.call.finish == "stop"


@pytest.mark.parametrize("name", ADMITS[:-1])
async def test_whoever_began_settles_once_when_one_refuses_and_nobody_below_it_is_asked(name: str) -> None:
    talk = Talk()
    await talk.live(talk.stages({name: {"admit": ContentBlocked("no")}}))
    begun = ADMITS[: ADMITS.index(name) + 1]
    assert [line for line in talk.log if "admit" in line] == [f"admit {each}" for each in begun]
    assert [line for line in talk.log if "settle" in line] == [f"settle {each}" for each in reversed(begun)]
    assert talk.status == 400
    assert "content_blocked" in talk.text


@pytest.mark.parametrize("name", ADMITS)
async def test_a_settlement_that_breaks_keeps_no_other_from_settling_and_the_client_gets_no_terminal_marker(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    talk = Talk()
    await talk.live(talk.stages({name: {"settle": RuntimeError("secret words")}}))
    assert [line for line in talk.log if "settle" in line] == [f"settle {each}" for each in reversed(ADMITS)]
    assert "[DONE]" not in talk.text
    assert "internal_error" in talk.text
    assert "secret words" not in talk.text
    assert "secret words" in caplog.text


async def test_an_outcome_that_cannot_be_written_becomes_the_error_of_the_call() -> None:
    talk = Talk(stream=False)
    await talk.live(talk.stages({"first": {"settle": AuditUnavailable("the disk is full")}}, events=plain))
    assert talk.status == 503
    assert "audit_unavailable" in talk.text


async def test_a_defect_in_a_stage_is_an_internal_error_and_everyone_settles(caplog: pytest.LogCaptureFixture) -> None:
    talk = Talk()
    await talk.live(talk.stages({"third": {"admit": KeyError("secret words")}}))
    assert talk.status == 500
    assert "secret words" not in talk.text
    assert [line for line in talk.log if "settle" in line] == ["settle third", "settle second", "settle first"]
    assert "call_1" in caplog.text


@pytest.mark.parametrize("awaits", range(1, 8))
async def test_cut_at_each_await_whoever_began_settles_once_and_the_cut_is_the_ending(awaits: int) -> None:
    talk = Talk()
    paused = {"admit": lambda _: asyncio.sleep(0)}
    pipeline = talk.stages(dict.fromkeys(ADMITS, paused))
    answer = Answer(talk.client, Figures())
    task = Lives(1).start(talk.call, pipeline.live(talk.call, answer))
    for _ in range(awaits):
        await asyncio.sleep(0)
    talk.call.cut(DeadlineExceeded("too late"))
    await task
    admits = [line.split()[1] for line in talk.log if "admit" in line]
    assert [line.split()[1] for line in talk.log if "settle" in line] == admits[::-1]
    assert isinstance(talk.call.ending, DeadlineExceeded)
    assert "[DONE]" not in talk.text


@pytest.mark.parametrize("name", ADMITS)
async def test_a_cut_during_settlement_waits_until_all_have_settled(name: str) -> None:
    talk = Talk()

    async def cut(_: Any) -> None:
        talk.call.cut(ClientLeft("left"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    await talk.live(talk.stages({name: {"settle": cut}}))
    assert [line for line in talk.log if "settle" in line] == [f"settle {each}" for each in reversed(ADMITS)]
    assert talk.text.endswith("[DONE]\n\n")


async def test_a_native_cancellation_is_not_ours_and_passes() -> None:
    talk = Talk()
    pipeline = talk.stages({"second": {"admit": lambda _: asyncio.sleep(10)}})
    task = Lives(1).start(talk.call, pipeline.live(talk.call, Answer(talk.client, Figures())))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_reply_of_a_stage_is_inspected_by_those_above_it_only() -> None:
    async def answer(_: Call) -> Reply:
        return reply_of([said("stored"), said("", end=True), done()], degraded="stored")

    talk = Talk()
    await talk.live(talk.stages({"third": {"admit": answer}}))
    assert "admit asking" not in talk.log
    assert {line for line in talk.log if "inspect" in line} == {"inspect first", "inspect second"}
    assert [line for line in talk.log if "settle" in line] == ["settle third", "settle second", "settle first"]
    assert talk.call.degraded == "stored"
    assert "stored" in talk.text


def _asks_again(times: int) -> Callable[[Call, Event], Iterable[Event]]:
    left = [times]

    def inspect(_: Call, event: Event) -> Iterable[Event]:
        if left[0]:
            left[0] -= 1
            raise AskAgain("a bad answer", "do better")
        return (event,)

    return inspect


async def test_asking_again_starts_below_its_place_with_the_answer_and_the_wish_and_settles_both_attempts() -> None:
    talk = Talk()
    await talk.live(talk.stages({"second": {"inspect": _asks_again(1)}}))
    admits = [line.split()[1] for line in talk.log if "admit" in line]
    assert admits == [*ADMITS, "second", "asking", "holding", "sending"]
    settles = [line.split()[1] for line in talk.log if "settle" in line]
    assert settles == ["sending", "holding", "sending", "holding", "asking", "third", "second", "first"]
    assert talk.text.endswith("[DONE]\n\n")
    assert talk.call.clear is not None
    assert [message["content"] for message in talk.call.clear.tree["messages"]] == [
        "hello",
        "a bad answer",
        "do better",
    ]
    assert len(talk.call.attempts) == 2


async def test_nobody_asks_again_twice(caplog: pytest.LogCaptureFixture) -> None:
    talk = Talk()
    await talk.live(talk.stages({"second": {"inspect": _asks_again(2)}}))
    assert talk.status == 500
    assert len(talk.call.attempts) == 2
    assert [line for line in talk.log if "settle" in line][-4:] == [
        *("settle asking", "settle third", "settle second", "settle first")
    ]
    assert caplog.text


async def test_nobody_asks_again_after_the_first_released_event() -> None:
    talk = Talk()
    seen: list[Event] = []

    def late(_: Call, event: Event) -> Iterable[Event]:
        seen.append(event)
        if len(seen) == 2:
            raise AskAgain("a bad answer", "do better")
        return (event,)

    await talk.live(talk.stages({"second": {"inspect": late}}))
    assert len(talk.call.attempts) == 1
    assert "internal_error" in talk.text
    assert "[DONE]" not in talk.text
    assert "asked again" in talk.text


async def test_a_failing_attempt_settles_at_once_and_route_may_make_another() -> None:
    talk = Talk()
    tries = [0]

    async def fail_once(_: Attempt) -> None:
        tries[0] += 1
        if tries[0] == 1:
            raise UpstreamError("down")

    class Twice(Asking):
        async def admit(self, call: Call) -> Reply | None:
            try:
                return await super().admit(call)
            except UpstreamError:
                self.log.append("again")
                return await call.attempt("other")

    pipeline = talk.stages({"sending": {"admit": fail_once}})
    stages = [*pipeline.call_stages[:3], Twice(talk.log)]
    await talk.live(Pipeline(stages, pipeline.attempt_stages, again_from=Second))
    again = talk.log.index("again")
    assert talk.log[again - 2 : again] == ["settle sending", "settle holding"]
    assert [attempt.target for attempt in talk.call.attempts] == ["target", "other"]
    assert [line for line in talk.log if line == "settle holding"] == ["settle holding"] * 2
    assert talk.text.endswith("[DONE]\n\n")


async def test_a_client_that_takes_nothing_of_the_end_is_left_behind_after_a_bounded_time() -> None:
    talk = Talk(stream=False)
    pipeline = talk.stages(events=plain)
    talk.stuck = asyncio.Event()
    with pytest.raises(asyncio.CancelledError):
        await talk.live(pipeline)
    assert talk.log[-1] == "settle first"


async def test_choices_that_have_ended_are_held_while_others_flow() -> None:
    def events() -> list[list[Event]]:
        return [[said("a")], [said("", end=True)], [said("b")], [said("", end=True)], [done()]]

    talk = Talk()
    await talk.live(talk.stages(events=events))
    assert talk.text.index('"b"') < talk.text.index('"finish_reason":"stop"')
    assert talk.text.count('"finish_reason":"stop"') == 2


async def test_silent_events_are_for_the_stages_only() -> None:
    hidden = said("hidden")
    hidden.silent = True
    talk = Talk()
    await talk.live(talk.stages(events=lambda: [[hidden], *two_words()]))
    assert "hidden" not in talk.text
    assert talk.log.count("inspect first") == 5
