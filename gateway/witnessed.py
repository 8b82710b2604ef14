"""A witness elsewhere, asked over HTTP to cosign each new checkpoint."""

import httpx

from audit.anchor import FileAnchor
from audit.errors import BookDamaged, BookError, ProofRefused
from audit.note import Verifier
from audit.place import Place
from audit.reader import Reader
from audit.witness import REQUEST_BYTES_MAX, accept, addition

_CONFLICT = 409
_UNPROVEN = 422
_DONE = 200


class Witnessed:
    """A C2SP witness; its cosigned checkpoints are kept in a file beside the book."""

    def __init__(self, url: str, witness: Verifier, kept: FileAnchor, *, wait_s_max: float) -> None:
        self._url = f"{url}/add-checkpoint"
        self._witness = witness
        self._kept = kept
        self._wait_s_max = wait_s_max

    async def add(self, book: Place) -> None:
        """Have the last checkpoint cosigned if it is new. Raises BookDamaged, BookError, OSError."""
        try:
            await self._add(book)
        except httpx.HTTPError as error:
            raise ConnectionError(str(error) or type(error).__name__) from error

    async def _add(self, book: Place) -> None:
        with Reader.open(book) as reader:
            last = self._kept.last()
            if reader.checkpoint is None or self._kept.check(reader) is None:
                return
            answer = await self._ask(reader, 0 if last is None else last.size)
            if answer.status_code == _CONFLICT:
                answer = await self._ask(reader, _size(answer))
            if answer.status_code in (_CONFLICT, _UNPROVEN):
                raise BookDamaged(f"the witness {self._witness.name} saw another history: {answer.text[:200].strip()}")
            if answer.status_code != _DONE:
                raise BookError(f"the witness {self._witness.name} answered with status {answer.status_code}")
            self._kept.keep(accept(reader.checkpoint, answer.content, self._witness))

    async def _ask(self, reader: Reader, old: int) -> httpx.Response:
        try:
            body = addition(reader, old).encode()
        except ProofRefused as error:
            raise BookDamaged(f"the witness {self._witness.name} saw {old} records: {error}") from error
        async with (
            httpx.AsyncClient(timeout=self._wait_s_max, follow_redirects=False) as client,
            client.stream("POST", self._url, content=body) as answer,
        ):
            size = 0
            pieces = []
            async for piece in answer.aiter_raw():
                size += len(piece)
                if size > REQUEST_BYTES_MAX:
                    raise BookError(
                        f"the witness {self._witness.name} answered with more than {REQUEST_BYTES_MAX} bytes"
                    )
                pieces.append(piece)
            return httpx.Response(answer.status_code, content=b"".join(pieces))


def _size(answer: httpx.Response) -> int:
    try:
        return int(answer.text[:20])
    except ValueError:
        raise BookError("the witness answered with a conflict and no size") from None
