import asyncio
import time
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agents.scripted import Fault, Reply, Script, ToolCall
from gateway.spans import ATTRIBUTES, EVENTS
from tests.gateway.collector import collecting, said
from tests.gateway.live import chat, live
from tests.gateway.tools.shop import shop

CANARY = "canary-4f1d9a@example.com"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SERVER = "POST /v1/chat/completions"

pytestmark = pytest.mark.anyio


async def test_a_sampled_call_is_one_server_span_with_a_client_span_for_its_attempt(tmp_path: Path) -> None:
    began = time.time_ns()
    async with collecting() as collector:
        async with live(tmp_path, traces={"endpoint": collector.url, "sample_ratio": 1}) as gate:
            numbers = {"temperature": 0.2, "top_p": 1, "seed": 7, "presence_penalty": "high"}
            body = chat("{}", stream=True, max_tokens=50, response_format={"type": "json_object"}, **numbers)
            reply = await gate.http.post("/v1/chat/completions", json=body, headers={"x-session-id": "mine"})
            (entry,) = gate.upstream.bill.entries
        server, client = collector.named(SERVER), collector.named("chat gpt-4o-mini")
    assert (server.kind, client.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT)
    assert client.parent_span_id == server.span_id
    assert client.trace_id == server.trace_id
    assert began <= server.start_time_unix_nano <= client.start_time_unix_nano < client.end_time_unix_nano
    assert client.end_time_unix_nano <= server.end_time_unix_nano <= time.time_ns()
    told = said(client.attributes)
    assert told.pop("gen_ai.response.time_to_first_chunk") > 0
    assert told.pop("server.port") > 0
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "up",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.top_p": 1,
        "gen_ai.request.seed": 7,
        "gen_ai.output.type": "json",
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": entry.prompt_tokens,
        "gen_ai.usage.output_tokens": entry.completion_tokens,
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
        "tollhouse.attempt": 1,
        "tollhouse.nano_usd": 1_000 * entry.prompt_tokens + 2_000 * entry.completion_tokens,
    }
    told = said(server.attributes)
    assert told["tollhouse.call"] == reply.headers["x-tollhouse-call-id"]
    assert (told["tollhouse.tenant"], told["tollhouse.model"]) == ("acme", "m")
    assert told["gen_ai.conversation.id"] != "mine"
    assert not server.events


async def test_an_unsampled_call_makes_no_span_but_findings_refusals_and_failures_always_do(tmp_path: Path) -> None:
    broken = Script(steps=(Reply(text="a"), Reply(text="b"), Reply(fault=Fault("status", status=500))))
    retries = {"retries": {"attempts_max": 1}, "stored_answer": None}
    async with collecting() as collector:
        async with live(tmp_path, script=broken, model=retries, traces={"endpoint": collector.url}) as gate:
            bodies = [*map(chat, ("hello", f"mail {CANARY}", "broken")), chat("x", model="unknown")]
            calls = [await gate.http.post("/v1/chat/completions", json=body) for body in bodies]
            await gate.http.post("/v1/chat/completions", json=chat("x"), headers={"authorization": "Bearer no"})
        servers = {said(span.attributes)["tollhouse.call"]: span for span in collector.spans() if span.name == SERVER}
    plain, found, failed, refused = (call.headers["x-tollhouse-call-id"] for call in calls)
    assert servers.keys() == {found, failed, refused}
    assert plain not in servers
    (event,) = [event for event in servers[found].events if event.name == "tollhouse.finding"]
    assert said(event.attributes)["tollhouse.kind"] == "email"
    attempts = [span for span in collector.spans() if span.parent_span_id == servers[found].span_id]
    assert [span.name for span in attempts] == ["chat gpt-4o-mini"]
    assert event.time_unix_nano < attempts[0].start_time_unix_nano, "a redaction is told as it happens"
    assert servers[failed].status.code == Status.STATUS_CODE_ERROR
    assert said(servers[failed].attributes)["error.type"] == "upstream_error"
    assert [event.name for event in servers[refused].events] == ["tollhouse.refusal"]
    assert said(servers[refused].events[0].attributes) == {"tollhouse.code": "model_not_found"}
    assert servers[refused].status.code == Status.STATUS_CODE_UNSET


