"""The client of the gateway: repeats what may be repeated, with the same key, and tells all else as it is."""

import random
from pathlib import Path

import pytest

from agents import Gateway, Refused
from agents.scripted import Fault, ScriptedServer
from tests.agents.scene import says, scene

pytestmark = pytest.mark.anyio
BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


def quick(url: str, key: str = "k") -> Gateway:
    return Gateway(url, key, chance=random.Random(1))


async def test_what_says_try_again_is_tried_again() -> None:
    async with ScriptedServer() as server:
        server.fault(Fault("status", status=503, times=2))
        said = await quick(server.url).ask("k", BODY, {})
        assert said.tree["choices"][0]["message"]["content"] == "hello"
        assert server.model.requests == 3


async def test_what_is_final_is_told_at_once() -> None:
    async with ScriptedServer() as server:
        server.fault(Fault("status", status=502))
        with pytest.raises(Refused) as refused:
            await quick(server.url).ask("k", BODY, {})
        assert (refused.value.status, server.model.requests) == (502, 1)
        server.clear()
        server.fault(Fault("status", status=200, body="[]"))
        with pytest.raises(Refused, match="without a readable error"):
            await quick(server.url).ask("k", BODY, {})


async def test_a_broken_connection_is_an_answer_too_after_its_attempts() -> None:
    with pytest.raises(Refused) as refused:
        await quick("http://127.0.0.1:9").ask("k", BODY, {})
    assert refused.value.code == "gateway_unreachable"


async def test_a_repeated_call_of_one_key_is_made_once(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "done")) as it:
        gateway = it.gateway
        async with gateway:
            opened = await gateway.open({"steps": 5})
            for _ in range(3):
                said = await gateway.ask(opened.key, BODY, {"idempotency-key": "one"})
        assert said.tree["choices"][0]["message"]["content"] == "done"
        assert it.requests() == 1
        assert (await gateway.run(opened.id))["used"]["steps"] == 1


async def test_the_address_may_be_written_with_or_without_v1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gate:4000/v1/")
    monkeypatch.setenv("OPENAI_API_KEY", "sk")
    assert (Gateway().url, Gateway().key) == ("http://gate:4000", "sk")


async def test_an_unknown_approval_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        with pytest.raises(Refused):
            await it.gateway.approve("nothing")
