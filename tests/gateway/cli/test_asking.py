"""Commands ask with a key from a place, and end with a sentence whatever comes back."""

from collections.abc import Callable
from pathlib import Path

import click
import httpx
import pytest

from gateway.cli.asking import ask, revealed, speaking


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(base_url="http://house", transport=httpx.MockTransport(answer))


def away(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody listens", request=request)


def test_a_key_is_read_from_its_place_and_sent_as_bearer(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-th-1\n")
    with speaking("http://house/", f"file/{tmp_path}/key") as gateway:
        assert gateway.headers["authorization"] == "Bearer sk-th-1"
        assert gateway.base_url == "http://house"
    with pytest.raises(click.UsageError, match="--key"):
        revealed("sk-th-1")


def test_an_answer_is_returned_as_it_is() -> None:
    with answering(lambda request: httpx.Response(200, json={"path": request.url.path})) as gateway:
        assert ask(gateway, "POST", "/v1/runs", {}) == {"path": "/v1/runs"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda _: httpx.Response(403, json={"error": {"message": "you may not"}}), "you may not"),
        (lambda _: httpx.Response(500, json={}), "status 500"),
        (lambda _: httpx.Response(200, text="<html>"), "no Tollhouse"),
        (away, "nobody listens"),
    ],
)
def test_what_is_wrong_ends_the_command_with_a_sentence(
    answer: Callable[[httpx.Request], httpx.Response], words: str
) -> None:
    with answering(answer) as gateway, pytest.raises(click.ClickException, match=words):
        ask(gateway, "GET", "/v1/approvals")
