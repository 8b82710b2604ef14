"""The cases of the embedded ledger, word for word, over a real Redis."""

from collections.abc import Iterator

import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from tests.limits.ledgers import TENANT, clock
from tests.limits.redis.ledgers import OverRedis
from tests.limits.test_ledger import (
    test_a_balance_rises_with_the_hold_and_falls_only_when_the_settlement_is_applied,
    test_a_cap_that_is_set_later_counts_what_was_spent_and_held_before,
    test_a_hold_can_be_bounded_by_a_cap_a_call,
    test_a_hold_in_no_scope_is_bounded_by_its_own_caps_only,
    test_a_hold_s_id_is_used_once_at_a_time,
    test_a_killed_tenant_takes_nothing_until_revived,
    test_a_raised_cap_lets_more_in_at_once_and_keeps_what_was_used,
    test_a_refund_of_yesterday_s_charge_does_not_touch_today_s_window,
    test_a_refusal_takes_nothing_in_any_scope,
    test_a_window_begins_anew_and_a_late_settlement_lands_in_the_old_one,
    test_affordable_counts_settled_but_not_held,
    test_an_overrun_is_charged_even_past_the_cap_and_stands_until_then,
    test_caps_that_contradict_each_other_or_have_no_place_are_refused,
    test_concurrency_is_held_back_and_never_exceeded,
    test_what_is_unknown_or_resolved_is_harmless,
)
from tests.limits.test_runs import (
    test_a_count_is_taken_in_the_run_and_all_its_ancestors_or_in_none,
    test_children_share_what_is_left_of_their_parent,
    test_holds_in_an_unknown_run_are_refused,
    test_what_cannot_be_counted_is_refused,
)
from tests.servers.live import Redis

__all__ = [
    "clock",
    "test_a_balance_rises_with_the_hold_and_falls_only_when_the_settlement_is_applied",
    "test_a_cap_that_is_set_later_counts_what_was_spent_and_held_before",
    "test_a_count_is_taken_in_the_run_and_all_its_ancestors_or_in_none",
    "test_a_hold_can_be_bounded_by_a_cap_a_call",
    "test_a_hold_in_no_scope_is_bounded_by_its_own_caps_only",
    "test_a_hold_s_id_is_used_once_at_a_time",
    "test_a_killed_tenant_takes_nothing_until_revived",
    "test_a_raised_cap_lets_more_in_at_once_and_keeps_what_was_used",
    "test_a_refund_of_yesterday_s_charge_does_not_touch_today_s_window",
    "test_a_refusal_takes_nothing_in_any_scope",
    "test_a_window_begins_anew_and_a_late_settlement_lands_in_the_old_one",
    "test_affordable_counts_settled_but_not_held",
    "test_an_overrun_is_charged_even_past_the_cap_and_stands_until_then",
    "test_caps_that_contradict_each_other_or_have_no_place_are_refused",
    "test_children_share_what_is_left_of_their_parent",
    "test_concurrency_is_held_back_and_never_exceeded",
    "test_holds_in_an_unknown_run_are_refused",
    "test_what_cannot_be_counted_is_refused",
    "test_what_is_unknown_or_resolved_is_harmless",
]


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


@pytest.fixture
def ledger(server: Redis, clock: ManualClock) -> Iterator[OverRedis]:
    made = OverRedis(server.url, clock)
    made.set_caps(TENANT, [Cap("nano_usd", 100)])
    yield made
    made.close()
