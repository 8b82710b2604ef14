"""Work side by side ends together, whatever one part does."""

import asyncio

import pytest

from agents.beside import side_by_side

pytestmark = pytest.mark.anyio


async def test_results_come_in_the_order_of_the_parts() -> None:
    async def part(number: int) -> int:
        await asyncio.sleep(0.01 * (3 - number))
        return number

    assert await side_by_side(part(number) for number in range(3)) == [0, 1, 2]
    assert await side_by_side(()) == []


@pytest.mark.parametrize("finish", [False, True])
async def test_when_one_fails_the_others_have_ended_before_it_is_raised(finish: bool) -> None:
    ended: list[str] = []

    async def fails() -> None:
        raise LookupError

    async def works() -> None:
        try:
            await asyncio.sleep(0.05)
            ended.append("done")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with pytest.raises(LookupError):
        await side_by_side([works(), fails()], finish=finish)
    assert ended == ["done" if finish else "cancelled"]


async def test_a_cancelled_caller_takes_the_parts_along() -> None:
    began = asyncio.Event()

    async def part() -> None:
        began.set()
        await asyncio.sleep(60)

    before = asyncio.all_tasks()
    task = asyncio.ensure_future(side_by_side([part()]))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
