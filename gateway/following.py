"""Sees what other processes change in `state`: keys, tenants, caps, runs, stops, approvals, kept replies.

    another process commits ──▶ state_change (state/feed.py) ──looked at every 0.25 s──▶ Directory, Approvals, Replies
                                    └─ at once, before a call whose key, run or question is not known here, and
                                       before whatever an operator asks

So what one process has changed is in force in all others 0.25 s and one query later, and what one has made can be used
at any other without waiting. Many callers who wait for a look share one: strangers cost one query at a time.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from audit.database import Database
from audit.errors import BookError
from audit.place import Place
from limits.clock import Clock

from .approvals import Approvals
from .directory import Directory
from .errors import AuditUnavailable
from .replies import Replies
from .state.feed import CHANGES, KEPT_S
from .state.load import Chosen, Standing, add
from .tools.approval import Approval

log = logging.getLogger("tollhouse.following")

EVERY_S = 0.25
BATCH = 500

_REPLIES = "SELECT key, id, length(sealed), expires_us FROM state_reply WHERE id IN ({})"


@dataclass(slots=True)
class _Read:
    """One batch: the last number, the papers that changed, scopes of stops, approvals (None: gone), replies."""

    last: int
    number: int
    standing: Standing
    scopes: set[str]
    approvals: dict[str, Approval | None]
    replies: list[tuple[Any, ...]]


class Following:
    """Follows one database. `seen` is the last change that the directory was loaded with. For one event loop."""

    def __init__(
        self,
        place: Place,
        directory: Directory,
        approvals: Approvals,
        replies: Replies,
        clock: Clock,
        *,
        seen: int,
        cut: Callable[[str], object],
    ) -> None:
        """`cut` ends the calls under way in a scope that was stopped, or in a run that ended."""
        self._place = place
        self._seen = seen
        self._directory = directory
        self._approvals = approvals
        self._replies = replies
        self._clock = clock
        self._cut = cut
        self._db: Database | None = None
        self._one_look = asyncio.Lock()
        self._begun = 0
        self._done_ns = clock.monotonic_ns()
        self._failure: str | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._every())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._drop()

    def unready(self) -> list[str]:
        """Return why this process may not know what others have changed; empty if it does."""
        if (self._clock.monotonic_ns() - self._done_ns) / 1e9 > KEPT_S / 2:
            return ["changes of others were missed for too long: this process must be started anew"]
        return [] if self._failure is None else [f"the shared state cannot be read: {self._failure}"]

    async def catch_up(self) -> None:
        """See all that was committed before this call. Raises AuditUnavailable."""
        begun = self._begun
        async with self._one_look:
            if self._begun > begun:
                return  # a look began after this call did, and has ended
            try:
                while await self._look():
                    pass
            except (self._place.errors, BookError) as error:
                self._failure = type(error).__name__
                self._drop()
                raise AuditUnavailable(f"the shared state cannot be read ({error}); try again") from error
            self._failure = None
            self._done_ns = self._clock.monotonic_ns()

    async def _every(self) -> None:
        while True:
            try:
                await self.catch_up()
            except AuditUnavailable as error:
                log.warning("%s", error.message)
            await asyncio.sleep(EVERY_S)

    async def _look(self) -> bool:
        """Take over one batch of changes; tell whether there may be more."""
        self._begun += 1
        read = await asyncio.to_thread(self._read)
        if read is None:
            return False
        self._take(read)
        self._seen = read.last
        return read.number == BATCH

    def _read(self) -> _Read | None:
        """Read what has changed; in a thread of its own, while the event loop goes on."""
        if self._db is None:
            self._db = self._place.connect(read_only=True)
        db = self._db

        def query(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
            return db.execute(sql, parameters).fetchall()

        rows = query(CHANGES, (self._seen, BATCH))
        if not rows:
            return None
        ids: dict[str, set[str]] = {"tenant": set(), "key": set(), "run": set(), "approval": set(), "reply": set()}
        scopes = {name for _, kind, name in rows if kind == "scope"}
        for kind, name in [*(row[1:] for row in rows if row[1] != "scope"), *(scope.split(":", 1) for scope in scopes)]:
            ids.setdefault("run" if kind == "plan" else kind, set()).add(name)
        standing = self._directory.overlaid()
        add(standing, query, self._clock.utc_us(), Chosen(ids["tenant"], ids["key"], ids["run"]))
        found = {each.id: each for each in self._approvals.rows.some(query, ids["approval"])}
        approvals = {name: found.get(name) for name in ids["approval"]}
        marks = ", ".join("?" * len(ids["reply"]))
        replies = query(_REPLIES.format(marks), tuple(ids["reply"])) if ids["reply"] else []
        return _Read(rows[-1][0], len(rows), standing, scopes, approvals, replies)

    def _take(self, read: _Read) -> None:
        """Let what was read be seen; what was ended or stopped here is not taken back by an older row."""
        directory = self._directory
        for tenant in _new(read.standing.tenants):
            directory.see_tenant(read.standing.tenants[tenant])
        for hashed in _new(read.standing.keys):
            directory.see_key(read.standing.keys[hashed], hashed)
        for name in _new(read.standing.runs):
            run, known = read.standing.runs[name], directory.run(name)
            was_open = known is None or known.status == "open"
            if was_open or run.status != "open":
                directory.see_run(run)
            if was_open and run.status != "open":
                self._cut(run.scope)
        for scope in read.scopes:
            if scope in read.standing.stopped:
                directory.stopped.add(scope)
                self._cut(scope)
            else:
                directory.stopped.discard(scope)
        for name, approval in read.approvals.items():
            self._approvals.become(name, approval)
        for reply in read.replies:
            self._replies.see(*reply)

    def _drop(self) -> None:
        """Give the connection up."""
        if self._db is not None:
            self._db.close()
            self._db = None


def _new(papers: Any) -> list[Any]:
    """Return the keys that were read into an overlaid mapping."""
    return list(papers.maps[0])
