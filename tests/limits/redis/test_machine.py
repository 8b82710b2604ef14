"""The ledger on a real Redis against the plain model: the machine and the model of the embedded one."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import settings

from limits.clock import ManualClock
from tests.limits.machine import LedgerMachine
from tests.limits.redis.ledgers import OverRedis
from tests.servers.live import Redis


class RedisMachine(LedgerMachine):
    server: ClassVar[Redis]

    @staticmethod
    def new(clock: ManualClock) -> Any:
        return OverRedis(RedisMachine.server.url, clock)

    def teardown(self) -> None:
        self.ledger.close()


RedisMachine.TestCase.settings = settings(max_examples=8, stateful_step_count=40, deadline=None)


TestLedgerMachineOverRedis = RedisMachine.TestCase


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with Redis() as RedisMachine.server:
        yield
