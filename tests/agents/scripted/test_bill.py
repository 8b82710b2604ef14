from hypothesis import given
from hypothesis import strategies as st

from agents.scripted.bill import Bill, Row
from agents.scripted.script import Price


def test_a_request_costs_its_tokens_at_its_models_price_rounded_up_once() -> None:
    bill = Bill({"dear": Price(input_pico=1, output_pico=1_000)}, Price())
    bill.charge("1", "sk-1", "dear", prompt_tokens=1, completion_tokens=2)
    bill.charge("2", "sk-1", "other", prompt_tokens=1_000_000, completion_tokens=0)
    assert [entry.nano_dollars for entry in bill.entries] == [3, 150_000_000]


def test_cached_tokens_have_their_own_price_or_the_inputs() -> None:
    bill = Bill({"m": Price(input_pico=10_000, output_pico=0, cached_pico=1_000)}, Price(10_000, 0))
    bill.charge("1", "k", "m", prompt_tokens=100, completion_tokens=0, cached_tokens=60)
    bill.charge("2", "k", "x", prompt_tokens=100, completion_tokens=0, cached_tokens=60)
    assert [entry.nano_dollars for entry in bill.entries] == [460, 1_000]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("mn"), st.integers(0, 999), st.integers(0, 999))))
def test_rows_total_and_entries_say_the_same(charges: list[tuple[str, str, int, int]]) -> None:
    bill = Bill({}, Price(1_500, 6_001))
    for key, model, prompt, completion in charges:
        bill.charge("x", key, model, prompt_tokens=prompt, completion_tokens=completion)
    assert bill.total == Row(
        len(charges),
        sum(charge[2] for charge in charges),
        sum(charge[3] for charge in charges),
        sum(entry.nano_dollars for entry in bill.entries),
    )
    assert sum(row.requests for row in bill.rows.values()) == len(charges)


def test_the_tree_shows_no_whole_key() -> None:
    bill = Bill({}, Price())
    bill.charge("1", "sk-a-long-secret-key", "m", prompt_tokens=1, completion_tokens=1)
    tree = bill.as_tree()
    assert tree["total"]["requests"] == 1
    assert tree["rows"][0]["key"] == "sk-a…-key"
    bill.clear()
    assert bill.as_tree() == {"total": dict.fromkeys(tree["total"], 0), "rows": []}
