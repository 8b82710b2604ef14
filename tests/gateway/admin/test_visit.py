"""Cookies of visits: sealed, for a while, worth nothing when altered."""

from pathlib import Path

import pytest
from starlette.requests import Request

from gateway.admin.visit import COOKIE, VISIT_S, Visits, end
from gateway.errors import InvalidApiKey
from tests.gateway.operator import Operator, opened, write_config

pytestmark = pytest.mark.anyio


def request(host: str = "127.0.0.1:4000", cookie: str = "") -> Request:
    headers = [(b"host", host.encode()), (b"cookie", cookie.encode())]
    return Request({"type": "http", "method": "GET", "scheme": "http", "path": "/ui", "headers": headers})


async def visits(operator: Operator, secret: bytes = b"s" * 32) -> tuple[Visits, str]:
    _, token = await operator.registry.create_key("t", "house", name="boss", role="approver")
    return Visits(operator.directory, operator.clock, secret), token


async def test_a_cookie_names_its_key_until_its_time_is_over(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        here, token = await visits(operator)
        cookie = here.begin(request(), token).partition(";")[0]
        assert token not in cookie
        visit = here.of(request(cookie=cookie))
        assert visit is not None
        assert visit.key.name == "boss"
        operator.clock.turn(VISIT_S)
        assert here.of(request(cookie=cookie)) is None


async def test_a_cookie_that_was_altered_or_sealed_elsewhere_is_none(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        here, token = await visits(operator)
        other, _ = await visits(operator, b"o" * 32)
        cookie = here.begin(request(), token).partition(";")[0]
        said, _, seal = cookie.rpartition(".")
        for altered in (f"{said[:-1]}9.{seal}", f"{said}.{'0' * 64}", f"{COOKIE}=", f"{COOKIE}=é.1.x", "a[]=1", ""):
            assert here.of(request(cookie=altered)) is None
        assert other.of(request(cookie=cookie)) is None
        with pytest.raises(InvalidApiKey):
            here.begin(request(), "sk-th-nobody")


async def test_a_cookie_needs_tls_but_on_this_machine(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        here, token = await visits(operator)
        assert "Secure" not in here.begin(request(), token)
        away = here.begin(request("house.example"), token)
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/ui"} <= set(away.split("; "))
        assert "Max-Age=0" in end(request())
