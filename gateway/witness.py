"""A witness over HTTP, as C2SP tlog-witness says: one more machine that remembers how large the book was.

    POST /add-checkpoint            200 cosignature · 400 malformed · 403 not signed by the log · 404 unknown log ·
                                    409 another size is expected (its body says which) · 422 not an extension
    GET  /checkpoint/<sha256 hex>   the last cosigned checkpoint of the log of that origin, for auditors

Run it where nobody who administrates the gateway may write. It needs no secrets but its own key.
"""

import asyncio
from collections.abc import Iterable
from hashlib import sha256

from audit.errors import NoteRefused, ProofRefused
from audit.witness import REQUEST_BYTES_MAX, LogUnknown, NotSigned, TreeConflict, Witness

from .client import Receive, Send
from .routes import Scope

_TEXT = b"text/plain; charset=utf-8"
_SIZE = b"text/x.tlog.size"

Answer = tuple[int, bytes, bytes]
"""status, content type, body"""


class WitnessApp:
    """The ASGI application of one witness; `origins` are the logs that it may tell about."""

    def __init__(self, witness: Witness, origins: Iterable[str], *, read_s_max: float = 10.0) -> None:
        self._read_s_max = read_s_max
        self._witness = witness
        self._origins = {sha256(each.encode()).hexdigest(): each for each in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            return
        status, kind, body = await self._answer(scope, receive)
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        if path.startswith("/checkpoint/") and method == "GET":
            origin = self._origins.get(path.removeprefix("/checkpoint/"))
            note = None if origin is None else await asyncio.to_thread(self._witness.note, origin)
            return (404, _TEXT, b"no checkpoint of this log\n") if note is None else (200, _TEXT, note)
        if path != "/add-checkpoint":
            return 404, _TEXT, b"there is nothing at this path\n"
        if method != "POST":
            return 405, _TEXT, b"POST is what is done here\n"
        try:
            request = await asyncio.wait_for(_body(receive), self._read_s_max)
        except TimeoutError:
            return 408, _TEXT, b"the request did not come in in time\n"
        if request is None:
            return 413, _TEXT, f"at most {REQUEST_BYTES_MAX} bytes are read\n".encode()
        return await asyncio.to_thread(self._add, request)

    def _add(self, request: bytes) -> Answer:
        try:
            return 200, _TEXT, self._witness.add(request).line().encode()
        except TreeConflict as conflict:
            return 409, _SIZE, f"{conflict.size}\n".encode()
        except LogUnknown as error:
            return 404, _TEXT, f"{error}\n".encode()
        except NotSigned as error:
            return 403, _TEXT, f"{error}\n".encode()
        except NoteRefused as error:
            return 400, _TEXT, f"{error}\n".encode()
        except ProofRefused as error:
            return 422, _TEXT, f"{error}\n".encode()


async def _body(receive: Receive) -> bytes | None:
    """Return the body, None if it is too long."""
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        piece = message.get("body", b"")
        size += len(piece)
        if size > REQUEST_BYTES_MAX:
            return None
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)
