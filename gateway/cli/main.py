"""The command itself: its groups, and how an error becomes a sentence and an exit code (0 done, 1 refused, 2 wrong)."""

from collections.abc import Callable
from typing import Any

import click

from audit.errors import BookError

from ..config import ConfigError
from ..house import HouseError
from ..restore import LedgerUnreadable
from ..state.load import StateUnreadable
from .agent import agent
from .approvals import approvals
from .audit import audit
from .breakers import breakers
from .charges import charges
from .check import check
from .demo import demo
from .exec import exec_
from .guard import guard
from .import_litellm import import_litellm
from .init import init
from .keys import keys
from .prices import prices
from .runs import runs
from .serve import serve
from .tenants import tenants
from .tools import tools
from .usage import usage
from .witness import witness

EXPECTED = (BookError, ConfigError, HouseError, LedgerUnreadable, StateUnreadable, OSError)


class Sentences(click.Group):
    """A group that tells expected errors as sentences, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what is expected to go wrong ends with exit code 1."""
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tollhouse")
def main() -> None:
    """Tollhouse: an LLM API gateway that caps, checks and books every call.

    \b
    Start here:  tollhouse init && tollhouse serve
    Exit codes:  0 done, 1 refused or failed, 2 wrong usage
    """  # noqa: D301 - click's own mark for lines that are not to be wrapped


_ALL: tuple[Callable[..., Any], ...] = (
    init,
    demo,
    serve,
    check,
    tenants,
    keys,
    runs,
    charges,
    prices,
    usage,
    breakers,
    tools,
    approvals,
    audit,
    witness,
    guard,
    exec_,
    agent,
    import_litellm,
)
for _command in _ALL:
    if isinstance(_command, click.Command):
        main.add_command(_command)
