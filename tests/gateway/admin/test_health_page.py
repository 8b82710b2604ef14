"""The API's page shows the health routes, each once."""

from pathlib import Path

from gateway.admin.app import build
from tests.gateway.operator import opened, write_config


def test_each_health_route_is_shown_once_and_its_503_is_told(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        paths = build(operator.parts()).openapi()["paths"]
    assert {"/livez", "/readyz", "/metrics"} <= paths.keys()
    assert not {"/health", "/health/liveliness", "/health/readiness"} & paths.keys()
    assert "503" in paths["/readyz"]["get"]["responses"]
    assert "503" not in paths["/livez"]["get"]["responses"]
