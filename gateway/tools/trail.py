"""The trail of a run: which tools it called, with what, and what came back; oldest first.

An entry's identity is its call's id, so a history that is sent again adds nothing. Ids that repeat (some servers count
from 0 in each answer) are told apart by their order. A call is told to be in a loop once, when it is first seen; the
note that its result then carries stays the same in every later request, so providers' prompt caches hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import orjson

from limits.loops import LoopPolicy, Verdict, judge, nudge
from limits.loops import ToolCall as Step

from ..call import Text, ToolCall, ToolResult
from ..shelf import Shelf

SEEN_MAX = 2_048
READ_MAX = 512
_NOTED_AMONG = 64
_PASS = Verdict()


def key_of(secret: bytes, tool: str, arguments: str) -> str:
    """Return a MAC over tool and canonical arguments: equal for the same call however written, and nothing to read.

    `secret` has 16 to 64 bytes; keyed BLAKE2b (RFC 7693), because HMAC takes three times as long.
    """
    try:
        canonical = orjson.dumps(orjson.loads(arguments), option=orjson.OPT_SORT_KEYS)
    except ValueError:
        canonical = arguments.encode("utf-8", "replace")
    return key_of_canonical(secret, tool, canonical)


def key_of_canonical(secret: bytes, tool: str, canonical: bytes) -> str:
    """Return the key of a call whose arguments are canonical already."""
    said = b"%b\0%b" % (tool.encode("utf-8", "replace"), canonical)
    return blake2b(said, key=secret, digest_size=16).hexdigest()


class Read(NamedTuple):
    """What a request told: how many calls were never seen before, and which calls now have their result."""

    new: int
    closed: list[tuple[str, Step]]


class Trail:
    """One run's trail, at most its last SEEN_MAX calls; of one request the last READ_MAX are read.

    A note looks at fewer calls before it than a refusal does: a history is judged call by call, a proposal once.
    For one event loop.
    """

    __slots__ = (
        "_at",
        "_claimed",
        "_dropped",
        "_failed",
        "_notes",
        "_policy",
        "_repeats",
        "_results",
        "_secret",
        "steps",
    )

    def __init__(self, secret: bytes, policy: LoopPolicy) -> None:
        self._secret = secret
        self._policy = policy
        self.steps: list[Step] = []
        self._at: dict[str, int] = {}
        self._claimed: set[str] = set()
        self._dropped = 0
        self._failed = False
        self._notes: dict[str, str] = {}
        self._results: set[str] = set()
        self._repeats: dict[str, int] = {}

    def read(self, calls: Sequence[ToolCall], results: Sequence[ToolResult], texts: Sequence[Text]) -> Read:
        """Take in what a request tells of earlier calls; `texts` are the request's texts, which results index.

        A request that goes on from what the provider keeps brings results without their calls: those are known here.
        """
        new = 0
        closed: list[tuple[str, Step]] = []
        answers = _by_identity(results)
        for identity, call in _named(calls[-READ_MAX:]):
            result = answers.get(identity)
            if identity not in self._at:
                new += 1
                key = key_of(self._secret, call.name, call.arguments)
                outcome = "" if result is None else self._outcome(result, texts)
                self._add(identity, call.name, key, outcome, failed=result is not None and result.failed)
            elif result is not None and identity not in self._results:
                self._answered(identity, result, texts)
            if result is not None and identity not in self._results:
                self._results.add(identity)
                closed.append((call.id, self.steps[self._at[identity] - self._dropped]))
        for identity, result in () if calls else answers.items():
            if identity in self._at and identity not in self._results:
                self._answered(identity, result, texts)
                self._results.add(identity)
                closed.append((result.call_id, self.steps[self._at[identity] - self._dropped]))
        return Read(new, closed)

    def _answered(self, identity: str, result: ToolResult, texts: Sequence[Text]) -> None:
        at = self._at[identity] - self._dropped
        step = self.steps[at]
        self.steps[at] = Step(step.tool, step.key, self._outcome(result, texts), result.failed)
        self._failed = self._failed or result.failed

    def notes(self, calls: Sequence[ToolCall], results: Sequence[ToolResult]) -> Iterator[tuple[ToolResult, str]]:
        """Yield the results that carry a note, with it."""
        if self._notes:
            answers = _by_identity(results)
            told = [identity for identity, _ in _named(calls[-READ_MAX:])] if calls else list(answers)
            for identity in told:
                if identity in self._notes and identity in answers:
                    yield answers[identity], self._notes[identity]

    def judge(self, tool: str, key: str, ahead: Sequence[Step] = ()) -> Verdict:
        """Judge a call that is proposed, after `ahead` of the same answer."""
        if not ahead and not self._may_loop(key):
            return _PASS
        return judge([*self.steps[-self._policy.history_max :], *ahead], tool, key, self._policy)

    def _note(self, identity: str, tool: str, key: str) -> None:
        if self._may_loop(key):
            verdict = judge(self.steps[-_NOTED_AMONG:], tool, key, self._policy)
            if verdict.action == "nudge":
                self._notes[identity] = nudge(verdict, tool[:64])

    def propose(self, call_id: str, tool: str, key: str, earlier: Sequence[ToolCall]) -> None:
        """Take in a call that is released; `earlier` are those of the request it answers."""
        nth = sum([call.id == call_id for call in earlier]) if earlier else 0
        identity = _identity(call_id, nth)
        if identity not in self._at:
            self._add(identity, tool, key)

    def claim(self, call_id: str | None, key: str) -> str | None:
        """Return the identity of the open proposal that a call carries out, and take it; None if it is a new call.

        That is the one of its id, if what was proposed is what is called; without an id the oldest of the same key.
        """
        if call_id is not None:
            at = self._at.get(call_id)
            found = call_id if at is not None and self.steps[at - self._dropped].key == key else None
        else:
            found = next((identity for identity in self._at if self._is_open(identity, key)), None)
        if found is not None:
            self._claimed.add(found)
        return found

    def _is_open(self, identity: str, key: str) -> bool:
        step = self.steps[self._at[identity] - self._dropped]
        return step.key == key and not step.outcome and identity not in self._claimed

    def add(self, call_id: str, tool: str, key: str) -> str:
        """Take in a call that was proposed nowhere, and take it to be carried out; return its identity."""
        identity = call_id if call_id not in self._at else f"{call_id}\0{key}"
        if identity not in self._at:
            self._add(identity, tool, key)
        self._claimed.add(identity)
        return identity

    def rekey(self, identity: str, key: str) -> None:
        """Let a call stand with the arguments in which it was approved."""
        at = self._at.get(identity)
        if at is not None:
            step = self.steps[at - self._dropped]
            self.steps[at - self._dropped] = Step(step.tool, key, step.outcome, step.failed)
            self._repeats[step.key] -= 1
            if not self._repeats[step.key]:
                del self._repeats[step.key]
            self._repeats[key] = self._repeats.get(key, 0) + 1

    def let_go(self, identity: str) -> None:
        """Leave a claimed call open: it was not carried out, and may come again."""
        self._claimed.discard(identity)

    def close(self, identity: str, outcome: str, *, failed: bool) -> str | None:
        """Take in the result of a call; return its key, None if it is unknown or had its result before."""
        at = self._at.get(identity)
        if at is None or identity in self._results:
            return None
        step = self.steps[at - self._dropped]
        digest = blake2b(outcome.encode("utf-8", "replace"), key=self._secret, digest_size=16).hexdigest()
        self.steps[at - self._dropped] = Step(step.tool, step.key, digest, failed)
        self._failed = self._failed or failed
        self._results.add(identity)
        return step.key

    def note(self, identity: str) -> str | None:
        """Return the note that a call's result is to carry."""
        return self._notes.get(identity)

    def key(self, tool: str, arguments: str, tree: object = None) -> str:
        """Return a call's key; `tree` are the arguments decoded, if they are."""
        if tree is None:
            return key_of(self._secret, tool, arguments)
        return key_of_canonical(self._secret, tool, orjson.dumps(tree, option=orjson.OPT_SORT_KEYS))

    def _add(self, identity: str, tool: str, key: str, outcome: str = "", *, failed: bool = False) -> None:
        self._note(identity, tool, key)
        self._at[identity] = self._dropped + len(self.steps)
        self.steps.append(Step(tool, key, outcome, failed))
        self._failed = self._failed or failed
        self._repeats[key] = self._repeats.get(key, 0) + 1
        if len(self.steps) > SEEN_MAX:
            self._forget()

    def _may_loop(self, key: str) -> bool:
        """Tell cheaply whether judging is worth it: every rule but the one for errors needs something to come again."""
        if self._failed or self._repeats.get(key, 0) >= self._policy.nudge_at - 1:
            return True
        steps = self.steps
        return len(steps) > 1 and steps[-1].outcome == steps[-2].outcome != ""

    def _outcome(self, result: ToolResult, texts: Sequence[Text]) -> str:
        said = "\0".join([texts[index].value for index in result.texts])
        return blake2b(said.encode("utf-8", "replace"), key=self._secret, digest_size=16).hexdigest()

    def _forget(self) -> None:
        identity = next(iter(self._at))
        del self._at[identity]
        self._notes.pop(identity, None)
        self._results.discard(identity)
        self._claimed.discard(identity)
        key = self.steps.pop(0).key
        self._dropped += 1
        self._repeats[key] -= 1
        if not self._repeats[key]:
            del self._repeats[key]


