"""20,000 requests here; a million by `TOLLHOUSE_CROSS_TALK=1000000`, or from the command line of `cross_talk`."""

import os

import pytest

from tests.gateway.upstream.cross_talk import run

pytestmark = pytest.mark.anyio
REQUESTS = int(os.environ.get("TOLLHOUSE_CROSS_TALK", "20000"))


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: production runs on uvloop, whose sockets and errors differ."""
    return "asyncio", {"use_uvloop": request.param}


async def test_no_reply_reaches_another_caller_whatever_providers_and_callers_do() -> None:
    ended = await run(REQUESTS // 2)
    assert ended.total() == REQUESTS // 2
    assert ended["read"] > REQUESTS // 4
    assert {"cancelled", "aborted", "cut", "reset", "first_byte_timeout"} <= set(ended)
