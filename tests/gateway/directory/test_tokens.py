"""Keys as text: long, random, of one form; a run's key is bound to all it is made of."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.directory.tokens import digest, mint_key, mint_run_id, run_of_token, run_secret, run_token

SECRET = run_secret(b"m" * 32)


def test_a_key_has_a_public_id_and_256_random_bits() -> None:
    public, token = mint_key()
    assert re.fullmatch(r"sk-th-[a-z2-7]{12}-[A-Za-z0-9_-]{43}", token)
    assert token.split("-")[2] == public
    assert len({mint_key()[1] for _ in range(100)}) == 100
    assert len(digest(token.encode())) == 32


def test_a_run_id_is_twenty_characters_that_need_no_quoting() -> None:
    assert re.fullmatch(r"[a-z2-7]{20}", mint_run_id())


def test_a_runs_key_is_bound_to_tenant_key_run_policy_and_house() -> None:
    run = mint_run_id()
    token = run_token(SECRET, "t", "k", run, "p")
    others = {
        run_token(SECRET, "u", "k", run, "p"),
        run_token(SECRET, "t", "l", run, "p"),
        run_token(SECRET, "t", "k", mint_run_id(), "p"),
        run_token(SECRET, "t", "k", run, "q"),
        run_token(run_secret(b"n" * 32), "t", "k", run, "p"),
    }
    assert len(others) == 5
    assert token not in others
    assert token == run_token(SECRET, "t", "k", run, "p")
    assert run_of_token(token.encode()) == run


@given(st.binary(max_size=200))
def test_any_text_is_asked_for_its_run_without_harm(text: bytes) -> None:
    assert run_of_token(text) is None or len(text) == 95