class Trails:
    """The trails of runs, the least recently used forgotten first; a forgotten one is read again."""

    def __init__(self, secret: bytes, *, trails_max: int = 10_000) -> None:
        self._secret = secret
        self._trails: Shelf[str, Trail] = Shelf(entries_max=trails_max, bytes_max=0)
        self._expected: Shelf[str, Trail] = Shelf(entries_max=trails_max, bytes_max=0)

    def expect(self, run_id: str, trail: Trail) -> None:
        """Keep the trail of a call in no run, for the run that may go on from it without its history."""
        self._expected.put(run_id, trail)

    def find(self, run_id: str) -> Trail | None:
        """Return a run's trail if it is in memory."""
        return self._trails.get(run_id)

    def of(self, run_id: str | None, policy: LoopPolicy) -> tuple[Trail, bool]:
        """Return a run's trail and whether it is new; a call without a run has one of its own."""
        if run_id is None:
            return Trail(self._secret, policy), True
        trail = self._trails.get(run_id)
        if trail is not None:
            return trail, False
        trail = self._expected.get(run_id) or Trail(self._secret, policy)
        self._expected.drop(run_id)
        self._trails.put(run_id, trail)
        return trail, True


def _named(calls: Sequence[ToolCall]) -> Iterable[tuple[str, ToolCall]]:
    """Return calls with their identities, in order."""
    by_id = {call.id: call for call in calls}
    if len(by_id) == len(calls):
        return by_id.items()
    times: dict[str, int] = {}
    named = []
    for call in calls:
        nth = times.get(call.id, 0)
        times[call.id] = nth + 1
        named.append((_identity(call.id, nth), call))
    return named


def _by_identity(results: Sequence[ToolResult]) -> dict[str, ToolResult]:
    by_id = {result.call_id: result for result in results}
    if len(by_id) == len(results):
        return by_id
    times: dict[str, int] = {}
    found: dict[str, ToolResult] = {}
    for result in results:
        nth = times.get(result.call_id, 0)
        times[result.call_id] = nth + 1
        found[_identity(result.call_id, nth)] = result
    return found


def _identity(call_id: str, nth: int) -> str:
    return f"{call_id}\0{nth}" if nth else call_id
