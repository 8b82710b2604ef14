"""Options that several commands share, and the way a cap is written on a command line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
from pydantic import ValidationError

from ..config.tenants import CapSettings, Per

_F = TypeVar("_F", bound=Callable[..., Any])
_CAP = re.compile(r"(usd|tokens|input_tokens|output_tokens|concurrency)=([0-9.]{1,20})(?:/(\w+?))?(/soft)?")


class CapType(click.ParamType[dict[str, Any]]):
    """`usd=100/month`, `tokens=1000000/day/soft`, `concurrency=5`."""

    name = "usd=AMOUNT/PER|tokens=NUMBER/PER|…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """Return the cap in the form that the admin API takes."""
        match = _CAP.fullmatch(str(value))
        if match is None:
            self.fail(f"write usd=100/month or tokens=1000000/day; PER is {', '.join(get_args(Per))}", param, ctx)
        name, number, per, soft = match.groups()
        try:
            given = {name: number if name == "usd" else int(number), "per": per, "soft": bool(soft)}
            return CapSettings.model_validate(given).model_dump(mode="json")
        except ValidationError as error:
            self.fail("; ".join(each["msg"] for each in error.errors()), param, ctx)
        except ValueError:
            self.fail(f"{number} is no whole number", param, ctx)


CAP = CapType()


def config_option(command: _F) -> _F:
    """Add `--config`."""
    return click.option(
        "-c",
        "--config",
        "config_path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("tollhouse.yaml"),
        show_default=True,
        envvar="TOLLHOUSE_CONFIG",
        help="The configuration file.",
    )(command)


def json_option(command: _F) -> _F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)
