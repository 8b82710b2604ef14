"""The runner: every expected ending is a result, a crash at any point repeats nothing, a person's word is bound."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from pathlib import Path

import pytest

from agents import Agent, Budget, Event, Gateway, Log, Note, RunFailed, tool
from agents.event import thought
from agents.run import Run
from agents.runner import Runner
from agents.scripted import Reply
from agents.store import RunTaken
from tests.agents.scene import Scene, calls, says, scene

pytestmark = pytest.mark.anyio


class Effects:
    """Tools that count what they did."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.began = asyncio.Event()

    def book(self, room: str) -> str:
        """Book a room."""
        self.done.append(room)
        return f"booked {room}"

    async def wait(self, seconds: float) -> str:
        """Wait."""
        self.done.append("waiting")
        self.began.set()
        await asyncio.sleep(seconds)
        return "waited"


TRIP = (calls("book", room="red", said="first red"), calls("book", room="blue"), "Both are booked.")


class Crash(Exception):
    """The process dies here."""


class CrashingLog(Log):
    """Dies at the n-th event: after it is on disk, or before."""

    def __init__(self, path: Path, at: int, *, written: bool) -> None:
        super().__init__(path)
        self.left = at
        self.written = written

    def put(self, event: Event) -> Future[None]:
        self.left -= 1
        if self.left >= 0:
            return super().put(event)
        if self.left == -1 and self.written:
            super().put(event).result()
        dead: Future[None] = Future()
        dead.set_exception(Crash())
        return dead


@pytest.mark.parametrize("written", [True, False])
async def test_after_a_crash_at_any_event_a_resume_repeats_nothing_and_loses_nothing(
    tmp_path: Path, written: bool
) -> None:
    async with scene(tmp_path, says("", *TRIP)) as it:
        whole = await it.agent(tools=[Effects().book]).arun("trip")
        assert whole.status == "completed"
        for at in range(1, len(whole.events)):
            effects, before = Effects(), it.requests()
            agent = it.agent(tools=[effects.book])
            log = CrashingLog(it.log, at, written=written)
            run_id = ""
            with contextlib.suppress(Crash):
                async with Runner(it.gateway, log) as runner:
                    run = await runner.open(agent, "trip", Budget())
                    run_id = run.id
                    await runner.drive(run)
            log.close()
            result = await agent.aresume(run_id)
            assert (result.status, result.output) == ("completed", "Both are booked."), at
            assert it.requests() - before == 3, f"crash at {at}: a model call was made twice"
            unknown = [event for event in result.events if event.kind == "returned" and not event.body["ok"]]
            assert sorted(effects.done) == ["blue", "red"][: len(effects.done)] or len(unknown) == 1
            assert len(effects.done) + len(unknown) in (2, 3)
            assert len(set(effects.done)) == len(effects.done), f"crash at {at}: a tool call was made twice"


async def test_a_repeatable_tool_is_called_again_where_its_outcome_is_unknown(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", *TRIP)) as it:
        effects = Effects()
        agent = it.agent(tools=[tool(effects.book, repeatable=True)])
        log = CrashingLog(it.log, 5, written=False)
        with contextlib.suppress(Crash):
            async with Runner(it.gateway, log) as runner:
                run = await runner.open(agent, "trip", Budget())
                await runner.drive(run)
        log.close()
        result = await agent.aresume(run.id)
    assert (result.output, effects.done) == ("Both are booked.", ["red", "red", "blue"])


async def test_two_processes_cannot_drive_one_run(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", *TRIP)) as it:
        agent = it.agent(tools=[Effects().book])
        async with Runner(it.gateway, it.log) as one, Runner(it.gateway, it.log) as two:
            run = await one.open(agent, "trip", Budget())
            taken = await two.resume(agent, run.id)
            with pytest.raises(RunTaken):
                await one.drive(run)
            assert (await two.drive(taken)).status == "completed"


async def test_what_executes_is_what_was_approved(tmp_path: Path) -> None:
    effects = Effects()
    big = tool(effects.book, approve=lambda arguments: arguments["room"] == "red")
    async with scene(tmp_path, says("", *TRIP)) as it:
        agent = it.agent(tools=[big])
        result = await agent.arun("trip")
        assert (result.status, result.stop, effects.done) == ("waiting", "approval", [])
        assert (await agent.aresume(result.run_id)).status == "waiting"
        (waits,) = result.waiting
        with pytest.raises(ValueError, match="nothing waits for an answer to 'other'"):
            await agent.aresume(result.run_id, answers={"other": True})
        it.gate.upstream.play(it.gate.upstream.model.script)
        done = await agent.aresume(result.run_id, answers={waits.id: True})
    assert (done.status, effects.done) == ("completed", ["red", "blue"])


async def test_the_deadline_stops_a_run_and_its_history_stays_valid(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("wait", seconds=30.0, said="I wait."), "done")) as it:
        result = await it.agent(tools=[Effects().wait]).arun("go", budget=Budget(seconds=1))
        assert (result.status, result.stop, result.partial) == ("stopped", "deadline", "I wait.")
        assert [message["role"] for message in result.messages] == ["user", "assistant", "tool"]
        again = await it.agent(model="m").arun("and now?", history=result.messages)
    assert again.status == "completed"


async def test_a_cancelled_run_is_no_success_and_ends_at_the_gateway_too(tmp_path: Path) -> None:
    effects = Effects()
    async with scene(tmp_path, says("", calls("wait", seconds=30.0), "done")) as it:
        agent = it.agent(tools=[effects.wait])
        task = asyncio.ensure_future(agent.arun("go"))
        await effects.began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with Log(it.log) as log:
            (run_id, _, kind), *_ = log.runs()
            events = log.events(run_id)
        assert (kind, events[-1].body["status"]) == ("ended", "cancelled")
        assert events[-2].kind == "returned"
        assert (await it.gateway.run(run_id))["status"] != "open"
        resumed = await agent.aresume(run_id)
    assert resumed.status == "cancelled"
    with pytest.raises(RunFailed, match="cancelled"):
        resumed.raise_for_status()


async def test_a_run_that_someone_ended_is_cancelled_at_its_next_step(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("end"), "done")) as it:

        async def end() -> str:
            """End the run from elsewhere."""
            with Log(it.log) as log:
                await it.gateway.cancel(log.runs()[0][0])
            return "ended"

        result = await it.agent(tools=[end]).arun("go")
    assert result.status == "cancelled"


