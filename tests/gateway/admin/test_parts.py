"""Parts: without a say to the contrary the gateway is ready and nothing is amiss."""

from pathlib import Path

from tests.gateway.operator import opened, write_config


def test_nothing_is_amiss_unless_somebody_says_so(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        parts = operator.parts()
        assert parts.unready() == parts.warnings() == []
