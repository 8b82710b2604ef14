"""A tool call as an HTTP request: an argument never leads anywhere else than the configuration says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamRejected
from gateway.tools.outgoing import Outgoing, result_of


def test_arguments_go_where_they_belong() -> None:
    post = Outgoing("POST", "https://t.example/shops/{shop}", {"dry": "query", "trace": "header"})
    url, headers, body = post.write({"shop": "a b", "dry": True, "trace": 7, "count": 2})
    assert url == "https://t.example/shops/a%20b?dry=true"
    assert headers == [("trace", "7"), ("content-type", "application/json")]
    assert body == b'{"count":2}'
    get = Outgoing("GET", "https://t.example/find?v=1", {})
    assert get.write({"q": ["x&y", None], "n": 1.5}) == ("https://t.example/find?v=1&q=x%26y&q=&n=1.5", [], b"")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "needs the argument shop"),
        ({"shop": ".."}, "another address"),
        ({"shop": ""}, "another address"),
        ({"shop": {"a": 1}}, "no single value"),
        ({"shop": "a", "trace": "a\r\nhost: b"}, "cannot stand in a header"),
    ],
)
def test_what_would_lead_elsewhere_is_refused(arguments: dict[str, Any], why: str) -> None:
    outgoing = Outgoing("POST", "https://t.example/shops/{shop}/items", {"trace": "header"})
    with pytest.raises(UpstreamRejected, match=why):
        outgoing.write(arguments)


@given(st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_an_argument_stays_one_segment(text: str) -> None:
    try:
        url, _, _ = Outgoing("POST", "https://t.example/{a}/end", {}).write({"a": text})
    except UnicodeEncodeError:
        return  # a lone surrogate is refused before it comes here
    assert url.startswith("https://t.example/")
    assert url.endswith("/end")
    assert url.count("/") == 4
    assert not set("?#") & set(url)


def test_an_answer_is_json_if_it_says_so_and_is_it() -> None:
    assert b'"result":{"a":1}' in result_of("t", b'{"a":1}', "application/json", failed=False)
    assert b'"result":"{"' in result_of("t", b"{", "application/json", failed=True)
    assert b'"is_error":true' in result_of("t", b"{", "application/json", failed=True)
    assert b'"result":"{\\"a\\":1}"' in result_of("t", b'{"a":1}', "text/plain", failed=False)
