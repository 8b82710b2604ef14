"""Each kind of provider is asked at its own address, with its own credential and field, and the configuration wins."""

import json
from pathlib import Path
from typing import Any

import pytest

from limits.accounts import Cap
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("up", "path", "credential", "field"),
    [
        ({"kind": "openai"}, CHAT, ("authorization", "Bearer sk-ours"), "max_completion_tokens"),
        ({"kind": "openai_compatible"}, CHAT, ("authorization", "Bearer sk-ours"), "max_tokens"),
        ({"kind": "azure"}, CHAT, ("api-key", "sk-ours"), "max_completion_tokens"),
        (
            {"kind": "azure", "api_version": "2024-10-21"},
            "/openai/deployments/gpt-4o-mini/chat/completions",
            ("api-key", "sk-ours"),
            "max_completion_tokens",
        ),
        ({"kind": "anthropic"}, "/v1/messages", ("x-api-key", "sk-ours"), "max_tokens"),
        (
            {"kind": "openai_compatible", "capability": {"output_limit_field": "max_completion_tokens"}},
            CHAT,
            ("authorization", "Bearer sk-ours"),
            "max_completion_tokens",
        ),
    ],
)
async def test_a_provider_is_asked_as_it_wants_to_be(
    tmp_path: Path, up: dict[str, Any], path: str, credential: tuple[str, str], field: str
) -> None:
    (tmp_path / "key").write_text("sk-ours")
    (tmp_path / "key").chmod(0o600)
    key = {"api_key": f"file/{tmp_path / 'key'}"}
    route = path if path == "/v1/messages" else CHAT
    async with live(tmp_path, below="/openai" if "api_version" in up else "/v1", up={**up, **key}) as gate:
        for stream in (False, True):
            reply = await gate.http.post(route, json=chat("hello", stream=stream, max_tokens=300))
            assert reply.status_code == 200, reply.text
            seen = gate.upstream.seen[-1]
            assert (seen.path, seen.headers[credential[0]]) == (path, credential[1])
            body = json.loads(seen.body)
            assert {name: body[name] for name in body if name.startswith("max_")} == {field: 300}
            assert body["model"] == "gpt-4o-mini"


@pytest.mark.parametrize(("said", "sent"), [({}, True), ({"usage_in_stream": False}, False)])
async def test_usage_is_not_asked_of_a_server_that_does_not_know_how(
    tmp_path: Path, said: dict[str, Any], sent: bool
) -> None:
    async with live(tmp_path, up={"capability": said}) as gate:
        await gate.http.post(CHAT, json=chat("hello", stream=True, stream_options={"include_usage": True}))
        assert ("stream_options" in json.loads(gate.upstream.seen[-1].body)) is sent


async def test_a_target_s_own_floor_and_context_are_kept_to(tmp_path: Path) -> None:
    said = {"floor_tokens": 50, "input_tokens_max": 100}
    async with live(tmp_path, up={"capability": said}, caps=(Cap("tokens", 160),)) as gate:
        long = chat("word " * 100)
        assert (await gate.http.post(CHAT, json=long)).status_code == 200
        (intent,) = gate.records("intent")
        assert (intent["hold"]["input_tokens"], intent["hold"]["output_tokens"]) == (100, 60)
    (tmp_path / "b").mkdir()
    async with live(tmp_path / "b", caps=(Cap("tokens", 160),)) as gate:
        assert (await gate.http.post(CHAT, json=long)).status_code == 402
