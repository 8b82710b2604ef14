"""A row is added, or takes the place of the one with its key."""

import sqlite3

from gateway.state.upsert import upsert


def test_a_row_takes_the_place_of_the_one_with_its_key_and_of_no_other() -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE thing(a TEXT, b TEXT, n INTEGER, PRIMARY KEY(a, b))")
    sql = upsert("thing", "a, b, n", "a, b")
    for row in (("x", "y", 1), ("x", "z", 2), ("x", "y", 3)):
        db.execute(sql, row)
    assert db.execute("SELECT * FROM thing ORDER BY b").fetchall() == [("x", "y", 3), ("x", "z", 2)]
    db.close()
