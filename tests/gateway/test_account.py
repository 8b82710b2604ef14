"""What a client is told of its call adds up over all its attempts."""

import pytest

from gateway.account import Figures
from gateway.call import Attempt
from limits.clock import ManualClock
from limits.seam import LocalLedger
from limits.standing import Charge
from tests.gateway.talk import Talk

pytestmark = pytest.mark.anyio


async def test_figures_are_the_sums_over_all_attempts() -> None:
    clock = ManualClock()
    call = Talk().call
    assert call.request is not None
    for number, nano in ((1, 5_000_000), (2, 7_000_000)):
        attempt = Attempt(call, None, number, call.request, f"a{number}")
        attempt.charge = Charge(nano, 10, 20)
        attempt.started_ns, attempt.heard_ns = 1_000_000, 3_000_000
        call.attempts.append(attempt)
    call.findings = {"email.request.tokenize": 2, "card.request.mask": 1}
    clock.turn(0.010)
    assert Figures(LocalLedger(clock), clock).figures(call) == {
        "cost_usd": "0.012",
        "overhead_ms": "6.00",
        "input_tokens": "20",
        "output_tokens": "40",
        "redacted": "3",
    }


async def test_a_call_that_sent_nothing_cost_nothing() -> None:
    clock = ManualClock()
    assert Figures(LocalLedger(clock), clock).figures(Talk().call) == {"cost_usd": "0.00", "overhead_ms": "0.00"}
