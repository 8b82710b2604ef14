"""Work side by side that ends together."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

Value = TypeVar("Value")


async def side_by_side(parts: Iterable[Coroutine[Any, Any, Value]], *, finish: bool = False) -> list[Value]:
    """Await all parts; if one raises, the others are cancelled and end before it is raised (the first, not a group).

    `finish`: the others are not cancelled but awaited, as what they do should not be left half done.
    """
    tasks = [asyncio.ensure_future(part) for part in parts]
    if not tasks:
        return []
    try:
        await asyncio.wait(tasks, return_when=asyncio.ALL_COMPLETED if finish else asyncio.FIRST_EXCEPTION)
    finally:
        left = [task for task in tasks if not task.done()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
    failed = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    if failed:
        raise failed[0]
    return [task.result() for task in tasks]
