"""Cards and IBANs: each network's range and length, each country's length, and the checks of both."""

from __future__ import annotations

import pytest

from gateway.guards import Detector
from gateway.guards.kinds.checksums import luhn
from gateway.guards.kinds.payment import RULES, is_card

DETECTOR = Detector(RULES)


def card(prefix: str, length: int) -> str:
    """Return a number with this prefix and length whose check digit is right."""
    body = prefix + "7" * (length - len(prefix) - 1)
    [number] = [body + last for last in "0123456789" if luhn(body + last)]
    return number


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "371449635398431",
        "30569309025904",
        "38520000023237",
        "6011111111111117",
        "3530111333300000",
        "6200000000000005",
        "6304000000000000",
        "2200000000000004",
    ],
)
def test_the_networks_test_cards_are_cards_and_with_no_other_check_digit(number: str) -> None:
    assert [last for last in "0123456789" if is_card(number[:-1] + last)] == [number[-1]]


@pytest.mark.parametrize(
    ("prefix", "lengths"),
    [
        ("4", {16, 19}),
        ("51", {16}),
        ("55", {16}),
        ("2221", {16}),
        ("2720", {16}),
        ("34", {15}),
        ("37", {15}),
        ("300", {14, 16, 19}),
        ("305", {14, 16, 19}),
        ("36", {14, 16, 19}),
        ("60", {16, 17, 18, 19}),
        ("35", {16, 17, 18, 19}),
        ("62", {16, 17, 18, 19}),
        ("10", set()),
        ("306", set()),
        ("33", set()),
        ("70", set()),
        ("99", set()),
    ],
)
def test_each_range_has_its_lengths_and_no_others(prefix: str, lengths: set[int]) -> None:
    assert {length for length in range(12, 21) if is_card(card(prefix, length))} == lengths


def test_the_edges_of_mastercards_second_range_are_its_own() -> None:
    assert [is_card(card(prefix, 16)) for prefix in ("2221", "2720")] == [True, True]
    assert [is_card(card(prefix, 16)) for prefix in ("2121", "2721")] == [False, False]


def test_one_digit_all_the_way_is_nobodys_card() -> None:
    assert luhn("6" * 20)
    assert not is_card("5" * 16)
    assert not is_card("0" * 16)


def ibans(text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in DETECTOR.scan(text, frozenset({"iban"}))]


# Of the SWIFT registry, one for a few lengths: the shortest, the longest, with letters.
REGISTRY = [
    "NO93 8601 1117 947",
    "BE68 5390 0754 7034",
    "DE89 3704 0044 0532 0130 00",
    "GB29 NWBK 6016 1331 9268 19",
    "FR14 2004 1010 0505 0001 3M02 606",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "RU03 0445 2522 5408 1781 0538 0913 1041 9",
]


@pytest.mark.parametrize("iban", REGISTRY)
def test_the_registrys_examples_are_found_whole_however_they_are_written(iban: str) -> None:
    plain = iban.replace(" ", "")
    for written in (iban, plain, plain.lower(), iban.replace(" ", "-"), " ".join(plain)):
        assert ibans(f"pay {written}, please") == [written]
        assert ibans(written) == [written]


@pytest.mark.parametrize("iban", REGISTRY)
def test_one_digit_more_less_or_other_is_no_iban(iban: str) -> None:
    plain = iban.replace(" ", "")
    other = plain[:4] + str((int(plain[-2:-1]) + 1) % 10 if plain[-2].isdigit() else 0) + plain[5:]
    assert ibans(f"pay {plain}7 now") == []
    assert ibans(f"pay {plain[:-1]} now") == []
    assert ibans(f"pay {plain[:2]}00{plain[4:]} now") == []
    assert other == plain or ibans(f"pay {other} now") == []


def test_a_country_that_has_no_ibans_has_none() -> None:
    assert ibans("US89 3704 0044 0532 0130 00") == []


def test_two_in_a_row_are_two() -> None:
    assert ibans(f"{REGISTRY[2]} {REGISTRY[1]}") == [REGISTRY[2], REGISTRY[1]]
    assert ibans(f"{REGISTRY[1]},{REGISTRY[3]}") == [REGISTRY[1], REGISTRY[3]]
