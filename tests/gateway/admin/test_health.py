"""Health: alive as long as it answers; ready only if calls are taken; warnings without sentences."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import Counter
from starlette.types import ASGIApp

from gateway.admin import Front
from gateway.admin.app import build
from gateway.admin.parts import Parts
from tests.gateway.operator import asking, opened, write_config


@pytest.fixture(params=[Front, build], ids=["the front", "the framework behind it"])
def made(request: pytest.FixtureRequest) -> Callable[[Parts], ASGIApp]:
    made: Callable[[Parts], ASGIApp] = request.param
    return made


async def test_ready_says_why_not_and_names_only_the_places_of_warnings(
    tmp_path: Path, made: Callable[[Parts], ASGIApp]
) -> None:
    with opened(write_config(tmp_path)) as operator:
        reasons = ["the book cannot be written: disk full"]
        parts = replace(operator.parts(), unready=lambda: reasons, warnings=lambda: ["master_key: /secret/path"])
        async with asking(made(parts), None) as client:
            for path in ("/readyz", "/health", "/health/readiness"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["status"]) == (503, "unready")
                assert answer.json()["reasons"] == reasons
                assert answer.json()["warnings"] == ["master_key"]
            for path in ("/livez", "/health/liveliness"):
                assert (await client.get(path)).json()["status"] == "ok"
            reasons.clear()
            assert (await client.get("/readyz")).status_code == 200


async def test_metrics_are_those_of_the_registry_that_was_passed_in(
    tmp_path: Path, made: Callable[[Parts], ASGIApp]
) -> None:
    with opened(write_config(tmp_path)) as operator:
        parts = operator.parts()
        Counter("tollhouse_things", "Things", registry=parts.metrics).inc(3)
        async with asking(made(parts), None) as client:
            assert "tollhouse_things_total 3.0" in (await client.get("/metrics")).text
