"""Ids that a provider minted are found by the key that got them, for as long as the provider keeps them."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from gateway.bonds import KEPT_S, Bond, Bonds, Statement
from gateway.config.profiles import ProfileSettings
from gateway.papers import HOUSE, Key
from gateway.papers.profile import resolve
from gateway.state.schema import SCHEMA
from limits.clock import ManualClock

PROFILE = resolve(ProfileSettings.model_validate({"name": "default"}))


class Table:
    """A real table, without the house around it."""

    def __init__(self) -> None:
        self.base = sqlite3.connect(":memory:")
        for statement in SCHEMA:
            self.base.execute(statement)

    def query(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self.base.execute(sql, values).fetchall()

    def run(self, statements: Sequence[Statement]) -> None:
        for sql, values in statements:
            self.base.execute(sql, values)


def test_an_id_is_its_keys_alone_and_expires() -> None:
    table, clock = Table(), ManualClock()
    bonds = Bonds(table.query, clock, b"s" * 32)
    mine, other = Key("k1", "a", HOUSE, PROFILE), Key("k2", "b", HOUSE, PROFILE)
    table.run(bonds.bind(mine, "resp_1", Bond("up/m", 70)))
    assert bonds.find(mine, "resp_1") == Bond("up/m", 70)
    assert bonds.find(other, "resp_1") is None
    assert bonds.find(mine, "resp_2") is None
    assert Bonds(table.query, clock, b"t" * 32).find(mine, "resp_1") is None
    clock.turn(KEPT_S)
    assert bonds.find(mine, "resp_1") is None
    table.run(bonds.bind(mine, "resp_3", Bond("up/m", 1)))
    assert len(table.query("SELECT * FROM state_bond", ())) == 1
    table.base.close()