async def test_what_is_looked_at_has_a_span_with_its_own_method(tmp_path: Path) -> None:
    async with collecting() as collector:
        async with live(tmp_path, up={"kind": "openai"}, traces={"endpoint": collector.url, "sample_ratio": 1}) as gate:
            made = (await gate.http.post("/v1/responses", json={"model": "m", "input": "x"})).json()
            await gate.http.delete(f"/v1/responses/{made['id']}")
        spans = {span.name: said(span.attributes) for span in collector.spans()}
    assert spans["DELETE /v1/responses/{id}"]["http.request.method"] == "DELETE"
    assert "retrieve gpt-4o-mini" in spans
    assert made["id"] not in str(spans)


async def test_the_clients_trace_goes_through_to_the_upstream(tmp_path: Path) -> None:
    async with collecting() as collector:
        traces = {"endpoint": collector.url, "pass_to": ["up"]}
        async with live(tmp_path, traces=traces) as gate:
            headers = {"traceparent": PARENT, "tracestate": "a=1"}
            await gate.http.post("/v1/chat/completions", json=chat("hello"), headers=headers)
            (seen,) = gate.upstream.seen
        server, client = collector.named(SERVER), collector.named("chat gpt-4o-mini")
    assert server.trace_id.hex() == client.trace_id.hex() == PARENT[3:35]
    assert server.parent_span_id.hex() == PARENT[36:52]
    assert seen.headers["traceparent"] == f"00-{PARENT[3:35]}-{client.span_id.hex()}-01"
    assert seen.headers["tracestate"] == "a=1"


async def test_nothing_leaves_but_what_is_on_the_lists(tmp_path: Path) -> None:
    """The canary stands wherever a client can put it: text, member, header, query, id, tool, session."""
    script = Script(steps=(Reply(text=f"answer {CANARY}"),), models=("scripted",))
    async with collecting() as collector:
        traces = {"endpoint": collector.url, "sample_ratio": 1, "header": "x-token", "credential": "file/token"}
        (tmp_path / "token").write_text("the-collectors-own")
        async with live(tmp_path, script=script, traces=traces) as gate:
            headers = {
                **dict.fromkeys(("x-session-id", "x-run-id", "user-agent", "idempotency-key", "baggage"), CANARY),
                "traceparent": PARENT,
                "tracestate": "canary-4f1d9a=1",
            }
            body = chat(f"mail {CANARY}", user=CANARY, metadata={CANARY: CANARY})
            await gate.http.post(f"/v1/chat/completions?q={CANARY}", json=body, headers=headers)
            await gate.http.post("/v1/chat/completions", json=chat("x", model=CANARY))
            await gate.http.post("/v1/chat/completions", json={"canary-4f1d9a": CANARY})
            await gate.http.get(f"/admin/runs/{CANARY}?q={CANARY}")
            secret = gate.token.rpartition("-")[2]
        spans = list(collector.spans())
        bodies = b"".join(collector.bodies)
        assert all(headers["x-token"] == "the-collectors-own" for headers in collector.headers)
    assert len(spans) == 5
    assert b"canary-4f1d9a" not in bodies
    assert secret.encode() not in bodies
    assert {pair.key for span in spans for pair in span.attributes} <= ATTRIBUTES
    assert {event.name for span in spans for event in span.events} <= EVENTS
    assert {pair.key for span in spans for event in span.events for pair in event.attributes} <= ATTRIBUTES


