"""A call's deadline: started once, stopped at its end, standing still while the call waits for a person."""

import asyncio
import contextlib
from collections.abc import Iterator

from .call import Call
from .errors import DeadlineExceeded


def start(call: Call, wait_s: float) -> None:
    """Cut the call if it has not ended within `wait_s`."""
    loop = asyncio.get_running_loop()
    call.deadline_s = loop.time() + wait_s
    call.kept["deadline"] = loop.call_later(wait_s, _pass, call, wait_s)


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
        start(call, left_s)


def _pass(call: Call, wait_s: float) -> None:
    whose = f"call.deadline_s of profile {call.profile.name}"
    if call.is_for_tool:
        whose += f", deadline_s of tool {call.model.name}, or what was left of the run"
    call.cut(
        DeadlineExceeded(
            f"the call did not end within its {wait_s:g} s ({whose})",
            param="call.deadline_s",
            limit=f"{wait_s:g}",
        )
    )
