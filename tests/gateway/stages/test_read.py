"""A bounded body, strictly parsed, for a known model. (What is refused stands in tests/faults/test_bad_input.py.)."""

from pathlib import Path

import pytest

from tests.faults.exact import ECHO, ends
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"


async def test_a_body_up_to_its_bound_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, bounds={"body_bytes_max": 4_096}) as gate:
        frame = len(b'{"model":"m","messages":[{"role":"user","content":""}]}')
        for size, status in ((4_096, 200), (4_097, 413)):
            text = b'{"model":"m","messages":[{"role":"user","content":"' + b"x" * (size - frame) + b'"}]}'
            assert len(text) == size
            assert (await gate.http.post(PATH, content=text)).status_code == status


async def test_a_model_is_one_that_is_configured_and_that_key_and_profile_allow(tmp_path: Path) -> None:
    profiles = [{"name": "none", "models": []}]
    async with live(tmp_path, script=ECHO, profiles=profiles) as gate:
        headers = {"authorization": f"Bearer {await gate.new_key(profile='none')}"}
        reply = await gate.http.post(PATH, json=chat("x"), headers=headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "model_not_allowed")
        reply = await gate.http.post(PATH, json=chat("x", model="M"))
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")
        assert "model" not in ends(gate)[-1], "an unknown model's name is a client's word and is not recorded"
