"""What a provider keeps is its owner's alone: looked at in the clear, gone on from, deleted; 404 for everybody else."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from agents.scripted import Reply, Rule, ToolCall
from gateway.runs import INFERRED_S
from gateway.vendor_routes import ROUTES
from limits.clock import ManualClock
from tests.faults.exact import ends, script
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

UP = {"kind": "openai"}
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object"}}
MAIL = "bob@example.com"


async def ask(gate: Live, method: str, path: str, token: str | None = None, **parts: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return await gate.http.request(method, f"/v1{path}", headers=headers, **parts)


async def test_a_kept_response_is_seen_by_its_owner_in_the_clear_and_by_nobody_else(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate, gate.client() as client, gate.client(await gate.new_key()) as other:
        made = await client.responses.create(model="m", input=f"write to {MAIL}")
        assert MAIL not in gate.upstream.seen[-1].body.decode()
        seen = await client.responses.retrieve(made.id)
        assert seen.output_text == f"write to {MAIL}"
        items = await client.responses.input_items.list(made.id, limit=5)
        assert f"write to {MAIL}" in str(items.data[0].model_dump())
        assert MAIL not in str(gate.upstream.model.kept._responses)
        sent = len(gate.upstream.seen)
        for wish in (other.responses.retrieve, other.responses.delete, other.responses.cancel):
            with pytest.raises(openai.NotFoundError) as caught:
                await wish(made.id)
            assert caught.value.code == "not_found"
        with pytest.raises(openai.NotFoundError):
            await other.responses.input_items.list(made.id)
        assert len(gate.upstream.seen) == sent, "the provider was not asked"
        with pytest.raises(openai.BadRequestError, match="background=true"):
            await client.responses.cancel(made.id)
        gone = await client.responses.create(model="m", input="x")
        gate.upstream.model.kept._responses.pop(gone.id)
        with pytest.raises(openai.NotFoundError, match="not found"):
            await client.responses.retrieve(gone.id)
        await client.responses.delete(made.id)
        for wish in (client.responses.retrieve, client.responses.delete):
            with pytest.raises(openai.NotFoundError):
                await wish(made.id)


async def test_looking_is_recorded_and_free_and_takes_no_step(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate:
        made = (await ask(gate, "POST", "/responses", json={"model": "m", "input": "hello"})).json()
        run = (await ask(gate, "POST", "/runs", json={})).json()
        before = len(gate.records())
        reply = await ask(gate, "GET", f"/responses/{made['id']}?include[]=reasoning", token=run["key"])
        assert reply.status_code == 200
        assert reply.headers["x-tollhouse-cost-usd"] == "0.00"
        record = ends(gate)[-1]
        assert (record["route"], record["model"], record["billed"][0]["nano_usd"]) == ("/v1/responses/{id}", "m", 0)
        assert len(gate.records()) == before + 2, "an intent and an outcome"
        assert made["id"] not in str(gate.records())
        assert (await ask(gate, "GET", f"/runs/{run['id']}")).json()["used"]["steps"] == 0


@pytest.mark.parametrize(
    ("path", "parts", "why"),
    [
        ("?stream=true", {}, "stream"),
        ("?after=" + "x" * 3_000, {}, "2048"),
        ("", {"json": {"model": "m"}}, "no body"),
    ],
)
async def test_what_is_no_plain_look_is_400(tmp_path: Path, path: str, parts: dict[str, Any], why: str) -> None:
    async with live(tmp_path, up=UP) as gate:
        made = (await ask(gate, "POST", "/responses", json={"model": "m", "input": "hello"})).json()
        reply = await ask(gate, "GET", f"/responses/{made['id']}{path}", **parts)
        assert reply.status_code == 400
        assert why in reply.json()["error"]["message"]


async def test_a_tool_call_that_was_never_released_stays_hidden(tmp_path: Path) -> None:
    good, bad = ToolCall("look", {"who": MAIL}, id="call_good"), ToolCall("wreck", {}, id="call_bad")
    played = script(rules=(Rule((Reply("", tool_calls=(good,)),), match="look"), Rule((Reply("", tool_calls=(bad,)),))))
    async with live(tmp_path, script=played) as gate:  # of a server whose ids are weak
        body: dict[str, Any] = {"model": "m", "input": f"look for {MAIL}", "tools": [TOOL]}
        released = (await ask(gate, "POST", "/responses", json=body)).json()
        refused = (await ask(gate, "POST", "/responses", json={**body, "input": "other"})).json()
        assert [item["type"] for item in refused["output"]] == ["message"]
        seen = (await ask(gate, "GET", f"/responses/{released['id']}")).json()
        assert json.loads(seen["output"][0]["arguments"]) == {"who": MAIL}
        assert (await ask(gate, "GET", f"/responses/{refused['id']}")).json()["output"] == []
        assert "wreck" in str(gate.upstream.model.kept._responses), "the provider has it still"


async def test_a_conversation_is_its_owners_alone_and_hides_what_it_is_told(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate, gate.client() as client, gate.client(await gate.new_key()) as other:
        item: Any = {"type": "message", "role": "user", "content": f"I am {MAIL}"}
        another: Any = {**item, "content": "more"}
        begun = await client.conversations.create(items=[item], metadata={"who": MAIL})
        assert begun.metadata == {"who": MAIL}
        assert MAIL not in str(gate.upstream.model.kept._conversations)
        said = await client.responses.create(model="m", input=f"say {MAIL}", conversation=begun.id)
        assert said.output_text == f"say {MAIL}"
        listed = [each async for each in client.conversations.items.list(begun.id)]
        assert [each.type for each in listed] == ["message"] * 3
        assert f"I am {MAIL}" in str(listed[0].model_dump())
        more = await client.conversations.items.create(begun.id, items=[another])
        one = await client.conversations.items.retrieve(more.data[0].id or "", conversation_id=begun.id)
        assert one.type == "message"
        await client.conversations.items.delete(more.data[0].id or "", conversation_id=begun.id)
        await client.conversations.update(begun.id, metadata={"who": "nobody"})
        for wish in (
            other.conversations.retrieve(begun.id),
            other.conversations.delete(begun.id),
            other.conversations.items.create(begun.id, items=[item]),
            other.responses.create(model="m", input="x", conversation=begun.id),
            client.responses.create(model="m", input="x", conversation="conv_of_somebody"),
        ):
            with pytest.raises(openai.NotFoundError):
                await wish
        await client.conversations.delete(begun.id)
        with pytest.raises(openai.NotFoundError):
            await client.conversations.retrieve(begun.id)


async def shown(gate: Live, conversation: str) -> str:
    """Return what the conversation's items look like to the first key."""
    return (await ask(gate, "GET", f"/conversations/{conversation}/items")).text


