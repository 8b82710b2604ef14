import io

from gateway.demo.cap import cap
from gateway.demo.screen import Screen
from gateway.demo.site import Site


def test_the_cap_holds_against_many_calls_at_once(site: Site, screen: Screen, out: io.StringIO) -> None:
    cap(site, screen)
    assert (screen.claims, screen.broken) == (3, 0), out.getvalue()
