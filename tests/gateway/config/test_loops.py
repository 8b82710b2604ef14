"""Loops in the configuration: thresholds in their order, and what a profile makes of them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.config.loops import LoopSettings
from tests.gateway.live import chat, live
from tests.gateway.stages.test_firewall import BERLIN, history, proposing, tool

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("wrong", [{"nudge_at": 6}, {"drift_nudge_at": 11}, {"refuse_at": 1}, {"rules": ["luck"]}])
def test_a_note_comes_no_later_than_the_refusal_and_rules_are_known(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LoopSettings.model_validate(wrong)


async def test_a_profile_sets_at_which_call_a_loop_is_refused_or_that_it_is_none(tmp_path: Path) -> None:
    early = {"name": "early", "tools": {"loops": {"nudge_at": 2, "refuse_at": 3}}}
    never = {"name": "never", "tools": {"loops": {"rules": []}}}
    async with live(tmp_path, script=proposing(BERLIN), profiles=[early, never]) as gate:
        for profile, times, passes in (("early", 1, True), ("early", 2, False), ("never", 9, True)):
            async with gate.client(await gate.new_key(profile=profile)) as client:
                reply = await client.chat.completions.create(**chat("", messages=history(times), tools=[tool()]))
            assert bool(reply.choices[0].message.tool_calls) is passes
