"""A provider's words on a request that it refuses are read where they are its API's, and nowhere else."""

import orjson
import pytest

from gateway.upstream.rejection import NOTHING, Rejection, rejection_of

LONG = "x" * 5_000


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (
            {"error": {"message": "too long", "type": "t", "param": "messages", "code": "context_length_exceeded"}},
            Rejection("too long", "context_length_exceeded", "messages"),
        ),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: required"}},
            Rejection("max_tokens: required", None, None),
        ),
        ({"error": "no"}, Rejection("no", None, None)),
        ({"detail": "no such field"}, Rejection("no such field", None, None)),
        ({"message": "line\none\x00two"}, Rejection("line one two", None, None)),
        ({"error": {"message": LONG, "code": 5, "param": LONG}}, Rejection("x" * 1_000, None, None)),
        ({"error": {"message": ["no"], "code": "bad"}}, NOTHING),
        ({"error": {"message": " "}}, NOTHING),
        ({"error": {"message": "key sk-ours is bad"}}, NOTHING),
        ({}, NOTHING),
        (["no"], NOTHING),
    ],
)
def test_what_is_an_error_body_speaks(tree: object, said: Rejection) -> None:
    assert rejection_of(orjson.dumps(tree), "sk-ours") == said


def test_what_is_not_json_says_nothing() -> None:
    assert rejection_of(b"<html>") == NOTHING
