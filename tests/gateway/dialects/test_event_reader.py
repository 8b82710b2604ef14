"""A reader of named events says of what it cannot read whose fault that is."""

from typing import Any

import pytest

from gateway.call import Event
from gateway.dialects.event_reader import EventReader, kind_of
from gateway.errors import UpstreamError


class Letters(EventReader):
    """Reads events of letters."""

    noun = "letter"

    def whole(self, tree: Any) -> Event:
        self._ended = True
        return Event({"letter": tree["letter"]}, [], whole=True)

    def read(self, tree: Any) -> Event:
        return self.whole(tree) if kind_of(tree) == "end" else Event(tree, [])


def test_events_come_in_order_and_a_marker_that_some_servers_add_says_nothing() -> None:
    reader = Letters()
    first, last = reader.feed([b'{"type":"a"}', b'{"type":"end","letter":"b"}', b"[DONE]"])
    assert (first.tree, last.tree) == ({"type": "a"}, {"letter": "b"})
    assert reader.finished
    assert Letters().plain(b'{"letter":"c"}').whole


@pytest.mark.parametrize(
    "payload", [b"{}", b"[]", b'{"type":5}', b'{"type":"a\\nb"}', b'{"type":"\xc3\xbc"}', b'{"type":"end"}']
)
def test_what_is_no_event_is_the_upstreams_fault(payload: bytes) -> None:
    with pytest.raises(UpstreamError, match="no letter"):
        Letters().feed([payload])
