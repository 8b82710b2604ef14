"""One secret sent through every path a call can take is found nowhere but in the encrypted stores (DESIGN §12)."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from agents.scripted import Fault, Reply, Rule, Script, ToolCall
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
CARD = "4111 1111 1111 1111"
# No breaker opens, so that every fault is met.
PATIENT = {"breaker": {"failures_max": 1_000}}
SAID = f"key {SECRET} card {CARD}"
TOOL = {"type": "function", "function": {"name": "send", "parameters": {"type": "object", "required": ["to"]}}}


def marks() -> Iterator[bytes]:
    """Every form in which a store could hold the secret in the clear, an 8-character prefix included."""
    for value in (SECRET, CARD, CARD.replace(" ", "")):
        yield value.encode()
    yield SECRET[:12].encode()
    yield SECRET.encode().hex().encode()


def clean(what: bytes, where: str) -> None:
    for mark in marks():
        assert mark not in what, f"{where} holds {mark!r}"


def files_are_clean(folder: Path) -> None:
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert any(each.name == "book.sqlite" for each in files)
    for file in files:
        clean(file.read_bytes(), str(file))


@asynccontextmanager
async def admin(gate: Live) -> AsyncIterator[httpx.AsyncClient]:
    _, token = await gate.app.registry.create_key("test", "house", name="ops", profile="default", role="admin")
    async with httpx.AsyncClient(base_url=gate.url, headers={"authorization": f"Bearer {token}"}) as client:
        yield client


async def every_path(gate: Live, seen: list[Any] | None = None) -> list[httpx.Response]:
    """Send the secret through calls that end in every way; return the answers that were no answer of the model."""
    history = [
        {"role": "system", "content": SAID},
        {"role": "user", "content": [{"type": "text", "text": SAID}]},
        {
            "role": "assistant",
            "content": SAID,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "send", "arguments": json.dumps({"to": SAID})}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps({"body": SAID})},
    ]
    run = {"x-run-id": f"run {SECRET}", "x-session-id": f"session {SECRET}", "x-tollhouse-subject": SECRET}
    post = gate.http.post
    refused: list[httpx.Response] = []
    for stream in (False, True):
        went = await post("/v1/chat/completions", json=chat(SAID, stream=stream), headers=run)
        assert went.status_code == 200, went.text  # else nothing below would prove anything
        await post(
            "/v1/chat/completions",
            json={"model": "m", "messages": history, "tools": [TOOL], "stream": stream, "user": SECRET},
            headers=run,
        )
        gate.upstream.play(Script(rules=(Rule((Reply(tool_calls=(ToolCall("send", {"wrong": SAID}),)),)),)))
        refused.append(await post("/v1/chat/completions", json=chat(SAID, stream=stream, tools=[TOOL])))
        gate.upstream.play(Script(rules=(Rule((Reply(text=f"leaked {SECRET}", event_chars=3),)),)))
        refused.append(await post("/v1/chat/completions", json=chat(SAID, stream=stream)))
        (seen if seen is not None else []).extend(gate.upstream.seen)
        gate.upstream.clear()
        gate.upstream.play(Script())
        for fault in (
            Fault("status", status=500, body=json.dumps({"error": {"message": SAID}}), times=8),
            Fault("status", status=400, body=json.dumps({"error": {"message": SAID}}), times=1),
            Fault("broken_json", times=8),
            Fault("reset", times=8),
        ):
            gate.upstream.fault(fault)
            refused.append(await post("/v1/chat/completions", json=chat(SAID, stream=stream)))
            (seen if seen is not None else []).extend(gate.upstream.seen)
            gate.upstream.clear()
    refused.append(await post("/v1/chat/completions", json={**chat(SAID), "model": f"no {SECRET}"}))
    refused.append(await post("/v1/chat/completions", content=f'{{"model": "m", "messages": "{SAID}'.encode()))
    refused.append(await post("/v1/chat/completions", json=chat(SAID, n=SECRET)))
    # A path that is not served is said back to whoever asked for it, and to nobody else.
    assert (await post(f"/v1/nothing/{SECRET}", json={})).status_code == 404
    wrong = {"authorization": f"Bearer {SECRET}"}
    refused.append(await post("/v1/chat/completions", json=chat(SAID), headers=wrong))
    return refused


@pytest.mark.parametrize("payloads", ["off", "full"])
async def test_a_secret_sent_through_every_path_is_nowhere_in_the_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], payloads: str
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "openai"):  # the client's own loggers tell what the client said
        logging.getLogger(name).setLevel(logging.CRITICAL)
    profiles = [{"name": "default", "guards": {"payloads": payloads}}]
    async with live(tmp_path, profiles=profiles, up=PATIENT) as gate:
        answers = await every_path(gate)
        for answer in answers:
            clean(answer.content, f"the answer {answer.status_code}")
            clean(json.dumps(dict(answer.headers)).encode(), "a header")
        for record in gate.records():
            clean(json.dumps(record).encode(), "a record")
        async with admin(gate) as client:
            for path in ("/metrics", "/admin/tenants", "/admin/keys", "/admin/runs?all=true", "/readyz", "/livez"):
                clean((await client.get(path)).content, path)
            tried = await client.post("/admin/guards/try", json={"text": SAID, "profile": "default"})
            clean(tried.content, "the trial")
            spelt = await client.post("/admin/guards/try", json={"text": SAID, "profile": SECRET})
            clean(spelt.content.replace(SECRET.encode(), b""), "a refused trial")
    assert len(answers) > 10
    files_are_clean(tmp_path)
    clean("\n".join(record.getMessage() for record in caplog.records).encode(), "a log line")
    clean("\n".join(str(record.exc_info) + str(record.exc_text) for record in caplog.records).encode(), "a traceback")
    out, err = capfd.readouterr()
    clean((out + err).encode(), "the console")


async def test_what_reaches_the_provider_holds_no_secret_either(tmp_path: Path) -> None:
    async with live(tmp_path, up=PATIENT) as gate:
        every: list[Any] = []
        await every_path(gate, every)
        assert len(every) > 10
        for seen in every:
            clean(seen.body, "a request to the provider")
            clean(json.dumps(seen.headers).encode(), "a header to the provider")


async def test_an_official_client_that_prints_its_error_prints_no_secret(tmp_path: Path) -> None:
    async with live(tmp_path, profiles=[{"name": "default", "guards": {"request": {"secret": "block"}}}]) as gate:
        async with gate.client() as client:
            with pytest.raises(openai.BadRequestError) as refused:
                await client.chat.completions.create(**chat(SAID))
        clean(str(refused.value).encode(), "the error")
        assert refused.value.code == "content_blocked"
        body: Any = refused.value.body
        assert body["param"].startswith("/messages/0")
