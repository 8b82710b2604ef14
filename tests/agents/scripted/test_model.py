import time

import httpx
import pytest

from agents.scripted import Fault, Latency, Reply, Rule, Script, ScriptedServer

pytestmark = pytest.mark.anyio


async def say(client: httpx.AsyncClient, server: ScriptedServer, text: str, **more: object) -> str:
    messages = more.pop("messages", [{"role": "user", "content": text}])
    body = {"model": "m", "messages": messages, **more}
    reply = await client.post(f"{server.url}/v1/chat/completions", json=body)
    return str(reply.json()["choices"][0]["message"]["content"]) if reply.status_code == 200 else str(reply.status_code)


async def test_steps_come_first_then_rules_then_the_echo() -> None:
    rules = (Rule((Reply("once"),), match="rain", times=1), Rule((Reply("always"),), match="rain|sun"))
    async with ScriptedServer(Script(steps=(Reply("one"), Reply("two")), rules=rules)) as server:
        async with httpx.AsyncClient() as client:
            got = [await say(client, server, text) for text in ("rain", "x", "rain", "rain", "sun", "fog")]
        assert got == ["one", "two", "once", "always", "always", "fog"]


async def test_a_conversations_turn_picks_the_reply_so_concurrent_ones_do_not_disturb_each_other() -> None:
    script = Script(rules=(Rule((Reply("first"), Reply("second"))),))
    async with ScriptedServer(script) as server, httpx.AsyncClient() as client:
        user, said = {"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}
        turns = [[user], [user, said, user], [user], [user, said, user, said, user]]
        got = [await say(client, server, "", messages=messages) for messages in turns]
        assert got == ["first", "second", "first", "second"]


async def test_rules_may_ask_for_role_and_model() -> None:
    rules = (Rule((Reply("tool"),), role="tool"), Rule((Reply("big"),), model="big"))
    async with ScriptedServer(Script(rules=rules)) as server, httpx.AsyncClient() as client:
        assert await say(client, server, "x") == "x"
        assert await say(client, server, "x", model="big") == "big"
        assert await say(client, server, "", messages=[{"role": "tool", "content": "42"}]) == "tool"


async def test_the_models_name_chooses_a_rule_a_fault_or_a_status() -> None:
    script = Script(rules=(Rule((Reply("joke"),), name="joke", match="never matches"),))
    async with ScriptedServer(script) as server, httpx.AsyncClient() as client:
        assert await say(client, server, "x", model="scripted:joke") == "joke"
        assert await say(client, server, "x", model="openai/scripted:status-503") == "503"
        assert await say(client, server, "x", model="scripted:unheard-of") == "x"
        with pytest.raises(httpx.RemoteProtocolError):
            await say(client, server, "x", model="scripted:lose_reply")


async def test_faults_apply_in_order_each_for_its_times_and_to_its_model() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        server.fault("status", status=500, times=2)
        server.fault(Fault("status", status=429, model="big"))
        got = [await say(client, server, "x") for _ in range(3)]
        assert got == ["500", "500", "x"]
        assert await say(client, server, "x", model="big") == "429"
        server.clear()
        assert await say(client, server, "x", model="big") == "x"


async def test_the_same_seed_gives_the_same_times_and_the_median_is_what_was_asked_for() -> None:
    script = Script(latency=Latency(first_token_s_median=0.02, tokens_per_s_median=1_000), seed=3)
    spent = []
    for _ in range(2):
        async with ScriptedServer(script) as server, httpx.AsyncClient() as client:
            await say(client, server, "warm")
            began = time.monotonic()
            for _ in range(5):
                await say(client, server, "hello")
            spent.append((time.monotonic() - began) / 5)
    assert all(0.008 < seconds < 0.2 for seconds in spent)


async def test_what_was_seen_is_kept_in_bounds() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        for number in range(3):
            await say(client, server, f"number {number}")
        assert [b"number %d" % number in seen.body for number, seen in enumerate(server.seen)] == [True] * 3
        seen = (await client.get(f"{server.url}/seen")).json()
        assert seen[2]["body"]["messages"][0]["content"] == "number 2"
        for _ in range(1_100):
            server.model._see(server.seen[0])  # type: ignore[arg-type]
        assert len(server.seen) == 1_000


async def test_a_request_that_is_longer_than_the_context_is_refused_and_not_billed() -> None:
    async with ScriptedServer(Script(context_tokens=10)) as server, httpx.AsyncClient() as client:
        assert await say(client, server, "x" * 40) == "x" * 40
        assert await say(client, server, "x" * 41) == "400"
        assert server.bill.total.requests == 1
