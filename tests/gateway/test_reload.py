"""The book names the configuration in force, and calls name its profiles."""

from pathlib import Path

from gateway.config import load
from gateway.reload import reload_of
from tests.gateway.live import chat, live


async def test_a_calls_policy_is_found_in_the_record_of_the_configuration(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        await gate.http.post("/v1/chat/completions", json=chat("hello"))
        reload = gate.records("reload")[-1]
        [outcome] = gate.records("outcome")
        assert outcome["policy"] == reload["change"]["new"]["profiles"]["default"]
        assert len(reload["change"]["id"]) == 64


def test_the_digest_is_of_what_is_set_and_not_of_how_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "tollhouse.yaml"

    def digest(text: str) -> str:
        path.write_text(text)
        return str(reload_of(load(path))["change"]["id"])

    first = digest("listen: {port: 4001}\nretention: {payload_days: 5}\n")
    assert digest("retention:\n  payload_days: 5\nlisten:\n  port: 4001\n") == first
    assert digest("listen: {port: 4001}\nretention: {payload_days: 6}\n") != first
