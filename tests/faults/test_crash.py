"""Killed at any moment under load, the book is whole, nothing was sent unrecorded, and no cap is passed."""

import asyncio
import contextlib
import random
from itertools import count
from pathlib import Path

import httpx
import pytest

from agents.scripted import ScriptedServer
from tests.faults.exact import ECHO
from tests.faults.process import Served, aftermath, serving, write
from tests.gateway.live import chat

pytestmark = pytest.mark.anyio

KILLS = 8
WORKERS = 12
CAP_NANO = 60_000_000
# The bound of an input: one token a byte of its text, 16 a call, 8 a message; the text of call k has 4 k bytes.
FRAME_TOKENS = 24


async def _ask(served: Served, http: httpx.AsyncClient, numbers: "count[int]", chance: random.Random) -> None:
    with contextlib.suppress(httpx.HTTPError):
        while served.process.returncode is None:
            number = next(numbers)
            text = "abc " * number
            limit = chance.choice((number, number + 200))
            await http.post(
                "/v1/chat/completions", json=chat(text, stream=chance.random() < 0.5, max_completion_tokens=limit)
            )


async def test_killed_under_load_eight_times_it_has_charged_all_that_was_billed_and_not_passed_its_cap(
    tmp_path: Path,
) -> None:
    chance, numbers = random.Random(7), count(10)
    async with ScriptedServer(ECHO) as upstream:
        path = write(tmp_path, upstream.url, usd="0.06")
        for _ in range(KILLS):
            async with asyncio.timeout(120), serving(path) as served, served.client() as http:
                asking = asyncio.gather(*(_ask(served, http, numbers, chance) for _ in range(WORKERS)))
                await asyncio.sleep(chance.uniform(0.05, 0.6))
                served.process.kill()
                await asking
        soon = await aftermath(path)
        late = await aftermath(path, hours_later=1)
        bill = {entry.prompt_tokens: entry.nano_dollars for entry in upstream.bill.entries}
        assert len(bill) == len(upstream.bill.entries) > KILLS

    holds, charges = {}, {}
    for record in soon.records:
        if record["kind"] == "intent":
            holds[record["call"]] = record["hold"]
        for billed in record.get("billed", ()):
            charges[record["call"]] = billed
    assert charges.keys() <= holds.keys()
    intended = {(hold["input_tokens"] - FRAME_TOKENS) // 4: call for call, hold in holds.items()}
    assert bill.keys() <= intended.keys(), "something was sent without its intent in the book"
    for number, call in intended.items():
        hold, charge = holds[call]["nano_usd"], charges.get(call)
        books = hold if charge is None else charge["nano_usd"]
        assert bill.get(number, 0) <= books <= hold
        if charge is not None and charge["mark"] == "billed":
            assert books == bill[number]
    unresolved = [holds[call]["nano_usd"] for call in holds.keys() - charges.keys()]
    assert soon.holds == len(unresolved)
    assert late.holds == 0
    assert late.cap_settled == soon.cap_settled + sum(unresolved) == soon.cap_used
    assert sum(bill.values()) <= late.cap_settled <= CAP_NANO
