import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.inflate import Inflate, InflateError, InflateTooLargeError


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@given(body=st.binary(max_size=3_000), cuts=st.lists(st.integers(0, 3_000), max_size=5), coding=st.sampled_from("gzr"))
def test_any_cut_of_any_coding_unpacks_to_the_body(body: bytes, cuts: list[int], coding: str) -> None:
    packed = gzip.compress(body) if coding == "g" else zlib.compress(body) if coding == "z" else raw_deflate(body)
    inflate = Inflate("gzip" if coding == "g" else "deflate", len(body))
    edges = [0, *sorted(cut % (len(packed) + 1) for cut in cuts), len(packed)]
    got = b"".join(inflate.feed(packed[edges[at] : edges[at + 1]]) for at in range(len(edges) - 1))
    inflate.finish()
    assert got == body


def test_a_body_of_many_pieces_loses_nothing_between_them() -> None:
    body = b"".join(b"%d," % number for number in range(200_000))
    assert Inflate("gzip", len(body)).feed(gzip.compress(body)) == body
    assert Inflate("deflate", 3_000_000).feed(zlib.compress(bytes(3_000_000))) == bytes(3_000_000)


def test_one_byte_over_the_bound_is_too_large() -> None:
    assert Inflate("gzip", 100).feed(gzip.compress(b"a" * 100)) == b"a" * 100
    with pytest.raises(InflateTooLargeError):
        Inflate("gzip", 99).feed(gzip.compress(b"a" * 100))


def test_a_bomb_stops_within_one_piece_of_its_bound() -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)
    with pytest.raises(InflateTooLargeError):
        Inflate("gzip", 1_000_000).feed(bomb)


def test_several_gzip_members_are_one_body_under_one_bound() -> None:
    twice = gzip.compress(b"ab") + gzip.compress(b"cd")
    assert Inflate("gzip", 4).feed(twice) == b"abcd"
    with pytest.raises(InflateTooLargeError):
        Inflate("gzip", 3).feed(twice)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "x"])
def test_a_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(InflateError, match="not asked for"):
        Inflate(coding, 100)


def test_broken_and_cut_bodies_are_told() -> None:
    with pytest.raises(InflateError, match="broken"):
        Inflate("gzip", 100).feed(b"certainly not packed")
    packed = gzip.compress(b"hello")
    with pytest.raises(InflateError, match="broken"):
        Inflate("gzip", 100).feed(packed[:-8] + b"\xff" * 8)
    with pytest.raises(InflateError, match="broken"):
        Inflate("gzip", 100).feed(packed + b"what follows")
    with pytest.raises(InflateError, match="follows"):
        Inflate("deflate", 100).feed(zlib.compress(b"hello") + b"what follows")
    cut = Inflate("gzip", 100)
    cut.feed(packed[:-4])
    with pytest.raises(InflateError, match="cut"):
        cut.finish()


def test_an_empty_body_is_not_cut() -> None:
    Inflate("gzip", 100).finish()
