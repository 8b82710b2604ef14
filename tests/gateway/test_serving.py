"""The process that serves: refused where several would each count money by themselves."""

from pathlib import Path

from tests.gateway.cli.commands import Commands


def test_several_workers_with_nothing_to_share_are_refused(tmp_path: Path) -> None:
    said = Commands(tmp_path).run("serve", "--workers", "2", code=2)
    assert "configure `shared` (PostgreSQL and Redis)" in said.stderr
