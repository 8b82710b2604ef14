"""A call's deadline: started once, stopped at its end, standing still while the call waits for a person."""

import asyncio
import contextlib
import math
from collections.abc import Iterator

from .call import Call
from .errors import BudgetExceeded, DeadlineExceeded, InvalidRequest

HEADER = "x-tollhouse-deadline-s"
RUN_SECONDS = "run.seconds"


def asked_s(said: str) -> float:
    """Return the seconds a client asks for in HEADER, which can only shorten what policy sets; InvalidRequest."""
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise InvalidRequest(f"{HEADER} must be a number of seconds above 0", param=HEADER)
    return seconds


def start(call: Call, wait_s: float, whose: str = "call.deadline_s") -> None:
    """Cut the call if it has not ended within `wait_s`; `whose` limit that is (RUN_SECONDS: the run's wall-clock)."""
    loop = asyncio.get_running_loop()
    call.deadline_s = loop.time() + wait_s
    call.kept["deadline"] = loop.call_later(wait_s, _pass, call, wait_s, whose)
    call.kept["deadline_of"] = whose


def stop(call: Call) -> None:
    """Let the call be."""
    timer = call.kept.get("deadline")
    if timer is not None:
        timer.cancel()


@contextlib.contextmanager
def standing_still(call: Call) -> Iterator[None]:
    """Stop the clock while the call waits; one that settles may be cut out of the wait, and then just goes on."""
    left_s = max(0.0, call.deadline_s - asyncio.get_running_loop().time())
    stop(call)
    settles, life = call.task is None, asyncio.current_task()
    if settles:
        call.task = life
    try:
        yield
    except asyncio.CancelledError:
        if not settles or call.cut_by is None or life is None:
            raise
        life.uncancel()
    finally:
        if settles:
            call.task = None
        start(call, left_s, call.kept["deadline_of"])


def _pass(call: Call, wait_s: float, whose: str) -> None:
    if whose == RUN_SECONDS:
        call.cut(
            BudgetExceeded(
                f"run {call.run.id}, or one above it, used up its wall-clock while this call was under way; "
                "begin a new run",
                param=RUN_SECONDS,
                limit=call.run.limits.seconds,
            )
        )
        return
    call.cut(
        DeadlineExceeded(
            f"the call did not end within its {wait_s:g} s ({whose})",
            param="call.deadline_s",
            limit=f"{wait_s:g}",
        )
    )
