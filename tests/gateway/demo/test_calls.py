import io

from gateway.demo.calls import calls
from gateway.demo.screen import Screen
from gateway.demo.site import Site


def test_a_call_and_a_stream_have_the_answer_and_its_price(site: Site, screen: Screen, out: io.StringIO) -> None:
    calls(site, screen)
    assert (screen.claims, screen.broken) == (4, 0), out.getvalue()
