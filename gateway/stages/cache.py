"""Equal calls answered from memory, if the profile asks for it: nothing is sent or charged, a step is taken.

Only calls without findings, tools, images, files or state at the provider, and only whole answers that ended well. The
key is all that may make an answer differ: tenant, the key's permissions, the policy's version, the model's targets, the
canonical request. The latest equal answer, however old, is what `last_good` gives in an outage (Route asks for it).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

import orjson

from limits.clock import Clock

from ..call import Call, Event, Reply, reply_of
from ..papers import Profile
from ..shelf import Shelf
from ..stage import CallStage
from ..written import Writing, read_again

REPLY_BYTES_MAX = 1 << 20
_WELL = frozenset({"stop", "end_turn", "completed"})  # each dialect's word for an answer that is all of it
_FRESH = frozenset({"no-cache", "no-store"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept answer: its bytes, its text, and when it was given (monotonic ns)."""

    written: bytes
    text: str
    at_ns: int


@dataclass(slots=True)
class _Keeping:
    """What Cache keeps of a call whose answer may be kept."""

    key: bytes
    writing: Writing
    texts: list[str] = field(default_factory=list)
    finish: str | None = None
    called: bool = False


class Cache(CallStage):
    """In memory, `bytes_max` over all profiles, and a number of entries for each."""

    def __init__(self, clock: Clock, *, bytes_max: int = 64 << 20) -> None:
        self._clock = clock
        self._bytes_max = bytes_max
        self._shelves: dict[str, Shelf[bytes, Entry]] = {}

    def admit(self, call: Call) -> Reply | None:
        """Answer from memory, or make ready to keep the answer."""
        profile = call.profile
        ttl_s = profile.cache_ttl_s if call.model.cache_ttl_s is None else call.model.cache_ttl_s
        if not (ttl_s or profile.last_good) or not _may_be_kept(call):
            return None
        key = _key(call)
        entry = self._shelf(profile).get(key)
        if entry is not None:
            age_s = (self._clock.monotonic_ns() - entry.at_ns) / 1e9
            if age_s < ttl_s and call.caller.headers.get("cache-control") not in _FRESH:
                call.decide("cache", "hit", age_s=int(age_s))
                call.headers["x-tollhouse-cache"] = "hit"
                return reply_of(read_again(call, entry.written), cached=True)
            if profile.last_good:
                call.kept["last_good"] = entry.text
        if ttl_s:
            call.headers["x-tollhouse-cache"] = "miss"
        call.kept["cache"] = _Keeping(key, Writing(REPLY_BYTES_MAX))
        return None

    def _shelf(self, profile: Profile) -> Shelf[bytes, Entry]:
        shelf = self._shelves.get(profile.name)
        if shelf is None:
            shelf = self._shelves[profile.name] = Shelf(
                entries_max=profile.cache_entries_max, bytes_max=self._bytes_max
            )
        return shelf

    def inspect_batch(self, call: Call, events: list[Event]) -> list[Event]:
        """Leave what is not kept alone."""
        return events if call.kept.get("cache") is None else super().inspect_batch(call, events)

    def inspect(self, call: Call, event: Event) -> Iterable[Event]:
        """Write the answer down as it came, before anything is restored in it."""
        keeping: _Keeping | None = call.kept.get("cache")
        if keeping is not None:
            keeping.writing.take(call, event)
            keeping.finish = event.finish or keeping.finish
            for part in event.parts:
                if part.kind == "text":
                    keeping.texts.append(part.text)
                elif part.kind == "arguments":
                    keeping.called = True
        return (event,)

    def settle(self, call: Call) -> None:
        """Keep an answer that ended well and in which nothing was found."""
        keeping: _Keeping | None = call.kept.get("cache")
        if keeping is None or not _ended_well(call, keeping):
            return
        written = keeping.writing.whole
        if written is not None:
            entry = Entry(written, "".join(keeping.texts), self._clock.monotonic_ns())
            self._shelf(call.profile).put(keeping.key, entry, 2 * len(written) + len(keeping.key))
            while sum(shelf.size_bytes for shelf in self._shelves.values()) > self._bytes_max:
                max(self._shelves.values(), key=lambda shelf: shelf.size_bytes).drop_oldest()


def _may_be_kept(call: Call) -> bool:
    request = call.request
    return not (
        request is None
        or call.findings
        or (call.is_for_tool and (not call.model.cache_ttl_s or call.model.name in call.profile.polling_tools))
        or request.tools
        or request.calls
        or request.results
        or request.images
        or request.files
        or request.unboundable
        or request.choices != 1
        or request.follows
        or request.kept
    )


def _ended_well(call: Call, keeping: _Keeping) -> bool:
    attempt = call.attempts[-1] if call.attempts else None
    return (
        not keeping.called
        and keeping.finish in _WELL
        and call.ending is None
        and call.degraded is None
        and not call.findings
        and not call.asked_again
        and attempt is not None
        and attempt.complete
        and not attempt.clamped
    )


def _key(call: Call) -> bytes:
    key, model, request = call.key, call.model, call.request
    said = [
        call.path,
        call.tenant.id,
        call.profile.version,
        key.profile.version,
        None if key.models is None else sorted(key.models),
        model.name,
        [target.name for target in model.targets],
        request.tree if request is not None else None,
    ]
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()
