"""The embedded ledger against the plain model."""

from hypothesis import settings

from tests.limits.machine import LedgerMachine

LedgerMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestLedgerMachine = LedgerMachine.TestCase
