"""The ledger's answers other than yes, put into words: which limit, how much is used, what to do."""

from limits.money import nano_to_usd
from limits.refusals import Ended, Exceeded, Held

from .errors import BudgetExceeded, BudgetHeld, Ending, RunEnded

_UNITS = {"nano_usd": "usd", "concurrency": "concurrency"}


def ending_of(verdict: Exceeded | Held | Ended, *, retry_after_s: float = 1.0) -> Ending:
    """Return the ending that tells the caller of this verdict."""
    if isinstance(verdict, Ended):
        return _ended(verdict)
    kind, _, name = verdict.scope.partition(":")
    unit = _UNITS.get(verdict.dimension, verdict.dimension)
    param = f"{kind}.{unit}"
    whose = f"{kind} {name}".strip()
    limit, wanted = _figure(verdict.dimension, verdict.limit), _figure(verdict.dimension, verdict.wanted)
    window = "" if verdict.window in ("total", "call") else f" a {verdict.window}"
    if isinstance(verdict, Held):
        used, held = _figure(verdict.dimension, verdict.settled), _figure(verdict.dimension, verdict.held)
        return BudgetHeld(
            f"{whose} may use {limit} {unit}{window}: {used} are spent, {held} are held by calls under way, "
            f"and this call needs {wanted}; ask again when they have ended",
            param=param,
            limit=limit,
            actual=used,
            retry_after_s=retry_after_s,
        )
    used = _figure(verdict.dimension, verdict.actual)
    return BudgetExceeded(
        f"{whose} may use {limit} {unit}{window}: {used} are used, and this call needs {wanted} more; "
        + ("begin a new run or raise its limit" if kind == "run" else "raise the cap or wait for its next window"),
        param=param,
        limit=limit,
        actual=used,
    )


def _ended(verdict: Ended) -> Ending:
    kind, _, name = verdict.scope.partition(":")
    if verdict.why == "seconds":
        return BudgetExceeded(f"run {name} has used up its wall-clock; begin a new run", param="run.seconds")
    if verdict.why == "unknown" and kind != "run":
        return BudgetHeld(
            f"the account of this {kind} was at rest and has just been closed; ask again", retry_after_s=1
        )
    if kind == "run":
        return RunEnded(f"run {name} has ended ({verdict.why}); begin a new run", param="run")
    return RunEnded(f"{kind} {name} is stopped ({verdict.why}); its administrator can lift that", param=kind)


def _figure(dimension: str, amount: int) -> int | str:
    return nano_to_usd(amount) if dimension == "nano_usd" else amount
