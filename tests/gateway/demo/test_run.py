import dataclasses
import io
from typing import Any

from gateway.demo.run import run
from gateway.demo.screen import Screen
from gateway.demo.site import Site


def test_the_run_is_stopped_after_planning_and_acting(site: Site, screen: Screen, out: io.StringIO) -> None:
    run(site, screen)
    assert (screen.claims, screen.broken) == (3, 0), out.getvalue()
    assert "plan " in out.getvalue()
    assert "output lowered to" in out.getvalue()


class Runless(Site):
    """A site whose agent forgets to use its run's key."""

    def open_run(self, key: str) -> dict[str, Any]:
        return {**super().open_run(key), "key": key}


def test_an_agent_outside_its_run_is_not_stopped_and_that_shows(site: Site, screen: Screen, out: io.StringIO) -> None:
    fields = {each.name: getattr(site, each.name) for each in dataclasses.fields(site)}
    run(Runless(**fields), screen, tenant="runless")
    assert "✗ the run was stopped" in out.getvalue()