async def test_a_conversation_is_seen_in_the_clear_whatever_runs_added_to_it_as_long_as_they_last(
    tmp_path: Path,
) -> None:
    async with live(tmp_path, up=UP) as gate:
        item = {"type": "message", "role": "user", "content": f"I am {MAIL}"}
        begun = (await ask(gate, "POST", "/conversations", json={"items": [item]})).json()["id"]
        runs = [(await ask(gate, "POST", "/runs", json={})).json() for _ in range(2)]
        for number, run in enumerate(runs):
            body = {"model": "m", "input": f"ask one{number}@example.com", "conversation": begun}
            assert (await ask(gate, "POST", "/responses", run["key"], json=body)).status_code == 200
        everything = await shown(gate, begun)
        assert all(mail in everything for mail in (MAIL, "one0@example.com", "one1@example.com"))
        assert "example.com" not in str(gate.upstream.model.kept._conversations)
        gate.app.vaults._shelf.drop_oldest()
    async with live(tmp_path, up=UP, again=True) as after:
        after.upstream.model.kept._conversations.update(gate.upstream.model.kept._conversations)
        after.http.headers["authorization"] = f"Bearer {gate.token}"
        assert await shown(after, begun) == everything, "also after a restart"


async def test_what_a_run_hid_in_a_conversation_stays_hidden_once_the_run_has_ended(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate:
        first, second = [(await ask(gate, "POST", "/runs", json={})).json() for _ in range(2)]
        begun = (await ask(gate, "POST", "/conversations", first["key"], json={})).json()["id"]
        body = {"model": "m", "input": f"ask {MAIL}", "conversation": begun}
        made = (await ask(gate, "POST", "/responses", first["key"], json=body)).json()
        assert MAIL in await shown(gate, begun)
        assert MAIL in (await ask(gate, "GET", f"/responses/{made['id']}")).text
        await ask(gate, "POST", f"/runs/{first['id']}/cancel")
        assert MAIL not in await shown(gate, begun)
        assert MAIL not in (await ask(gate, "GET", f"/responses/{made['id']}")).text
        again = {**body, "input": "ask two@example.com"}
        assert (await ask(gate, "POST", "/responses", second["key"], json=again)).status_code == 200
        assert "two@example.com" in await shown(gate, begun), "the conversation leads to the run that goes on with it"


async def test_what_nobody_declared_is_seen_in_the_clear_for_a_week(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live(tmp_path, up=UP, clock=clock) as gate:
        made = (await ask(gate, "POST", "/responses", json={"model": "m", "input": f"write to {MAIL}"})).json()
        clock.turn(INFERRED_S - 60)
        assert MAIL in (await ask(gate, "GET", f"/responses/{made['id']}")).text
        clock.turn(60)
        reply = await ask(gate, "GET", f"/responses/{made['id']}")
        assert reply.status_code == 200
        assert MAIL not in reply.text
        assert "EMAIL_" in reply.text


async def test_what_a_conversation_holds_weighs_in_every_later_hold(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate:
        long = [{"type": "message", "role": "user", "content": "word " * 200}]
        begun = (await ask(gate, "POST", "/conversations", json={"items": long})).json()["id"]
        body = {"model": "m", "input": "hello", "conversation": {"id": begun}}
        await ask(gate, "POST", "/responses", json={**body, "truncation": "auto"})
        await ask(gate, "POST", f"/conversations/{begun}/items", json={"items": long})
        await ask(gate, "POST", "/responses", json=body)
        await ask(gate, "POST", "/responses", json=body)
        holds = [each["hold"]["input_tokens"] for each in gate.records("intent") if each["route"] == "/v1/responses"]
        assert holds[0] > 1_000
        assert holds[1] > holds[0] + 1_000
        assert holds[2] < holds[1], "the provider's report says what the whole conversation weighs"
        assert len({record.get("run") for record in ends(gate) if record["route"] == "/v1/responses"}) == 1


async def test_one_call_at_a_time_adds_to_a_conversation(tmp_path: Path) -> None:
    played = script(rules=(Rule((Reply("slow", delay_s=0.3),)),))
    async with live(tmp_path, up=UP, script=played) as gate:
        begun = (await ask(gate, "POST", "/conversations", json={})).json()["id"]
        body = {"model": "m", "input": "hello", "conversation": begun}
        replies = await asyncio.gather(*(ask(gate, "POST", "/responses", json=body) for _ in range(2)))
        assert sorted(reply.status_code for reply in replies) == [200, 409]
        assert (await ask(gate, "POST", "/responses", json=body)).status_code == 200


async def test_a_conversation_begins_where_one_is_kept(tmp_path: Path) -> None:
    target = {"targets": [{"upstream": "up", "model": "gpt-4o-mini"}]}
    async with live(tmp_path, up={"kind": "anthropic"}) as gate:
        reply = await ask(gate, "POST", "/conversations", json={})
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")
    (tmp_path / "b").mkdir()
    price = {"input_usd_per_million": "1", "output_usd_per_million": "2"}
    models = [
        {"name": "a", "price": price, **target},
        {"name": "b", "price": price, "targets": [{"upstream": "two", "model": "x"}]},
    ]
    async with live(tmp_path / "b") as probe:
        url = probe.upstream.url
        upstreams = [
            {"name": name, "kind": "openai", "base_url": f"{url}/v1", "private_addresses": True}
            for name in ("up", "two")
        ]
        (tmp_path / "c").mkdir()
        async with live(tmp_path / "c", models=models, upstreams=upstreams) as gate:
            reply = await ask(gate, "POST", "/conversations", json={})
            assert "x-tollhouse-model" in reply.json()["error"]["message"]
            reply = await gate.http.post("/v1/conversations", json={}, headers={"x-tollhouse-model": "b"})
            assert reply.status_code == 200
            files = [{"type": "message", "role": "user", "content": [{"type": "input_file", "file_data": "x"}]}]
            reply = await gate.http.post(f"/v1/conversations/{reply.json()['id']}/items", json={"items": files})
            assert reply.json()["error"]["code"] == "unbounded_cost"


REFUSED = [(route.methods[-1], f"/v1{route.path.replace('**', 'x/y')}") for route in ROUTES if route.how == "refused"]


async def test_every_route_that_cannot_be_metered_is_refused_for_every_method(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate:
        for method, path in REFUSED:
            reply = await gate.http.request(method, path)
            assert reply.status_code == 400, (method, path)
            assert "unsupported_route" in reply.text
            assert "not served: " in reply.text, "it says why"
        assert not gate.upstream.seen
        assert len(gate.records("refusal")) == len(REFUSED)