async def test_operators_requests_are_traced_by_their_route(tmp_path: Path) -> None:
    async with collecting() as collector:
        async with live(tmp_path, traces={"endpoint": collector.url}) as gate:
            await gate.http.get("/admin/runs/some-run", headers={"host": "canary.example"})
            await gate.http.get("/livez")
            await gate.http.get("/metrics")
        (span,) = collector.spans()
    assert span.name == "GET /admin/runs/{run_id}"
    told = said(span.attributes)
    assert told == {
        "http.request.method": "GET",
        "http.route": "/admin/runs/{run_id}",
        "http.response.status_code": 403,
    }


async def test_a_collector_that_is_away_or_never_answers_delays_no_call_and_no_stop_for_long(tmp_path: Path) -> None:
    async with collecting() as collector:
        collector.stuck = asyncio.Event()
        traces = {"endpoint": collector.url, "sample_ratio": 1, "timeout_s": 0.3}
        async with live(tmp_path, traces=traces) as gate:
            reply = await gate.http.post("/v1/chat/completions", json=chat("hello"))
            assert reply.status_code == 200
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 5
        collector.stuck.set()


async def test_a_tool_call_that_is_refused_in_an_answer_is_sampled_though_the_call_ends_well(tmp_path: Path) -> None:
    script = Script(steps=(Reply(tool_calls=(ToolCall("canary_tool", {"path": "canary"}),)),))
    tool = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}
    async with collecting() as collector:
        async with live(tmp_path, script=script, traces={"endpoint": collector.url}) as gate:
            reply = await gate.http.post("/v1/chat/completions", json=chat("go", tools=[tool]))
            assert reply.status_code == 200
        server = collector.named(SERVER)
        assert b"canary" not in b"".join(collector.bodies)
    assert "firewall:refused" in said(server.attributes)["tollhouse.decisions"]
    assert server.status.code == Status.STATUS_CODE_UNSET


async def test_each_attempt_of_a_call_has_its_span_and_its_own_outcome(tmp_path: Path) -> None:
    script = Script(steps=(Reply(fault=Fault("status", status=500)), Reply(text="at last")))
    retries = {"retries": {"attempts_max": 2, "base_s": 0.01}}
    async with collecting() as collector:
        traces = {"endpoint": collector.url, "sample_ratio": 1, "pass_to": ["up"]}
        async with live(tmp_path, script=script, model=retries, traces=traces) as gate:
            reply = await gate.http.post("/v1/chat/completions", json=chat("hello"))
            assert reply.status_code == 200
            passed = [seen.headers["traceparent"] for seen in gate.upstream.seen]
        attempts = [span for span in collector.spans() if span.kind == Span.SPAN_KIND_CLIENT]
    attempts.sort(key=lambda span: span.start_time_unix_nano)
    assert [span.span_id.hex() for span in attempts] == [header[36:52] for header in passed]
    assert [span.status.code for span in attempts] == [Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET]
    assert said(attempts[0].attributes)["error.type"] == "upstream_error"
    assert said(attempts[0].attributes)["http.response.status_code"] == 500
    assert "error.type" not in said(attempts[1].attributes)


async def test_a_tool_that_the_gateway_calls_has_a_span_of_its_own_and_gets_the_context(tmp_path: Path) -> None:
    async with collecting() as collector, shop() as tool:
        traces = {"endpoint": collector.url, "sample_ratio": 1, "pass_to": ["find"]}
        async with live(tmp_path, tools=[tool.settings("find")], traces=traces) as gate:
            body = {"arguments": {"q": "canary-shoes"}}
            reply = await gate.http.post("/v1/tools/find/call", json=body, headers={"x-run-id": "errand"})
            assert reply.status_code == 200
        span = collector.named("execute_tool find")
        assert b"canary" not in b"".join(collector.bodies)
    told = said(span.attributes)
    assert (told["gen_ai.operation.name"], told["gen_ai.tool.name"]) == ("execute_tool", "find")
    assert not [name for name in told if name.startswith("gen_ai.request")]
    assert tool.seen[0].headers["traceparent"][36:52] == span.span_id.hex()
