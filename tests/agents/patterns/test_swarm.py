"""Swarms: children of one run, one budget, one vote; crashed and late members are absent, ties go to a person."""

from pathlib import Path
from typing import Any

import pytest

from agents import Agent, Budget, Log, Swarm
from agents.bus import MemoryBus
from agents.scripted import Reply
from tests.agents.scene import Scene, says, scene

pytestmark = pytest.mark.anyio


MODELS = {
    "models": [
        {
            "name": name,
            "targets": [{"upstream": "up", "model": name}],
            "price": {"input_usd_per_million": "1", "output_usd_per_million": "2"},
        }
        for name in ("yes", "no", "maybe", "slow", "broken", "m")
    ]
}
RULES = (
    says("", "I looked.\nYes.", model="yes"),
    says("", "No", model="no"),
    says("", "Maybe", model="maybe"),
    says("", Reply(text="Yes", delay_s=4), model="slow"),
)


def swarm(it: Scene, *models: str, **options: Any) -> Agent:
    agents = [it.agent(f"m{n}", model=model) for n, model in enumerate(models)]
    return it.agent("swarm", pattern=Swarm(agents, **options))


async def test_the_majority_wins_and_a_faulty_member_is_outvoted(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES, **MODELS) as it:
        result = await swarm(it, "yes", "no", "yes").arun("Block it?")
        used = result.account["used"]
    assert (result.status, result.output) == ("completed", "I looked.\nYes.")
    (vote,) = [event for event in result.events if event.kind == "vote"]
    assert (vote.body["winner"], vote.body["minority"], vote.body["absent"]) == ("yes", ("m1",), ())
    assert (used["agents"], used["steps"], len(result.children)) == (3, 3, 3)


async def test_a_late_member_is_absent_and_its_run_is_ended(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES, **MODELS) as it:
        agent = swarm(it, "yes", "yes", "slow", wait_s=1)
        result = await agent.arun("Block it?")
        with Log(it.log) as log:
            late = log.events(result.children[2])[-1]
    assert (late.kind, late.body["status"]) == ("ended", "cancelled")
    assert result.output == "I looked.\nYes."
    assert [event.body["absent"] for event in result.events if event.kind == "vote"] == [("m2",)]


async def test_a_tie_waits_for_a_person_who_decides_it(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES, **MODELS) as it:
        agent = swarm(it, "yes", "no")
        result = await agent.arun("Block it?")
        assert (result.status, result.stop) == ("waiting", "approval")
        (waits,) = result.waiting
        before = it.requests()
        decided = await agent.aresume(result.run_id, answers={waits.id: "no"})
        assert it.requests() == before
    assert (decided.status, decided.output) == ("completed", "No")


async def test_a_tie_may_stop_or_be_won_by_the_first(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES, **MODELS) as it:
        stopped = await swarm(it, "yes", "no", tie="stop").arun("Block it?")
        first = await swarm(it, "no", "maybe", tie="first").arun("Block it?")
    assert (stopped.status, stopped.stop) == ("stopped", "invalid_output")
    assert first.status == "completed"


async def test_a_member_that_fails_is_absent_and_the_rest_decide(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES, **MODELS) as it:
        result = await swarm(it, "yes", "unknown", "yes").arun("Block it?")
    assert result.status == "completed"
    assert [event.body["absent"] for event in result.events if event.kind == "vote"] == [("m1",)]


async def test_members_share_one_budget_at_the_gateway(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES, **MODELS) as it:
        result = await swarm(it, "yes", "yes", "yes", "yes", tie="stop").arun("Block it?", budget=Budget(steps=2))
        assert it.requests() == 2
    assert result.status == "stopped"
    assert len([e for e in result.events if e.kind == "ballot"]) == 2


async def test_more_members_than_the_run_may_have_agents_stop_it(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES, **MODELS) as it:
        result = await swarm(it, "yes", "yes", "yes").arun("Block it?", budget=Budget(agents=2))
    assert (result.status, result.stop) == ("stopped", "agents")


async def test_a_full_bus_costs_votes_not_the_run(tmp_path: Path) -> None:
    bus = MemoryBus(messages_max=1, wait_s=0.01)
    await bus.publish("other", {})
    async with scene(tmp_path, *RULES, **MODELS) as it:
        result = await swarm(it, "yes", "yes", "yes", bus=bus, tie="first").arun("Block it?")
    assert result.status == "completed"


def test_a_swarm_has_at_most_ten_members_each_with_its_name() -> None:
    one = Agent("one", model="m")
    with pytest.raises(ValueError, match="1 to 10 members"):
        Swarm([Agent(f"m{n}", model="m") for n in range(11)])
    with pytest.raises(ValueError, match="a name of its own"):
        Swarm([one, one])
