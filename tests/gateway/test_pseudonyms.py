"""Ids that clients make stand in the book only as pseudonyms, which mean nothing once the tenant is erased."""

import json
from pathlib import Path

from tests.gateway.live import chat, live


async def test_a_client_made_run_id_is_a_pseudonym_that_is_stable_until_the_tenant_is_erased(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        headers = {"x-run-id": "ann-lee-appeal", "x-session-id": "ann-lee"}
        runs = []
        for erase in (False, True, False):
            answer = await gate.http.post("/v1/chat/completions", json=chat("hi"), headers=headers)
            assert answer.status_code == 200
            runs.append(answer.headers["x-tollhouse-run-id"])
            if erase:
                await gate.app.keeper.shred("k9", "acme", None, "request")
        assert runs[0] == runs[1] != runs[2]
        sessions = [record["session"] for record in gate.records("outcome")]
        assert sessions[0] == sessions[1] != sessions[2]
        assert "ann-lee" not in json.dumps(gate.records())
