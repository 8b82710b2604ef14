"""What the gateway writes into the book is what the book's page documents."""

from pathlib import Path

from audit.record import FIELDS, KINDS
from tests.gateway.live import chat, live


async def test_every_field_of_every_record_is_documented(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        headers = {"x-run-id": "r", "x-session-id": "s", "x-tollhouse-phase": "plan"}
        await gate.http.post("/v1/chat/completions", json=chat("write to ann@example.com"), headers=headers)
        await gate.http.post("/v1/chat/completions", json={**chat("hi"), "model": "unknown"})
        await gate.http.post("/v1/chat/completions", json=chat("hi"), headers={"authorization": "Bearer sk-th-x"})
        await gate.app.strangers.write()
        records = gate.records()
    assert {"intent", "outcome", "refusal", "admin", "reload", "strangers"} <= {each["kind"] for each in records}
    assert {field for each in records for field in each} <= FIELDS.keys()
    assert {each["kind"] for each in records} <= KINDS.keys()
