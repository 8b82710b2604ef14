"""Names that one process at a time has: which call runs under an Idempotency-Key, over all processes.

    free ──claim──▶ running ──done──▶ done (for a minute: by then whoever asks has seen what became of it) ──▶ free
                       └──free, or its time is over──▶ free
Over the ledger's connection: without Redis nothing is claimed, and no call that needs a claim is let in.
"""

from collections.abc import Callable

import hiredis

from .link import Link
from .wire import Lost, packed

_DONE_MS = 60_000
_FREE = """\
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


class Claims:
    """Claims in one Redis. `unavailable` makes the error that is raised when it cannot answer."""

    def __init__(self, link: Link, unavailable: Callable[[str], Exception]) -> None:
        self._link = link
        self._unavailable = unavailable

    async def claim(self, name: str, who: bytes, left_s: float) -> tuple[bool, bytes]:
        """Claim a name for at most `left_s`: (True, b"") if it was free, else whether it is done, and by whom.

        Returns (False, who) while another has it and (True, who) when that one is done.
        """
        try:
            wire = await self._link.ready()
            held = await wire.must(
                packed("SET", _key(name), b"r" + who, "NX", "GET", "PX", max(1, round(left_s * 1e3)))
            )
        except (Lost, hiredis.ReplyError) as error:
            raise self._unavailable(f"nobody can say whether this runs elsewhere: {error}") from error
        if held is None:
            return True, b""
        return held[:1] == b"d", held[1:]

    def done(self, name: str, who: bytes) -> None:
        """Say that what was claimed is done, and can be seen by all."""
        self._end(name, who, b"d" + who)

    def free(self, name: str, who: bytes) -> None:
        """Give a claim back."""
        self._end(name, who, b"")

    def _end(self, name: str, who: bytes, then: bytes) -> None:
        wire = self._link.wire
        if wire is None:
            return
        try:
            wire.send(packed("EVAL", _FREE, 1, _key(name), b"r" + who, then, _DONE_MS), _nothing)
        except Lost:
            return


def _key(name: str) -> str:
    return f"th:claim:{name}"


def _nothing(_reply: object) -> None:
    """Take no notice: a claim that cannot be given back ends by itself."""
