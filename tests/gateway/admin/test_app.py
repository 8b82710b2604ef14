"""The application: errors in OpenAI's form, spans without secrets, only health where only health is wanted."""

from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.admin import app as application
from gateway.admin.app import build
from gateway.errors import UpstreamRateLimited
from tests.gateway.operator import administrating, asking, opened, write_config


@pytest.mark.parametrize(
    ("request_line", "body", "status", "words"),
    [
        ("GET /nothing", None, 404, "nothing at this path"),
        ("DELETE /admin/tenants", None, 403, "DELETE is not done"),
        ("POST /admin/tenants", "{", 400, "JSON decode error"),
        ("POST /admin/tenants", "\xff", 400, "body"),
        ("POST /admin/tenants", '{"id": "A"}', 400, "body.id: String should match pattern"),
        ("POST /admin/tenants", '{"id": "a", "cap": 1}', 400, "body.cap: Extra inputs"),
        ("POST /admin/tenants", '{"id": "a", "caps": [{"per": "day"}]}', 400, "a cap names one of usd, tokens"),
        ("GET /admin/runs?limit=0", None, 400, "query.limit"),
    ],
)
async def test_what_is_wrong_is_told_in_openais_form(
    tmp_path: Path, request_line: str, body: str | None, status: int, words: str
) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            headers = {"content-type": "application/json"} if body else {}
            content = body.encode("latin-1") if body else None
            answer = await client.request(*request_line.split(), content=content, headers=headers)
            error = answer.json()["error"]
            assert answer.status_code == status
            assert words in error["message"]
            assert set(error) >= {"message", "type", "param", "code"}


async def test_a_refused_value_is_not_quoted(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            secret = "sk-live-000111222"
            answers = [
                await client.post(
                    "/admin/keys", json={"tenant": secret + " ", "name": secret + " ", "expires": secret}
                ),
                await client.post("/admin/tenants", json={"id": "a", "time_zone": 1, secret: 1, "caps": secret}),
            ]
            assert all(
                secret not in str(answer.json()["error"]["message"]).replace(f"body.{secret}", "") for answer in answers
            )


async def test_errors_that_are_none_of_ours_are_raised_on() -> None:
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
    for told in (application._ended, application._malformed, application._no_route):
        with pytest.raises(KeyError):
            await told(request, KeyError("x"))
    late = HTTPException(400, "x")
    late.__cause__ = TimeoutError()
    assert b"in time" in (await application._no_route(request, late)).body
    retry = await application._ended(request, UpstreamRateLimited("later", retry_after_s=2.4))
    assert retry.headers["retry-after"] == "2"
    assert "x-should-retry" not in retry.headers


async def test_a_span_tells_route_and_status_and_no_key(tmp_path: Path) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with opened(write_config(tmp_path)) as operator:
        parts = operator.parts()
        traced = type(parts)(
            **{name: getattr(parts, name) for name in parts.__slots__ if name != "tracer_provider"},
            tracer_provider=provider,
        )
        async with asking(build(traced), operator.house.admin_token) as client:
            await client.get("/admin/tenants/acme")
            await client.get("/livez")
        spans = exporter.get_finished_spans()
        assert [span.name for span in spans] == ["GET /admin/tenants/{tenant_id}"]
        assert (operator.house.admin_token or "-") not in spans[0].to_json()
    provider.shutdown()
