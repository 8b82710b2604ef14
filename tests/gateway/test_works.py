from pathlib import Path

import yaml

from gateway import life
from gateway.config import load
from gateway.house import open_house
from gateway.works import Works
from limits.clock import SystemClock
from tests.gateway.live import local


def test_the_stages_are_those_of_the_life_of_a_call_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "tollhouse.yaml"
    path.write_text(yaml.safe_dump({"listen": {"port": 0}}))
    clock = SystemClock()
    with open_house(load(path), clock) as house:
        works = Works(house, clock)
        assert tuple(map(type, works.call_stages())) == life.CALL
        assert tuple(map(type, works.attempt_stages())) == life.ATTEMPT


def test_the_ledger_begins_with_what_the_book_says(tmp_path: Path) -> None:
    path = tmp_path / "tollhouse.yaml"
    path.write_text(yaml.safe_dump({"listen": {"port": 0}}))
    clock = SystemClock()
    with open_house(load(path), clock) as house:
        entry = local(Works(house, clock)).books.kill("tenant:acme")
        record = {"kind": "ledger", "ledger": [{"t": "kill1", "s": entry.scope}], "reason": "test", "actor": "test"}
        house.book.append_now(record, tenant=None)
        balances = local(Works(house, clock)).books.balances("tenant:acme")
        assert balances is not None
        assert balances.state == "killed"
