"""Conversations: structured answers are mended, calls without a tool are answered, places tell steps apart."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import BaseModel

from agents import Note, tool
from agents.event import answer
from agents.run import Run
from agents.scripted import Reply, ToolCall
from tests.agents.scene import says, scene

pytestmark = pytest.mark.anyio


# What these runners mend, the gateway would refuse first.
UNCHECKED = [{"name": "default", "guards": {"response_format": "off"}}]


class Size(BaseModel):
    width: int


class Sized:
    """Asks for a size."""

    name = "sized"

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        reply = await run.talk().ask("answer", output=Size, check=lambda size: "" if size.width else "zero is no width")
        yield answer(str(reply.parsed.width))


async def test_what_does_not_fit_is_told_to_the_model_and_mended(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "three", '{"width": 0}', '{"width": 3}'), profiles=UNCHECKED) as it:
        result = await it.agent(pattern=Sized()).arun("size?")
    assert (result.status, result.output, result.usage.steps) == ("completed", "3", 3)
    assert "zero is no width" in str(result.messages[4]["content"])


async def test_what_cannot_be_mended_ends_the_run_as_invalid(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "three"), profiles=UNCHECKED) as it:
        result = await it.agent(pattern=Sized()).arun("size?")
    assert (result.status, result.stop, result.partial) == ("stopped", "invalid_output", "three")


async def test_an_answer_that_the_gateway_refuses_for_its_format_ends_the_run_as_invalid(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "three")) as it:
        result = await it.agent(pattern=Sized()).arun("size?")
    assert (result.status, result.stop) == ("stopped", "invalid_output")


async def test_an_answer_that_the_budget_cut_is_no_success(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "word " * 3_000), profiles=[{"name": "default", "run": {"tokens": 800}}]) as it:
        result = await it.agent().arun("write")
    assert (result.status, result.stop) == ("stopped", "tokens")
    assert result.partial.startswith("word word")


async def test_calls_of_one_message_are_made_side_by_side_and_those_that_wait_come_last(tmp_path: Path) -> None:
    done: list[str] = []

    def act(what: str) -> str:
        """Act."""
        done.append(what)
        return what

    both = Reply(tool_calls=(ToolCall("act", {"what": "risky"}), ToolCall("act", {"what": "safe"})))
    async with scene(tmp_path, says("", both, "done")) as it:
        agent = it.agent(tools=[tool(act, approve=lambda arguments: arguments["what"] == "risky")])
        result = await agent.arun("go")
        assert (result.status, done) == ("waiting", ["safe"])
        result = await agent.aresume(result.run_id, answers={result.waiting[0].id: True})
    assert (result.status, done) == ("completed", ["safe", "risky"])
    assert [message["content"] for message in result.messages if message["role"] == "tool"] == ["risky", "safe"]
