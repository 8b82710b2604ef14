"""JSON-RPC with one peer on behalf of many clients: each message goes out under an id and a progress token of ours.

So nobody gets another's answer; the client's own id and token come back with it. What belongs to no message (log
messages, changed lists) is dropped: it may be another client's. What the peer asks is refused, for nobody in particular
is there to be asked. Members of a message that are not ours to change keep their bytes.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Raw

from ..upstream.failure import UpstreamFailure

STREAM, JSON = "text/event-stream", "application/json"
_PROGRESS_MAX = 64
_REFUSED = {"code": -32601, "message": "this client is a gateway: nobody is there to be asked that"}
_CANCEL = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d,"reason":"nobody waits"}}'
Members = dict[str, Raw]
Item = bytes | UpstreamFailure


def members(text: bytes | Raw) -> Members:
    """Return an object's members as they are written; msgspec.DecodeError if it is none."""
    return msgspec.json.decode(text, type=Members)


def word(raw: Raw | None) -> str:
    """Return a member that is a text, "" for anything else."""
    try:
        return "" if raw is None else msgspec.json.decode(raw, type=str)
    except msgspec.DecodeError:
        return ""


def meta_of(params: Members) -> Members:
    """Return what params say in `_meta`; nothing if that is no object."""
    try:
        return members(params.get("_meta", b"{}"))
    except msgspec.DecodeError:
        return {}


@dataclass(slots=True)
class Waiting:
    """Who waits for one answer: under which id and token of its own, and what came for it."""

    client_id: Raw
    token: Raw | None
    named: tuple[str, bytes] | None
    came: asyncio.Queue[Item] = field(default_factory=asyncio.Queue)


class SharedLine:
    """Messages to and from one peer; `write` sends a line, False if the peer does not take it."""

    def __init__(self, write: Callable[[bytes], bool], *, waiting_max: int) -> None:
        self._write = write
        self._waiting_max = waiting_max
        self._waiting: dict[int, Waiting] = {}
        self._named: dict[tuple[str, bytes], int] = {}
        self._numbers = itertools.count(1)
        self._failure: UpstreamFailure | None = None

    def ask(self, message: Members, *, session: str | None, until_s: float) -> "LineReply":
        """Send a message that is to be answered before `until_s` (of the loop); UpstreamFailure if it cannot be sent.

        `session` names the client, so that it may cancel the message by its own id.
        """
        if self._failure is not None:
            raise self._failure
        if len(self._waiting) >= self._waiting_max:
            raise _unsent("busy")
        number = next(self._numbers)
        own = Raw(b"%d" % number)
        named = None if session is None else (session, bytes(message["id"]))
        waiting = Waiting(message["id"], None, named)
        out = {**message, "id": own}
        if "params" in message:
            params = members(message["params"])
            meta = meta_of(params)
            if "progressToken" in meta:
                waiting.token, meta["progressToken"] = meta["progressToken"], own
                out["params"] = Raw(msgspec.json.encode({**params, "_meta": meta}))
        if not self._write(msgspec.json.encode(out)):
            raise _unsent("busy")
        self._waiting[number] = waiting
        if named is not None:
            self._named[named] = number
        return LineReply(self, number, waiting, until_s)

    def cancel(self, session: str, client_id: bytes) -> None:
        """Let a client cancel a message of its own, which is not answered then."""
        number = self._named.get((session, client_id))
        if number is not None:
            self._waiting[number].came.put_nowait(
                UpstreamFailure("cancelled", source="us", phase="first_byte", sent=True, retryable=False)
            )
            self.give_up(number)

    def give_up(self, number: int) -> None:
        """Wait no longer for an answer, and let the peer know; harmless once it is there."""
        if self._forget(number) is not None:
            self._write(_CANCEL % number)

    def _forget(self, number: int) -> Waiting | None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None and waiting.named is not None and self._named.get(waiting.named) == number:
            del self._named[waiting.named]
        return waiting

    def hear(self, line: bytes) -> bool:
        """Take a line of the peer's; False if it is no message."""
        try:
            message = members(line)
            if "method" in message:
                self._told(message)
            elif (number := _number(message.get("id"))) is not None:
                waiting = self._forget(number)
                if waiting is not None:
                    waiting.came.put_nowait(msgspec.json.encode({**message, "id": waiting.client_id}))
        except msgspec.DecodeError:
            return False
        return True

    def _told(self, message: Members) -> None:
        method, asked = word(message["method"]), message.get("id")
        if asked is not None:
            said = {"result": {}} if method == "ping" else {"error": _REFUSED}
            self._write(msgspec.json.encode({"jsonrpc": "2.0", "id": asked, **said}))
        elif method == "notifications/progress":
            params = members(message.get("params", b"{}"))
            number = _number(params.get("progressToken"))
            waiting = None if number is None else self._waiting.get(number)
            if waiting is not None and waiting.token is not None and waiting.came.qsize() < _PROGRESS_MAX:
                params["progressToken"] = waiting.token
                waiting.came.put_nowait(msgspec.json.encode({**message, "params": params}))

    def fail(self, cause: str) -> None:
        """Let all who wait know that the peer is gone, and all who come."""
        self._failure = _unsent(cause)
        for number in list(self._waiting):
            waiting = self._forget(number)
            if waiting is not None:
                waiting.came.put_nowait(
                    UpstreamFailure(cause, source="upstream", phase="first_byte", sent=True, retryable=True)
                )


