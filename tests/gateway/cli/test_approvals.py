"""`tollhouse approvals`: over the network, with an approver's key."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.gateway.live import live
from tests.gateway.stages.test_consent import PAY, SCRIPT, ask

pytestmark = pytest.mark.anyio


async def command(url: str, key: str, *words: str, code: int = 0) -> Result:
    def invoke() -> Result:
        options = ["--url", url, "--key", "env/KEY"]
        return CliRunner().invoke(main, ["approvals", *words, *options], env={"KEY": key}, prog_name="tollhouse")

    result = await asyncio.to_thread(invoke)
    assert result.exit_code == code, result.output
    return result


async def test_questions_are_listed_shown_and_decided(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        _, key = await gate.app.registry.create_key("test", "house", name="boss", role="approver")
        assert asked in (await command(gate.url, key, "list")).stdout
        shown = (await command(gate.url, key, "show", asked)).stdout
        assert "pending" in shown
        assert "bob@example.com" not in shown
        assert "approved by" in (await command(gate.url, key, "approve", asked)).stdout
        assert "decided before" in (await command(gate.url, key, "deny", asked, code=1)).stderr
        assert json.loads((await command(gate.url, key, "list", "--json")).stdout) == []
        assert json.loads((await command(gate.url, key, "list", "--all", "--json")).stdout)[0]["id"] == asked
        assert json.loads((await command(gate.url, key, "show", asked, "--json")).stdout)["status"] == "approved"


async def test_arguments_are_edited_and_two_approvers_agree(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[{**PAY, "approvers": 2}]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        one, two = [(await gate.app.registry.create_key("t", "house", name="b", role="approver"))[1] for _ in "12"]
        assert "no JSON" in (await command(gate.url, one, "approve", asked, "--edit", "{", code=2)).stderr
        assert "1 of 2" in (await command(gate.url, one, "approve", asked, "--edit", '{"q": "small"}')).stdout
        assert '{"q":"small"}' in (await command(gate.url, two, "approve", asked)).stdout


async def test_what_is_wrong_is_a_sentence(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        assert "unknown, expired or revoked" in (await command(gate.url, "nobody", "list", code=1)).stderr
        assert "letters, digits" in (await command(gate.url, "x", "show", "../x", code=2)).stderr
        assert "--key" in (await command(gate.url, "", "list", code=2)).stderr
        assert "does not answer" in (await command("http://127.0.0.1:9", "x", "list", code=1)).stderr
