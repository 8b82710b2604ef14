"""What each test says of each kind of value: it holds, it does not, or it cannot be judged."""

from typing import Any

import pytest

from gateway.config.rule import Rule


@pytest.mark.parametrize(
    ("text", "arguments", "answer"),
    [
        ("amount <= 100", {"amount": 100}, True),
        ("amount <= 100", {"amount": 100.5}, False),
        ("amount <= 100", {}, False),
        ("amount <= 100", {"amount": "5"}, None),
        ("amount <= 100", {"amount": True}, None),
        ("amount < 2 or amount > 5", {"amount": 3}, False),
        ("amount >= -1.5", {"amount": -1.5}, True),
        ("amount in 1 .. 10", {"amount": 10}, True),
        ("amount in 1 .. 10", {"amount": "x"}, None),
        ("to.country == 'US'", {"to": {"country": "US"}}, True),
        ("to.country == 'US'", {"to": "US"}, False),
        ("x == null", {"x": None}, True),
        ("x != null", {"x": 5}, True),
        ("x > 1", {"x": None}, None),
        ("x in [1, null, true]", {"x": True}, True),
        ("x in ['a', 'b']", {"x": "c"}, False),
        ("x in ['a', 'b']", {"x": 1}, None),
        ("x != 3", {"x": 4}, True),
        ("not has force", {}, True),
        ("not has force", {"force": False}, False),
        ("to matches '^.+@acme\\.example$'", {"to": "a@acme.example"}, True),
        ("to matches '@acme'", {"to": ["x"]}, None),
        ('note == "say \\"hi\\""', {"note": 'say "hi"'}, True),
        ("every to matches '@a$'", {"to": ["x@a", "y@b"]}, False),
        ("every to matches '@a$'", {"to": "x@a"}, None),
        ("every to matches '@a$'", {}, False),
        ("every to matches '@a$'", {"to": ["x@a", 3]}, None),
        ("any to matches '@a$'", {"to": ["x@a", 3]}, True),
        ("any == 3", {"any": 3}, True),
        ("host(url) in ['a.example']", {"url": "HTTPS://A.example.:8443/x?y#z"}, True),
        ("host(url) == 'a.example'", {"url": "https://a.example@evil.example/"}, None),
        ("host(url) == 'a.example'", {"url": "https://a.example\\@evil.example/"}, None),
        ("host(url) == 'a.example'", {"url": "//a.example/"}, None),
        ("host == 'x'", {"host": "x"}, True),
        ("url within 'example.com'", {"url": "https://api.example.com/"}, True),
        ("url within 'example.com'", {"url": "https://notexample.com/"}, False),
        ("url within 'example.com'", {"url": "https://example.com.evil.net/"}, False),
        ("url within 'example.com'", {"url": "https://[::1]/"}, None),
        ("url within 'example.com'", {"url": "api.example.com"}, True),
        ("url within 'example.com'", {"url": 7}, None),
        ("path under '/srv/files'", {"path": "/srv/files/a//b"}, True),
        ("path under '/srv/files'", {"path": "/srv/files"}, True),
        ("path under '/srv/files'", {"path": "/srv/files/../keys"}, False),
        ("path under '/srv/files'", {"path": "/srv/filesystem"}, False),
        ("path under '/srv/files'", {"path": "//srv/files/a"}, True),
        ("path under '/srv/files'", {"path": "/srv/files/%2e%2e/keys"}, None),
        ("path under '/srv/files'", {"path": ""}, None),
        ("path under '/'", {"path": "/etc"}, True),
        ("length(text) <= 3", {"text": "abc"}, True),
        ("length(text) <= 3", {"text": 5}, None),
        ("length(text) <= 3", {}, False),
        ("(a == 1 or b == 2) and not (c == 3)", {"b": 2}, True),
        ("a == 1 and b == 2", {"a": "1", "b": 3}, False),
        ("a == 1 or b == 2", {"a": "1", "b": 3}, None),
        ("not a == 1", {"a": "1"}, None),
    ],
)
def test_a_rule_holds_does_not_hold_or_cannot_be_judged(
    text: str, arguments: dict[str, Any], answer: bool | None
) -> None:
    assert Rule(text).holds(arguments) is answer
