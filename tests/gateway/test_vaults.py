"""The vaults of runs: the same placeholder after a restart, nothing readable on disk, bounded, gone with the run."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.guards.vault import VaultSealBroken
from gateway.papers import Run
from gateway.vaults import Vaults
from limits.clock import ManualClock
from limits.runs import RunLimits
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

MAIL = "maria.lindqvist@example.com"
SECRET = b"s" * 32


class Rows:
    """`state_vault`, as far as Vaults uses it."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, bytes, int]] = []

    def query(self, _sql: str, parameters: Sequence[Any]) -> list[tuple[bytes]]:
        run, tenant, now = parameters
        return [(row[2],) for row in self.kept if row[:2] == (run, tenant) and row[3] > now]

    def execute(self, statements: list[tuple[str, tuple[object, ...]]]) -> None:
        self.kept += [row for sql, row in statements if sql.startswith("INSERT")]  # type: ignore[misc]


def a_run(name: str = "r1", tenant: str = "acme", expires_us: int = 10**18) -> Run:
    return Run(name, tenant, "k", None, (name,), RunLimits(), 0, expires_us, "open", None)  # type: ignore[arg-type]


def vaults(rows: Rows, over: set[str] | None = None, **options: Any) -> Vaults:
    return Vaults(rows.query, ManualClock(), SECRET, lambda run: "ended" if run.id in (over or ()) else None, **options)


def test_placeholders_are_the_same_when_the_vault_is_opened_again() -> None:
    rows, run = Rows(), a_run()
    before = vaults(rows)
    first = before.of(run).placeholder("email", MAIL)
    rows.execute(before.keep(run, before.of(run)))
    second = before.of(run).placeholder("phone", "1")
    rows.execute(before.keep(run, before.of(run)))
    after = vaults(rows).of(run)
    assert (after.value(first), after.value(second)) == (MAIL, "1")
    assert after.placeholder("email", MAIL) == first
    assert all(MAIL.encode() not in row[2] for row in rows.kept)


def test_rows_of_another_tenant_or_an_expired_run_open_nothing_and_moved_ones_are_noticed() -> None:
    rows, run = Rows(), a_run(expires_us=10**17)
    before = vaults(rows)
    before.of(run).placeholder("email", MAIL)
    rows.execute(before.keep(run, before.of(run)))
    assert len(vaults(rows).of(a_run(tenant="globex"))) == 0
    ((_, tenant, sealed, expires_us),) = rows.kept
    rows.kept = [("r2", tenant, sealed, expires_us)]
    with pytest.raises(VaultSealBroken):
        vaults(rows).of(a_run("r2"))
    rows.kept = [("r1", tenant, sealed, 0)]
    assert len(vaults(rows).of(run)) == 0


def test_memory_is_bounded_and_what_was_let_go_of_is_read_again() -> None:
    rows = Rows()
    kept = vaults(rows, vaults_max=2)
    marks = []
    for name in ("r1", "r2", "r3"):
        run = a_run(name)
        marks.append(kept.of(run).placeholder("email", MAIL))
        rows.execute(kept.keep(run, kept.of(run)))
    assert len(set(marks)) == 3
    assert kept.of(a_run("r1")).value(marks[0]) == MAIL


def test_runs_that_are_over_leave_memory() -> None:
    rows, over = Rows(), set[str]()
    kept = vaults(rows, over)
    held = kept.of(a_run("r1"))
    assert kept.of(a_run("r1")) is held
    over.add("r1")
    kept.of(a_run("r2"))
    assert kept.of(a_run("r1")) is not held


def test_a_call_without_a_run_has_a_vault_of_its_own_and_nothing_new_writes_nothing() -> None:
    kept = vaults(Rows())
    assert kept.of(None) is not kept.of(None)
    assert kept.keep(a_run(), kept.of(a_run())) == []


def _nowhere(folder: Path, value: str) -> None:
    assert all(value.encode() not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def _mark(gate: Live, token: str) -> str:
    headers = {"x-run-id": "task-1", "authorization": f"Bearer {token}"}
    reply = await gate.http.post("/v1/chat/completions", json=chat(f"write to {MAIL}"), headers=headers)
    assert reply.json()["choices"][0]["message"]["content"] == f"write to {MAIL}"
    (mark,) = re.findall(r"EMAIL_\w{16}", gate.upstream.seen[-1].body.decode())
    return str(mark)


async def test_a_restart_breaks_no_placeholder(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        token = gate.token
        mark = await _mark(gate, token)
    _nowhere(tmp_path, MAIL)
    async with live(tmp_path, again=True) as gate:
        headers = {"x-run-id": "task-1", "authorization": f"Bearer {token}"}
        reply = await gate.http.post("/v1/chat/completions", json=chat(f"tell {mark}"), headers=headers)
        assert json.loads(reply.text)["choices"][0]["message"]["content"] == f"tell {MAIL}"
        assert await _mark(gate, token) == mark


def test_processes_that_share_a_run_issue_the_same_placeholders_and_restore_each_others() -> None:
    rows, run = Rows(), a_run()
    one, other = vaults(rows, shared=True), vaults(rows, shared=True)
    first, at_once = one.of(run), other.of(run)
    issued = first.placeholder("email", MAIL)
    assert at_once.placeholder("email", MAIL) == issued
    rows.execute(one.keep(run, first))
    assert other.of(run).value(issued) == MAIL
    assert one.of(a_run("r2")).placeholder("email", MAIL) != issued
