"""A reply as its bytes on the wire, kept to be given again: no tree is copied, and any dialect reads its own."""

from .call import Call, Event
from .upstream.sse import SseParser


class Writing:
    """Collects one reply; above `bytes_max` it is given up, and `whole` is None."""

    __slots__ = ("_bytes_max", "_pieces", "_size")

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, call: Call, event: Event) -> None:
        """Take an event as it stands now."""
        if event.silent or self._size > self._bytes_max:
            return
        streams = call.clear is not None and call.clear.stream
        piece = call.dialect.write(event) if streams else call.dialect.write_plain(event)
        self._size += len(piece)
        if self._size > self._bytes_max:
            self._pieces.clear()
        else:
            self._pieces.append(piece)

    @property
    def whole(self) -> bytes | None:
        """The reply's bytes; None if there were too many, or none."""
        return b"".join(self._pieces) if 0 < self._size <= self._bytes_max else None


def read_again(call: Call, written: bytes) -> list[Event]:
    """Return the events of a reply to an equal request, under this call's id."""
    request = call.clear
    assert request is not None  # noqa: S101 - whoever keeps replies has read the request
    reader = call.dialect.reader(request)
    events = reader.feed(SseParser(len(written)).feed(written)) if request.stream else [reader.plain(written)]
    for event in events:
        call.dialect.renew(event, call.id.removeprefix("call_"))
    return events
