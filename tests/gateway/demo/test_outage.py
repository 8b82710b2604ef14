import io

from gateway.demo.outage import outage
from gateway.demo.screen import Screen
from gateway.demo.site import Site


def test_an_outage_goes_from_retries_over_the_breaker_to_stored_answers_and_back(
    site: Site, screen: Screen, out: io.StringIO
) -> None:
    outage(site, screen)
    assert (screen.claims, screen.broken) == (5, 0), out.getvalue()
