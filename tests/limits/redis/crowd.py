"""One of several processes that spend from one Redis at once: `python -m tests.limits.redis.crowd URL NUMBER CALLS`.

Prints, as JSON, what its calls were billed by run, how many were admitted, refused and left, and how many each child of
the run `p` made.
"""

import asyncio
import json
import sys
from random import Random

from limits.clock import SystemClock
from limits.entries import HoldEntry
from limits.ledger import Order
from limits.redis import RedisLedger
from limits.refusals import Exceeded
from limits.standing import Charge
from tests.limits.redis.ledgers import PlainBook, opened, settled

CLOCK = SystemClock()
WAIT_S = 25.0


class Crowd:
    """The calls of one process."""

    def __init__(self, ledger: RedisLedger, number: int) -> None:
        self.ledger = ledger
        self.number = number
        self.chance = Random(number)
        self.told = {"billed": 0, "calls": 0, "admitted": 0, "refused": 0, "left": 0, "child": 0, "tokens": 0}

    async def call(
        self, name: str, scopes: tuple[str, ...], nano: int, tokens: int, bill: int, *, leaves: bool
    ) -> bool:
        """Make one call, some leaving while they wait or before they are sent; False if it was refused for good."""
        ledger, told = self.ledger, self.told
        until = CLOCK.monotonic_ns() + round(WAIT_S * 1e9)
        wish = Order(name, scopes, nano, tokens // 2, tokens - tokens // 2, CLOCK.utc_us() + 60_000_000)
        hold = ledger.hold(wish, tenant="t", run=scopes[0], until_ns=until)
        told["calls"] += 1
        try:
            answer = await (asyncio.wait_for(hold, self.chance.random() / 20) if leaves else hold)
        except TimeoutError:
            told["left"] += 1
            return True
        if not isinstance(answer, HoldEntry):
            assert isinstance(answer, Exceeded), answer
            told["refused"] += 1
            return False
        told["admitted"] += 1
        await asyncio.sleep(self.chance.random() / 50)
        if leaves:
            ledger.drop(name)
            return True
        spent = max(1, tokens // 6)
        entry = ledger.settle(name, Charge(bill, spent // 2, spent - spent // 2))
        assert entry is not None
        ledger.apply(entry)
        told["billed"] += bill
        return True

    async def mixed(self, number: int) -> None:
        """Make one of the many calls of all kinds and sizes."""
        nano = self.chance.randrange(1, 300)
        scopes = (f"run:r{self.chance.randrange(6)}", "key:k", "tenant:t")
        bill, leaves = self.chance.randrange(nano + 1), self.chance.random() < 0.1
        await self.call(f"m{self.number}.{number}", scopes, nano, 10, bill, leaves=leaves)

    async def child(self) -> None:
        """Work as one child of the run `p`, call after call."""
        scopes = (f"run:c{self.number}", "run:p", "tenant:u")
        for number in range(5):
            name = f"c{self.number}.{number}"
            until = CLOCK.monotonic_ns() + round(WAIT_S * 1e9)
            wish = Order(name, scopes, 0, 4_000, 8_000, CLOCK.utc_us() + 60_000_000)
            answer = await self.ledger.hold(wish, tenant="u", run=scopes[0], until_ns=until)
            assert isinstance(answer, HoldEntry), answer
            await asyncio.sleep(0.01)
            entry = self.ledger.settle(name, Charge(0, 500, 1_000))
            assert entry is not None
            self.ledger.apply(entry)
            self.told["child"] += 1
            self.told["tokens"] += 1_500


async def main(url: str, number: int, calls: int) -> None:
    """Spend, and print what was spent."""
    ledger = await opened(url, CLOCK, PlainBook(CLOCK))
    crowd = Crowd(ledger, number)
    await asyncio.gather(crowd.child(), *(crowd.mixed(n) for n in range(calls)))
    await settled(ledger)
    await ledger.stop()
    sys.stdout.write(json.dumps(crowd.told))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
