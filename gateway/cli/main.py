"""The command itself: its groups, and how an error becomes a sentence and an exit code (0 done, 1 refused, 2 wrong)."""

import importlib
from typing import Any

import click

from audit.errors import BookError

from ..config import ConfigError
from ..house import HouseError
from ..restore import LedgerUnreadable
from ..state.load import StateUnreadable

EXPECTED = (BookError, ConfigError, HouseError, LedgerUnreadable, StateUnreadable, OSError)


_COMMANDS = (
    *("agent", "approvals", "audit", "breakers", "charges", "check", "demo", "exec", "guard", "import-litellm", "init"),
    *("keys", "prices", "runs", "serve", "tenants", "tools", "usage", "witness"),
)


class Tollhouse(click.Group):
    """Loads a command's file when it is asked for; tells expected errors as sentences, without a traceback.

    The commands together know everything that there is here: a gateway that is served needs a half of it.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's file, which is called as the command; `exec_` is Python's word."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f".{name}", __package__)
        command: click.Command = getattr(module, f"{name}_" if name == "exec" else name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what is expected to go wrong ends with exit code 1."""
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Tollhouse, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tollhouse")
def main() -> None:
    """Tollhouse: an LLM API gateway that caps, checks and books every call.

    \b
    Start here:  tollhouse init && tollhouse serve
    Exit codes:  0 done, 1 refused or failed, 2 wrong usage
    """  # noqa: D301 - click's own mark for lines that are not to be wrapped
