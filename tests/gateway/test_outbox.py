"""Writes of one turn go out together and in order; whatever ends a connection sends what is kept first."""

import asyncio
from typing import Any

import pytest

from gateway.outbox import Gathering, Outbox

pytestmark = pytest.mark.anyio


class Wire:
    """A transport that notes what is asked of it."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.log.append(name)

    def write(self, data: bytes) -> None:
        self.log.append(data)


async def test_what_several_connections_write_in_a_turn_leaves_at_its_end_in_order() -> None:
    wires, outbox = [Wire(), Wire()], Outbox()
    one, two = (Gathering(wire, outbox) for wire in wires)
    one.write(b"a")
    two.write(b"x")
    one.write(b"b")
    assert [wire.log for wire in wires] == [[], []]
    await asyncio.sleep(0)
    assert [wire.log for wire in wires] == [[b"ab"], [b"x"]]
    one.write(b"c")
    await asyncio.sleep(0)
    assert wires[0].log == [b"ab", b"c"]


async def test_a_large_piece_goes_at_once_behind_what_is_kept() -> None:
    wire = Wire()
    gathering = Gathering(wire, Outbox())
    gathering.write(b"head")
    gathering.write(b"x" * 100_000)
    assert wire.log == [b"head", b"x" * 100_000]
    await asyncio.sleep(0)
    assert len(wire.log) == 2


@pytest.mark.parametrize("end", ["close", "write_eof"])
async def test_an_end_comes_after_what_is_kept(end: str) -> None:
    wire = Wire()
    gathering = Gathering(wire, Outbox())
    gathering.write(b"last words")
    getattr(gathering, end)()
    await asyncio.sleep(0)
    assert wire.log == [b"last words", end]


async def test_a_connection_that_is_aborted_says_nothing_more() -> None:
    wire = Wire()
    gathering = Gathering(wire, Outbox())
    gathering.write(b"never mind")
    gathering.abort()
    await asyncio.sleep(0)
    assert wire.log == ["abort"]
