"""Questions to approvers: bounded, and decided only if that can be written."""

from pathlib import Path

import pytest

from gateway.errors import AuditUnavailable
from tests.gateway.live import live
from tests.gateway.stages.test_consent import PAY, SCRIPT, ask, decide

pytestmark = pytest.mark.anyio


async def test_no_more_questions_are_kept_than_the_configuration_says(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY], approvals={"open_max": 1}) as gate:
        await ask(gate)
        more = await ask(gate, {"x-run-id": "another"})
        assert (more.status_code, more.json()["error"]["param"]) == (429, "approvals.open_max")
        assert len(list(gate.app.approvals.shown(gate.key))) == 1


async def test_a_decision_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        boss, _ = await gate.app.registry.create_key("test", "house", name="boss", role="approver")
        gate.app.house.book.close()
        with pytest.raises(AuditUnavailable):
            await gate.app.approvals.decide(boss, asked, yes=True)
        assert gate.app.approvals.show(boss, asked)["status"] == "pending"


async def test_decisions_are_seen_by_status(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        await decide(gate, (await ask(gate)).json()["error"]["approval_id"], "deny")
        held = gate.app.approvals
        assert [each["status"] for each in held.shown(gate.key, "denied")] == ["denied"]
        assert list(held.shown(gate.key, "pending")) == []


async def test_an_answer_whose_question_changed_meanwhile_uses_its_yes_up_once(tmp_path: Path) -> None:
    """Where processes share the book, the database refuses a yes that is used twice, within one call too."""
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        await decide(gate, (await ask(gate)).json()["error"]["approval_id"])
        held = gate.app.approvals
        (reply,) = held._by_reply
        assert len(held.waiting_for(reply)) == 1
