import io

from gateway.demo.masking import masking
from gateway.demo.screen import Screen
from gateway.demo.site import Site


def test_values_leave_as_placeholders_and_come_back(site: Site, screen: Screen, out: io.StringIO) -> None:
    masking(site, screen)
    assert (screen.claims, screen.broken) == (3, 0), out.getvalue()
    upstream = next(line for line in out.getvalue().splitlines() if "provider got" in line)
    assert "jane.doe" not in upstream