class LineReply:
    """The answer to one message, in an `UpstreamReply`'s form; a stream if progress may come before it."""

    status = 200

    def __init__(self, line: SharedLine, number: int, waiting: Waiting, until_s: float) -> None:
        self._line = line
        self._number = number
        self._waiting = waiting
        self._until_s = until_s
        self.headers: Sequence[tuple[str, str]] = (("content-type", JSON if waiting.token is None else STREAM),)

    def header(self, name: str) -> str | None:
        """Return the first header of that lower-case name."""
        return dict(self.headers).get(name)

    async def read(self, size_bytes_max: int) -> bytes:
        """Return the answer; see `UpstreamReply.read`."""
        while True:
            message = await self._next(size_bytes_max)
            if b'"method"' not in message or "method" not in members(message):
                return message

    async def chunks(self, size_bytes_max: int) -> AsyncIterator[bytes]:
        """Yield progress as it comes, and the answer, as events of a stream."""
        is_last = False
        while not is_last:
            message = await self._next(size_bytes_max)
            is_last = "method" not in members(message)
            yield b"data: %b\n\n" % message

    async def _next(self, size_bytes_max: int) -> bytes:
        try:
            async with asyncio.timeout_at(self._until_s):
                item = await self._waiting.came.get()
        except TimeoutError:
            self.abort()
            raise UpstreamFailure(
                "deadline", source="network", phase="first_byte", sent=True, retryable=False
            ) from None
        if isinstance(item, UpstreamFailure):
            raise item
        if len(item) > size_bytes_max:
            self.abort()
            raise UpstreamFailure("too_large", source="upstream", phase="body", sent=True, retryable=False)
        return item

    def abort(self) -> None:
        """Wait no longer."""
        self._line.give_up(self._number)


class Whole:
    """An answer that is there already."""

    def __init__(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.headers: Sequence[tuple[str, str]] = (("content-type", JSON), *(headers or {}).items())
        self._body = body

    def header(self, name: str) -> str | None:
        """Return the first header of that lower-case name."""
        return dict(self.headers).get(name)

    async def read(self, size_bytes_max: int) -> bytes:  # noqa: ARG002 - it is ours
        """Return it."""
        return self._body

    async def chunks(self, size_bytes_max: int) -> AsyncIterator[bytes]:  # noqa: ARG002 - as above
        """Yield it."""
        yield self._body

    def abort(self) -> None:
        """Do nothing: it is there."""


def _number(raw: Raw | None) -> int | None:
    text = b"" if raw is None else bytes(raw)
    return int(text) if text.isdigit() and len(text) <= 18 else None  # noqa: PLR2004 - below 2^63


def _unsent(cause: str) -> UpstreamFailure:
    return UpstreamFailure(cause, source="upstream", phase="connect", sent=False, retryable=True)
