"""The kinds of values a setting can have, each of them bounded: secrets, money, sizes, limits, names.

A secret is never written in the file: it is named (`env/NAME`, `file/PATH`, `command/PROGRAM`; LiteLLM's
`os.environ/NAME` is understood) and shows itself masked everywhere. Money is a decimal string of dollars, at most nine
places, never a float in sums. `unlimited` is a word that must be spelt; in the tree it is None.
"""

import datetime as dt
import os
import re
import shlex
import subprocess
import zoneinfo
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import CoreSchema, core_schema

USD_MAX = 9_000_000
"""Below 2^53 nano-dollars, which JSON numbers hold exactly."""
SECRET_BYTES_MAX = 65_536
COMMAND_WAIT_S = 30
MASK = "********"
_SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZE = re.compile(r"(\d{1,12}) ?(B|KiB|MiB|GiB)")
_SECRET = re.compile(r"(env|file|command|os\.environ)/(.+)", re.DOTALL)


class Settings(BaseModel):
    """A frozen part of the configuration that refuses names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file is read with: its folder (for relative paths), the environment, whether secrets are read at once."""

    folder: Path
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    secrets: bool = True


class Secret:
    """A named secret; `reveal()` gives its text, everything else shows only where it comes from.

    A tree that was loaded without secrets (by a command that may not need them) reads one when it is revealed.
    """

    __slots__ = ("_reading", "_text", "source")

    def __init__(self, source: str, text: str | None = None, reading: Reading | None = None) -> None:
        self.source = source
        self._text = text
        self._reading = reading

    def reveal(self) -> str:
        """Return the secret's text. Raises ValueError, without the text, if it is not where it should be."""
        if self._text is None:
            self._text = _text_of(self.source, self._reading or Reading(Path.cwd()))
        return self._text

    def __repr__(self) -> str:
        return f"<{self.source} {MASK}>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.source == other.source

    def __hash__(self) -> int:
        return hash(self.source)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """Read from a string by `_read_secret`; write as the place it comes from."""
        return core_schema.with_info_plain_validator_function(
            _read_secret, serialization=core_schema.plain_serializer_function_ser_schema(lambda s: s.source)
        )


def _read_secret(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    match = _SECRET.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        # The value is not quoted: it may well be the secret itself.
        raise ValueError("name the secret's place as env/NAME, file/PATH or command/PROGRAM; it is not written here")
    reading = info.context if isinstance(info.context, Reading) else Reading(Path.cwd())
    secret = Secret(match.group(), reading=reading)
    if reading.secrets:
        secret.reveal()
    return secret


def _text_of(source: str, reading: Reading) -> str:
    place, _, name = source.partition("/")
    if place == "file":
        return _read_secret_file(reading.folder / name)
    if place == "command":
        return _ask_program(name)
    text = reading.environ.get(name, "")
    if not text:
        raise ValueError(f"the environment variable {name} is not set")
    return text


def _ask_program(command: str) -> str:
    try:
        words = shlex.split(command)
        done = subprocess.run(  # noqa: S603 - the operator's own configuration names the program
            words, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=COMMAND_WAIT_S, text=True
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # What the program printed is not told: it may be the secret.
        raise ValueError(f"the program {command.split()[:1]} gave no secret: {type(error).__name__}") from None
    text = done.stdout.strip()
    if not 0 < len(text) <= SECRET_BYTES_MAX:
        raise ValueError(f"the program {command.split()[:1]} must print 1 to {SECRET_BYTES_MAX} characters")
    return text


def _read_secret_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(SECRET_BYTES_MAX + 1)
        text = raw.decode().strip()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None
    if not text or len(raw) > SECRET_BYTES_MAX:
        raise ValueError(f"{path} must hold 1 to {SECRET_BYTES_MAX} bytes, it has {len(raw)}")
    return text


def _usd(value: object) -> Decimal:
    if isinstance(value, Decimal):
        amount = value
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            raise ValueError('write an amount in dollars, such as "0.50"') from None
    else:
        raise ValueError('write an amount in dollars, such as "0.50"')  # noqa: TRY004 - pydantic collects ValueErrors
    if not amount.is_finite() or amount != round(amount, 9):
        raise ValueError("an amount has at most nine decimal places (nano-dollars)")
    return amount


def _price(value: object) -> Decimal:
    price = _usd(value)
    if price != round(price, 6):
        raise ValueError("a price per million tokens has at most six decimal places")
    return price


def _spelt(value: object) -> object:
    if value is None:
        raise ValueError("write a number, or the word unlimited")
    return None if value == "unlimited" else value


def _size(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value)
    if match is None:
        raise ValueError('write bytes as a number, or with a unit: "64 KiB", "8 MiB", "1 GiB"')
    return int(match.group(1)) * _SIZES[match.group(2)]


def _show_size(value: int) -> str | int:
    for unit in ("GiB", "MiB", "KiB"):
        if value and value % _SIZES[unit] == 0:
            return f"{value // _SIZES[unit]} {unit}"
    return value


def _zone(value: object) -> object:
    if isinstance(value, str):
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone named {value!r}; write UTC or a name such as Europe/Berlin") from None
    return value


def _instant(value: object) -> object:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("write a date, such as 2027-01-01, or an instant, 2027-01-01T12:00:00Z") from None
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(), dt.UTC)
    raise ValueError("write a date, such as 2027-01-01, or an instant, 2027-01-01T12:00:00Z")


def _unlimited(value: Any) -> Any:
    return "unlimited" if value is None else value


def _unlimited_usd(value: Decimal | None) -> str:
    return "unlimited" if value is None else format(value, "f")


_Amount = Annotated[Decimal, Field(ge=0, le=USD_MAX)]
Usd = Annotated[_Amount, BeforeValidator(_usd), PlainSerializer(lambda d: format(d, "f"))]
Price = Annotated[_Amount, BeforeValidator(_price), PlainSerializer(lambda d: format(d, "f"))]
UsdLimit = Annotated[
    Annotated[_Amount, BeforeValidator(_usd)] | None, BeforeValidator(_spelt), PlainSerializer(_unlimited_usd)
]
Count = Annotated[int, Field(strict=True, ge=1, le=10**12)]
Limit = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=10**12)] | None, BeforeValidator(_spelt), PlainSerializer(_unlimited)
]
Size = Annotated[int, BeforeValidator(_size), Field(strict=True, ge=1_024, le=1 << 30), PlainSerializer(_show_size)]
Port = Annotated[int, Field(strict=True, ge=0, le=65_535)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
ModelName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=256, pattern=r"^[!-~]+$")]
HeaderName = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9-]{1,64}$")]
Zone = Annotated[str, BeforeValidator(_zone)]
Instant = Annotated[dt.datetime, BeforeValidator(_instant)]
