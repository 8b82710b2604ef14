import itertools
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.upstream.sse import SseParser, SseTooLargeError


def plain_reading(stream: bytes) -> list[bytes]:
    """Read by the format's own words, line by line."""
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    events: list[bytes] = []
    values: list[bytes] = []
    for line in text.split(b"\n")[:-1]:
        if not line:
            if values:
                events.append(b"\n".join(values))
            values = []
        elif line[:1] == b":":
            continue
        else:
            name, colon, value = line.partition(b":")
            if name == b"data":
                values.append(value[1:] if colon and value[:1] == b" " else value)
    return events


def read(pieces: list[bytes], event_bytes_max: int = 1_000_000) -> tuple[list[bytes], bool]:
    """All payloads, and whether the bound stopped it."""
    parser, got = SseParser(event_bytes_max), []
    try:
        for piece in pieces:
            got += parser.feed(piece)
        parser.finish()
    except SseTooLargeError:
        return got, True
    return got, False


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


LINE = st.one_of(
    st.sampled_from(
        [b"", b"", b"", b"data", b"data:", b"data: ", b": ping", b"event: x", b"datax: 1", b"id: 1", b"data: {}"]
    ),
    st.binary(max_size=6).map(lambda value: b"data: " + value.translate(None, b"\r\n")),
    st.binary(max_size=6).map(lambda value: value.translate(None, b"\r\n")),
)
STREAM = st.lists(st.tuples(LINE, st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])), max_size=30).map(
    lambda lines: b"".join(line + end for line, end in lines)
)
PLACES = st.lists(st.integers(0, 1_000), max_size=12)


@settings(max_examples=500)
@given(stream=STREAM, places=PLACES, bom=st.booleans())
def test_any_cut_of_any_stream_reads_as_the_format_says(stream: bytes, places: list[int], bom: bool) -> None:
    stream = b"\xef\xbb\xbf" + stream if bom else stream
    assert read(cut(stream, places)) == (plain_reading(stream), False)


@given(stream=STREAM)
def test_one_byte_at_a_time_reads_the_same(stream: bytes) -> None:
    assert read([stream[at : at + 1] for at in range(len(stream))]) == (plain_reading(stream), False)


@settings(max_examples=500)
@given(stream=STREAM, places=PLACES, limit=st.integers(1, 20))
def test_the_bound_strikes_at_the_same_event_however_the_stream_is_cut(
    stream: bytes, places: list[int], limit: int
) -> None:
    assert read(cut(stream, places), limit) == read([stream], limit)


def test_an_event_of_exactly_the_bound_passes_and_one_byte_more_does_not() -> None:
    assert read([b"data: 3456\n\n"], 10) == ([b"3456"], False)
    assert read([b"data: 34567\n\n"], 10) == ([], True)
    assert read([b"data: 1\n\n", b"data: 34567"], 10) == ([b"1"], False)
    assert read([b"data: 1\n\ndata: 345678"], 10) == ([b"1"], True)


def test_events_before_the_too_large_one_in_the_same_chunk_are_not_lost() -> None:
    parser = SseParser(20)
    assert parser.feed(b"data: 1\n\ndata: " + b"x" * 50 + b"\n\ndata: 2\n\n") == [b"1"]
    for _ in range(2):
        with pytest.raises(SseTooLargeError, match="larger than 20 bytes"):
            parser.feed(b"")


def test_comments_without_end_are_bounded_too() -> None:
    assert read([b": ping\n"] * 1_000, 1_000) == ([], True)


def test_finish_tells_whether_the_stream_ended_in_the_middle_of_an_event() -> None:
    for stream, whole in ((b"", True), (b"data: 1\n\n", True), (b"data: 1\n", False), (b"data", False)):
        parser = SseParser()
        parser.feed(stream)
        assert parser.finish() is whole


def test_an_event_that_comes_in_a_million_pieces_costs_linear_time() -> None:
    def seconds(size: int) -> float:
        parser, began = SseParser(10_000_000), time.process_time()
        for _ in range(size):
            parser.feed(b"x\n:")
        assert parser.feed(b"\n\n") == []
        return time.process_time() - began

    seconds(1_000)
    assert seconds(80_000) < 30 * max(seconds(10_000), 0.002)


def test_vendors_streams_are_read() -> None:
    chat = b"".join(b"data: " + json.dumps({"n": n}).encode() + b"\n\n" for n in range(100)) + b"data: [DONE]\n\n"
    assert len(read([chat])[0]) == 101
    named = b'event: message_start\ndata: {"type":"message_start"}\n\nevent: ping\ndata: {"type": "ping"}\n\n'
    assert read([named])[0] == [b'{"type":"message_start"}', b'{"type": "ping"}']
