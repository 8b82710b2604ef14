"""The book names the configuration in force, and calls name its profiles."""

from pathlib import Path

from tests.gateway.live import chat, live


async def test_a_calls_policy_is_found_in_the_record_of_the_configuration(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        await gate.http.post("/v1/chat/completions", json=chat("hello"))
        reload = gate.records("reload")[-1]
        [outcome] = gate.records("outcome")
        assert outcome["policy"] == reload["change"]["new"]["profiles"]["default"]
        assert len(reload["change"]["id"]) == 64
