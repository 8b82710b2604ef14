"""The command: its help is in the docs as it is, and expected errors are sentences."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click
from click.testing import CliRunner

from gateway.cli import main
from tests.tree.source import ROOT

PAGE = ROOT / "docs" / "commands.md"


def commands(command: click.Command, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield names
    if isinstance(command, click.Group):
        nothing = click.Context(command)
        for name in sorted(command.list_commands(nothing)):
            found = command.get_command(nothing, name)
            assert found is not None
            yield from commands(found, (*names, name))


def help_of(names: tuple[str, ...]) -> str:
    result = CliRunner().invoke(main, [*names, "--help"], prog_name="tollhouse", terminal_width=100)
    assert result.exit_code == 0
    return result.output.rstrip()


def test_the_docs_have_every_commands_help_as_it_is() -> None:
    page = "# Commands\n\nWhat `tollhouse COMMAND --help` says. A test keeps this page equal to the program.\n"
    for names in commands(main, ()):
        page += f"\n## tollhouse {' '.join(names)}".rstrip() + f"\n\n```text\n{help_of(names)}\n```\n"
    if "TOLLHOUSE_WRITE_DOCS" in os.environ:
        PAGE.write_text(page)
    assert PAGE.read_text() == page, "TOLLHOUSE_WRITE_DOCS=1 pytest tests/gateway/cli/test_main.py writes it"


def test_every_command_says_what_it_does() -> None:
    for names in commands(main, ()):
        assert len(help_of(names).splitlines()) > 4, names


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(main, ["--version"], prog_name="tollhouse")
    assert result.output.startswith("tollhouse, version ")


def test_an_unknown_command_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["owner"], prog_name="tollhouse")
    assert result.exit_code == 2
    assert "No such command 'owner'" in result.output


def test_serving_loads_no_other_command() -> None:
    program = "import sys; from gateway.cli import main; main(['serve', '--help'], standalone_mode=False); "
    told = "print(*(name for name in sys.modules if name.startswith('gateway.cli.')))"
    told_names = subprocess.run([sys.executable, "-c", program + told], check=True, capture_output=True, text=True)
    assert set(told_names.stdout.splitlines()[-1].split()) == {
        "gateway.cli.main",
        "gateway.cli.serve",
        "gateway.cli.options",
    }
