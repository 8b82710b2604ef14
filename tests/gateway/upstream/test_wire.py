"""A request's head as bytes, and the refusals that keep a line from ending early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.wire import HOP_BY_HOP, Origin, head_of, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.com/v1", Origin("api.example.com", 443, tls=True)),
        ("http://api.example.com", Origin("api.example.com", 80, tls=False)),
        ("https://API.Example.com:8443/v1?x=1", Origin("api.example.com", 8443, tls=True)),
        ("http://[::1]:8000/", Origin("::1", 8000, tls=False)),
        ("https://bücher.example/", Origin("xn--bcher-kva.example", 443, tls=True)),
    ],
)
def test_an_origin_is_host_port_and_encryption(url: str, origin: Origin) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "example.com/v1", "https://", "https://joe:pw@example.com/", "file:///etc/passwd"]
)
def test_another_scheme_no_host_or_a_user_is_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match="must be http:// or https://"):
        origin_of(url)


def test_the_head_is_written_up_to_the_length_which_comes_last() -> None:
    head = head_of("POST", "https://api.example.com/v1/chat?beta=1", [("Authorization", "Bearer k"), ("x-a", "1")])
    assert head == (
        b"POST /v1/chat?beta=1 HTTP/1.1\r\nhost: api.example.com\r\nAuthorization: Bearer k\r\nx-a: 1\r\n"
        b"accept-encoding: identity\r\ncontent-length: "
    )


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://example.com", b"/", b"example.com"),
        ("http://example.com?a=b", b"/?a=b", b"example.com"),
        ("http://example.com:80/", b"/", b"example.com"),
        ("http://example.com:443/", b"/", b"example.com:443"),
        ("https://example.com:443/", b"/", b"example.com"),
        ("https://[2001:db8::1]/x", b"/x", b"[2001:db8::1]"),
        ("https://[2001:db8::1]:8443/x", b"/x", b"[2001:db8::1]:8443"),
        ("http://192.0.2.1:8080/x#part", b"/x", b"192.0.2.1:8080"),
    ],
)
def test_target_and_host_are_the_urls(url: str, target: bytes, host: bytes) -> None:
    lines = head_of("GET", url, []).split(b"\r\n")
    assert lines[:2] == [b"GET " + target + b" HTTP/1.1", b"host: " + host]


def test_what_belongs_to_the_connection_is_dropped_in_any_case() -> None:
    headers = [(name.title(), "x") for name in sorted(HOP_BY_HOP)]
    assert head_of("POST", "http://a/", headers) == head_of("POST", "http://a/", [])


@pytest.mark.parametrize("method", ["HEAD", "CONNECT", "post", "", "GET / HTTP/1.1\r\nx: y\r\n\r\nGET"])
def test_a_method_whose_reply_could_not_be_told_apart_is_not_sent(method: str) -> None:
    with pytest.raises(ValueError, match="a method that is not sent"):
        head_of(method, "http://example.com/", [])


@pytest.mark.parametrize("target", ["/a b", "/ä", "/\x7f", "/?q=a b"])
def test_a_target_that_is_not_plain_ascii_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="plain ASCII"):
        head_of("GET", f"http://example.com{target}", [])


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_header_can_end_its_line_early_or_begin_another(name: str, value: str) -> None:
    try:
        head = head_of("POST", "http://example.com/", [(name, value)])
    except ValueError:
        return
    lines = head.split(b"\r\n")
    assert len(lines) in {4, 5}
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert b"\n" not in head.replace(b"\r\n", b"")
    if len(lines) == 5:
        assert lines[2] == f"{name}: {value}".encode("latin-1")


@pytest.mark.parametrize(
    ("name", "value"), [("", "x"), ("a b", "x"), ("a:", "x"), ("a", "x\r\ny: z"), ("a", "x\0"), ("a", "Ā"), ("ä", "x")]
)
def test_a_header_with_what_no_header_may_hold_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="a header holds"):
        head_of("POST", "http://example.com/", [(name, value)])
