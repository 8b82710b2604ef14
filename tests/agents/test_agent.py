"""The page a user reads: sync, async, streamed, approved, cancelled, from plain programs and from notebooks."""

import asyncio
from pathlib import Path

import pytest

from agents import Agent, Refused, approve, cancel, resume, tool
from tests.agents.scene import calls, says, scene

pytestmark = pytest.mark.anyio


def lookup(order: int) -> str:
    """Look an order up."""
    return f"{order} is paid"


async def test_synchronous_code_runs_streams_and_resumes(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("lookup", order=7), "It is paid.")) as it:
        agent = it.agent(tools=[tool(lookup, approve=True)])

        def program() -> tuple[str, list[str], str]:
            result = agent.run("Is 7 paid?")
            again = resume(result.run_id, agent=agent, answers={result.waiting[0].id: True})
            return result.status, [event.kind for event in agent.stream("Is 7 paid?")], again.output

        status, kinds, output = await asyncio.to_thread(program)
    assert (status, kinds[-2:], output) == ("waiting", ["waiting", "ended"], "It is paid.")


async def test_where_a_loop_is_running_run_works_too(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "done")) as it:
        agent = it.agent()

        async def notebook() -> str:
            return str(agent.run("go").output)

        assert await asyncio.to_thread(lambda: asyncio.run(notebook())) == "done"


async def test_leaving_a_synchronous_stream_cancels_the_run(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "done")) as it:

        def program() -> str:
            events = it.agent().stream("go")
            first = next(events)
            events.close()  # type: ignore[attr-defined]
            return first.run

        run_id = await asyncio.to_thread(program)
        assert (await it.gateway.run(run_id))["status"] != "open"


async def test_decisions_at_the_gateway_are_its_to_refuse(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        with pytest.raises(Refused):
            await asyncio.to_thread(lambda: approve("none", key=it.gate.token, url=it.gate.url))
        with pytest.raises(Refused):
            await asyncio.to_thread(lambda: cancel("none", gateway=it.gateway))


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        Agent("a", model="m", tools=[lookup, lookup])


PAY = {
    "name": "pay",
    "kind": "local",
    "parameters": {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]},
    "approval": "always",
}


@pytest.mark.parametrize("approved", [True, False])
async def test_an_approval_of_the_gateway_is_another_persons_and_then_the_run_goes_on(
    tmp_path: Path, approved: bool
) -> None:
    paid: list[int] = []

    def pay(amount: int) -> str:
        """Pay."""
        paid.append(amount)
        return "paid"

    async with scene(tmp_path, says("", calls("pay", amount=5), "It is paid."), tools=[PAY]) as it:
        agent = it.agent(tools=[pay])
        result = await agent.arun("pay 5")
        assert (result.status, result.stop, paid) == ("waiting", "approval", [])
        (waits,) = result.waiting
        assert waits.by == "gateway"
        _, boss = await it.gate.app.registry.create_key("test", "house", name="boss", role="approver")
        with pytest.raises(Refused):
            await asyncio.to_thread(lambda: approve(waits.id, key=it.gate.token, url=it.gate.url))
        await asyncio.to_thread(lambda: approve(waits.id, key=boss, approved=approved, url=it.gate.url))
        before = it.requests()
        done = await agent.aresume(result.run_id)
        assert it.requests() == before + (1 if approved else 0)
    assert (done.status, paid) == (("completed", [5]) if approved else ("stopped", []))