@pytest.mark.parametrize(
    ("budget", "stop"),
    [
        (Budget(tokens=900), "tokens"),
        (Budget(usd="0.0008"), "usd"),
        (Budget(tool_calls=1), "tool_calls"),
        (Budget(steps=1), "steps"),
    ],
)
async def test_each_limit_of_the_gateway_has_its_name(tmp_path: Path, budget: Budget, stop: str) -> None:
    turns = [Reply(text="x" * 400, tool_calls=calls("book", room=str(n)).tool_calls) for n in range(9)]
    async with scene(tmp_path, says("", *turns)) as it:
        result = await it.agent(tools=[Effects().book], options={"max_tokens": 200}).arun("go", budget=budget)
    assert (result.status, result.stop) == ("stopped", stop)
    assert result.partial


async def test_a_loop_is_stopped_by_the_gateway_after_four_equal_calls(tmp_path: Path) -> None:
    effects = Effects()
    async with scene(tmp_path, says("", calls("book", room="red"))) as it:
        result = await it.agent(tools=[effects.book]).arun("go")
    assert (result.status, result.stop, len(effects.done)) == ("stopped", "loop", 4)


async def test_an_upstream_that_fails_is_a_failed_run_with_what_was_found(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("boom", said="so far"), "done")) as it:

        def boom() -> str:
            it.gate.upstream.fault("status", status=500)
            return "x"

        result = await it.agent(tools=[boom]).arun("go")
        it.gate.upstream.clear()
        again = await it.agent(tools=[boom]).aresume(result.run_id)
    assert (result.status, result.stop, result.partial) == ("failed", "upstream", "so far")
    assert (again.status, again.output, again.usage.tool_calls) == ("completed", "done", 1)


async def test_no_gateway_and_a_wrong_key_are_results_too(tmp_path: Path) -> None:
    nobody = Agent("a", model="m", gateway=Gateway("http://127.0.0.1:9", "k"), log=tmp_path / "log.sqlite")
    result = await nobody.arun("go")
    assert (result.status, result.stop, result.run_id) == ("failed", "upstream", "")
    async with scene(tmp_path) as it:
        wrong = it.agent(gateway=Gateway(it.gate.url, "sk-th-wrong"))
        assert (await wrong.arun("go")).status == "failed"


async def test_resuming_what_is_not_there_or_anothers_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "done")) as it:
        result = await it.agent().arun("go")
        with pytest.raises(ValueError, match="not of 'other'"):
            await it.agent("other").aresume(result.run_id)
        with pytest.raises(KeyError, match="no run nothing"):
            await it.agent().aresume("nothing")


def _names(it: Scene) -> list[str]:
    with Log(it.log) as log:
        return [kind for _, _, kind in log.runs()]


async def test_leaving_a_stream_early_cancels_the_run(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", *TRIP)) as it:
        async with contextlib.aclosing(it.agent(tools=[Effects().book]).astream("trip")) as events:
            async for event in events:
                if event.kind == "answered":
                    break
        with Log(it.log) as log:
            assert log.events(log.runs()[0][0])[-1].body["status"] == "cancelled"


async def test_a_broken_pattern_raises_and_its_stream_ends(tmp_path: Path) -> None:
    class Broken:
        name = "broken"

        async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
            reply = await run.talk().ask()
            yield thought(reply.text)
            raise ZeroDivisionError

    async with scene(tmp_path, says("", "x")) as it:
        with pytest.raises(ZeroDivisionError):
            async for _ in it.agent(pattern=Broken()).astream("go"):
                pass
        assert _names(it) == ["thought"]
