import io

from gateway.demo.run import run
from gateway.demo.screen import Screen
from gateway.demo.site import Site


def test_the_run_is_stopped_after_planning_and_acting(site: Site, screen: Screen, out: io.StringIO) -> None:
    run(site, screen)
    assert (screen.claims, screen.broken) == (3, 0), out.getvalue()
    assert "plan " in out.getvalue()
    assert "output lowered to" in out.getvalue()
