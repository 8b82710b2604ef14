"""One running site for all acts, each of which has tenants of its own, and a screen that is read."""

import io
from collections.abc import Iterator

import pytest

from gateway.demo.screen import Screen
from gateway.demo.site import Site, open_site


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with open_site() as opened:
        yield opened


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def screen(out: io.StringIO) -> Screen:
    return Screen(out, colour=False)
