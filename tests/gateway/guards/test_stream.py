# ruff: noqa: RUF001, E501 - odd characters are the subject
"""Any cutting of a reply gives the same whole, and no value or its beginning ever leaves."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guards import Policy, Redactor, Vault
from gateway.guards.policy import KINDS
from gateway.guards.stream import Lane, is_plain

REDACTOR = Redactor()
MASK = Policy({kind: {"reply": "mask"} for kind in KINDS})
VAULT = Vault(key=b"k" * 32)
MAIL = VAULT.placeholder("email", "joe@example.org")
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nabcdefgh\n-----END RSA PRIVATE KEY-----"
VALUES = (
    "tom.smith@mail.example.com",
    "alice at example dot com",
    "bob [at] corp [dot] org",
    "4111 1111 1111 1111",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "４１１１ １１１１ １１１１ １１１１",
    "+1 (415) 555-2671",
    "DE89 3704 0044 0532 0130 00",
    "sk-ant-api03-" + "aB3x" * 24,
    "ghp_" + "a1B2" * 9,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijkl",
    "219-09-9999",
    "10.20.30.40",
    PEM,
)
PLAIN = (
    "Hello there. ", "It was 12 March, ", "中文，你好。", "x < y ", "(see [this](https://a.example/x)) ", "costs 3.50 ", "<b>so</b> ", "\n\n", "a ",
    f"{MAIL} ", f"https://evil.example/{MAIL} ", "naïve café ",
)  # fmt: skip


def through(chunks: list[str], policy: Policy = MASK, hold_chars_max: int = 16_384) -> str:
    lane = Lane(REDACTOR, policy, VAULT, hold_chars_max=hold_chars_max)
    return "".join([*map(lane.feed, chunks), lane.flush()])


def cut(text: str, places: list[int]) -> list[str]:
    marks = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(marks)]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PLAIN) | st.sampled_from(VALUES).map(lambda value: value + " . "), min_size=1, max_size=8),
    st.lists(st.integers(0, 4_000), max_size=60),
)
def test_any_cutting_equals_the_whole(parts: list[str], places: list[int]) -> None:
    text = "".join(parts)
    assert through(cut(text, places)) == through([text])
    assert through(list(text)) == through([text])


def test_no_value_and_no_beginning_of_one_leaves_at_any_cut() -> None:
    for value in VALUES:
        text = f"Well, the thing is {value} , as I said."
        for place in range(len(text)):
            released = through([text[:place], text[place:]])
            assert value[:8] not in released, value
            assert released.endswith(", as I said.")
        lane = Lane(REDACTOR, MASK, VAULT)
        shown = ""
        for char in text:
            shown += lane.feed(char)
            assert value[:8] not in shown, value


def test_a_placeholder_cut_anywhere_comes_back_whole() -> None:
    text = f"Write to {MAIL}, please. <{MAIL}> https://evil.example/{MAIL}"
    expected = f"Write to joe@example.org, please. <joe@example.org> https://evil.example/{MAIL}"
    for place in range(len(text)):
        assert through([text[:place], text[place:]]) == expected
    assert through(list(text)) == expected


def test_text_keeps_flowing_a_word_or_two_behind() -> None:
    lane = Lane(REDACTOR, MASK, VAULT)
    fed = shown = 0
    for word in ("The quick brown fox jumps over the lazy dog near Zanzibar. " * 20).split(" "):
        fed += len(word) + 1
        shown += len(lane.feed(word + " "))
        assert fed - shown <= 32


def test_a_block_stops_the_lane_before_the_value() -> None:
    lane = Lane(REDACTOR, Policy({"email": {"reply": "block"}}), VAULT)
    shown = lane.feed("Ask tom@example.com for it. ") + lane.feed("More. ") + lane.flush()
    assert lane.blocked
    assert shown == "Ask "
    assert lane.findings[-1].action == "block"


def test_an_endless_value_is_masked_and_swallowed_to_its_end() -> None:
    secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + "abcdefgh" * 500
    text = f"token {secret} and more text follows here"
    for size in (1, 7, 64):
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        shown = through(chunks, hold_chars_max=1_000)
        assert "abcdefgh" not in shown
        assert shown.endswith(" and more text follows here")


def test_a_key_block_longer_than_the_lane_holds_does_not_leak() -> None:
    text = "Key:\n" + PEM.replace("abcdefgh", "abcdefgh\n" * 500) + "\nThat was it, friends."
    for size in (1, 13, 200):
        shown = through([text[at : at + size] for at in range(0, len(text), size)], hold_chars_max=1_000)
        assert "abcdefgh" not in shown
        assert shown.endswith("That was it, friends.")


def test_findings_of_a_lane_print_no_value() -> None:
    lane = Lane(REDACTOR, MASK, VAULT)
    lane.feed("tom@example.com is here ")
    lane.flush()
    assert [finding.kind for finding in lane.findings] == ["email"]
    assert "tom" not in repr(lane.findings)


def test_a_whole_text_goes_on_as_it_is_only_if_nothing_is_in_it_and_nothing_comes_back() -> None:
    assert is_plain(REDACTOR, "nothing_here", MASK, Vault())
    assert not is_plain(REDACTOR, "tom@example.com", MASK, Vault())
    assert not is_plain(REDACTOR, f"for {MAIL}", MASK, VAULT)
    assert is_plain(REDACTOR, "no underscore", MASK, VAULT)


def test_a_blocked_lane_and_an_empty_piece_release_nothing() -> None:
    lane = Lane(REDACTOR, Policy({"email": {"reply": "block"}}), VAULT)
    assert lane.feed("") == ""
    lane.feed("tom@example.com is it. ")
    assert (lane.blocked, lane.feed("more text here. "), lane.flush()) == (True, "", "")


def test_a_long_run_that_only_might_be_a_value_is_let_go_by_halves() -> None:
    lane = Lane(REDACTOR, MASK, VAULT, hold_chars_max=100)
    shown = "".join(lane.feed("x") for _ in range(1_000))
    assert len(shown) >= 850
    assert len(lane.held) <= 100
    assert shown + lane.flush() == "x" * 1_000
