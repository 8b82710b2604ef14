"""What goes out to tools and MCP servers alike."""

from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from gateway.config.tools import ConfiguredTool
from gateway.config.upstreams import BreakerSettings
from gateway.config.values import Reading
from gateway.tools.reaching import breaker_of, headers_of, price_of, time_left
from limits.clock import ManualClock
from tests.gateway.stages.exchange import call_for

pytestmark = pytest.mark.anyio


async def test_a_credential_is_a_bearer_or_stands_alone_in_a_header_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")
    known = {
        "name": "find",
        "kind": "http",
        "url": "https://a.example",
        "credential": "file/key",
        "headers": {"x": "y"},
    }
    for header, value in (("authorization", "Bearer k"), ("x-key", "k")):
        tool = ConfiguredTool.model_validate({**known, "credential_header": header}, context=Reading(tmp_path))
        told = headers_of(tool, ("accept", "*/*"))
        assert told == (("user-agent", "tollhouse"), ("accept", "*/*"), ("x", "y"), (header, value))


async def test_the_nearer_deadline_counts_and_something_is_always_left() -> None:
    call = call_for({"model": "m", "messages": [{"role": "user", "content": "x"}]})
    timeouts, told = time_left(call, 30)  # the call's own deadline has passed
    assert (timeouts.total_s, told) == (0.05, ("x-tollhouse-deadline-s", "0.050"))
    call.deadline_s = 1e12
    assert time_left(call, 30)[0].total_s == 30
    assert time_left(call, 30)[0].connect_s == 10


async def test_price_and_breaker_are_as_configured() -> None:
    assert price_of("find", Decimal("0.01")).cost is not None
    assert breaker_of("tool/find", BreakerSettings(), ManualClock(), Random(1)).state == "closed"
