"""The ledger's journal: everything that changes a balance or a counter, as frozen structs that turn into dicts.

The gateway puts these dicts verbatim into a book record's list `ledger`; `EmbeddedLedger.replay` rebuilds from them.
Keys are short because they are stored for ever; `t` names the kind with its version (`hold1`), and a version once
written is read for ever. Values are ints, strings and lists of them. Amounts are nano-dollars and tokens, instants
UTC microseconds.
"""

from typing import Any

import msgspec


class HoldEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="hold1"):
    """An amount reserved in all of `scopes` until settled or expired; `replaces` names the hold it took over from."""

    id: str
    scopes: tuple[str, ...] = msgspec.field(name="s")
    nano: int = msgspec.field(name="n")
    input_tokens: int = msgspec.field(name="i")
    output_tokens: int = msgspec.field(name="o")
    at_us: int = msgspec.field(name="at")
    expires_us: int = msgspec.field(name="x")
    replaces: str = msgspec.field(name="r", default="")


class SettleEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="settle1"):
    """What a hold became: the amounts charged and the mark (`limits.settlement` lists them).

    `suspends` names a bound that is out of use until the operator confirms or refunds this charge; `reported_nano` is
    what an implausible report would have cost.
    """

    id: str
    nano: int = msgspec.field(name="n", default=0)
    input_tokens: int = msgspec.field(name="i", default=0)
    output_tokens: int = msgspec.field(name="o", default=0)
    mark: str = msgspec.field(name="m", default="billed")
    suspends: str = msgspec.field(name="u", default="")
    reported_nano: int = msgspec.field(name="rn", default=0)


class ExpireEntry(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="expire1"):
    """A hold that nobody settled in time: charged in full."""

    id: str


class RefundEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="refund1"):
    """Given back in the windows that contain `at_us`, because a late settlement or the operator (`why`) said so."""

    id: str
    scopes: tuple[str, ...] = msgspec.field(name="s")
    at_us: int = msgspec.field(name="at")
    nano: int = msgspec.field(name="n", default=0)
    input_tokens: int = msgspec.field(name="i", default=0)
    output_tokens: int = msgspec.field(name="o", default=0)
    why: str = msgspec.field(name="w", default="late")


class ConfirmEntry(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag="confirm1"):
    """The operator accepts a marked charge as it is."""

    id: str


class CountEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="count1"):
    """`number` of `dimension` (steps, tool_calls, replans) taken in a run and its ancestors; negative: given back."""

    run: str = msgspec.field(name="r")
    dimension: str = msgspec.field(name="d")
    number: int = msgspec.field(name="c", default=1)


class CapsEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="caps1"):
    """All caps of a scope from `at_us` on, each `dimension/window/hard|soft/limit`; replaces what was there."""

    scope: str = msgspec.field(name="s")
    caps: tuple[str, ...] = msgspec.field(name="c")
    at_us: int = msgspec.field(name="at")
    zone: str = msgspec.field(name="z", default="UTC")


class KillEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="kill1"):
    """No more holds in this scope (a run's children included); `on=0` lets it live again (not for runs)."""

    scope: str = msgspec.field(name="s")
    on: int = msgspec.field(default=1)


class RunOpenedEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="run1"):
    """A run and its limits (see `limits.runs.RunLimits`); `parent` counts it as one agent in every ancestor."""

    run: str = msgspec.field(name="r")
    at_us: int = msgspec.field(name="at")
    expires_us: int = msgspec.field(name="x")
    limits: dict[str, int] = msgspec.field(name="l")
    parent: str = msgspec.field(name="p", default="")


class RunEndedEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="end1"):
    """A run (and its children) takes nothing more; `why` is ended or expired."""

    run: str = msgspec.field(name="r")
    why: str = msgspec.field(name="w", default="ended")


class RunPausedEntry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="t", tag="pause1"):
    """A run's wall-clock stands still from `at_us` (it waits for an approval); `on=0`: it runs again."""

    run: str = msgspec.field(name="r")
    at_us: int = msgspec.field(name="at")
    on: int = msgspec.field(default=1)


Entry = (
    HoldEntry
    | SettleEntry
    | ExpireEntry
    | RefundEntry
    | ConfirmEntry
    | CountEntry
    | CapsEntry
    | KillEntry
    | RunOpenedEntry
    | RunEndedEntry
    | RunPausedEntry
)


def to_dict(entry: Entry) -> dict[str, Any]:
    """Turn an entry into the JSON-safe dict that the book stores."""
    made: dict[str, Any] = msgspec.to_builtins(entry)
    return made


def from_dict(stored: dict[str, Any]) -> Entry:
    """Turn a stored dict back into its entry; ValueError names what does not fit (unknown kind, wrong type)."""
    try:
        entry: Entry = msgspec.convert(stored, Entry)
    except msgspec.ValidationError as unfit:
        raise ValueError(f"not a ledger entry: {unfit}") from unfit
    return entry
