"""The view that the hot path reads: keys by hash, tenants, runs. In memory; never awaits, never touches the disk.

Only `Registry` changes it, and only after the change is durable, so what is seen here is always in the book.
"""

import hmac
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from limits.clock import Clock
from limits.runs import RunLimits

from ..errors import BudgetExceeded, InvalidRequest, NotAllowed, RateLimitExceeded, RunEnded
from ..papers import Key, Profile, Run, Tenant
from ..state.load import Standing
from .tokens import RUN_PREFIX, TOKEN_CHARS_MAX, digest, mint_run_id, run_of_token, run_token

RUN_SLACK_S = 86_400
"""How long a run is kept after its wall-clock could have run out: that stands still while it waits for a person."""
RUN_KEYS_MAX = 16_384
"""How many run keys that were proven genuine are remembered; after that they are proven anew."""
RUN_DIMENSIONS = frozenset(each.name for each in fields(RunLimits) if each.init)
"""What a client may lower."""
_RUN_PREFIX = RUN_PREFIX.encode()


class Directory:
    """Papers by what callers show. Not thread-safe: one event loop owns it."""

    __slots__ = (
        "_by_id",
        "_clock",
        "_digests",
        "_keys",
        "_run_keys",
        "_runs",
        "_runs_max",
        "_secret",
        "_tenants",
        "profiles",
        "stopped",
    )

    def __init__(self, standing: Standing, *, run_secret: bytes, clock: Clock, runs_max: int = 1_000_000) -> None:
        self.profiles: Mapping[str, Profile] = MappingProxyType(dict(standing.profiles))
        self._clock = clock
        self._secret = run_secret
        self._runs_max = runs_max
        self._tenants = dict(standing.tenants)
        self._keys = dict(standing.keys)
        self._digests = {key.id: hashed for hashed, key in standing.keys.items()}
        self._by_id = {key.id: key for key in standing.keys.values()}
        self._runs = dict(standing.runs)
        self._run_keys: dict[bytes, Key] = {}
        self.stopped = set(standing.stopped)
        """Scopes (`tenant:ID`, `key:ID`) whose kill switch is on."""

    def key_of(self, token: bytes | str) -> Key | None:
        """Return the usable key that this text is, else None: unknown, revoked, expired, of a disabled tenant.

        A run's key is returned also when its run has ended, so that the caller is told so; see `why_ended`.
        Nothing is compared byte by byte with a secret: a key is found by its hash, a run's key by a constant-time test.
        """
        if isinstance(token, str):
            token = token.encode("utf-8", "replace")
        if len(token) > TOKEN_CHARS_MAX:
            return None
        if token.startswith(_RUN_PREFIX):
            return self._run_key(token)
        key = self._keys.get(digest(token))
        return key if key is not None and key.usable(self._clock.utc_us()) else None

    def _run_key(self, token: bytes) -> Key | None:
        hashed = digest(token)
        key = self._run_keys.get(hashed)
        if key is None:
            run = self._runs.get(run_of_token(token) or "")
            opener = None if run is None else self._by_id.get(run.key_id)
            if run is None or opener is None or not hmac.compare_digest(token, self.token_of(run).encode()):
                return None
            key = replace(opener, role="run", run_id=run.id)
            if len(self._run_keys) >= RUN_KEYS_MAX:
                self._run_keys.clear()
            self._run_keys[hashed] = key
        return key if key.usable(self._clock.utc_us()) and key.run_id in self._runs else None

    def token_of(self, run: Run) -> str:
        """Return the run's key under the policy now in force."""
        return run_token(self._secret, run.tenant_id, run.key_id, run.id, run.profile.version)

    def now_us(self) -> int:
        """Return the instant it is (µs UTC)."""
        return self._clock.utc_us()

    def tenant(self, tenant_id: str) -> Tenant | None:
        """Return a tenant by its id."""
        return self._tenants.get(tenant_id)

    def key(self, key_id: str) -> Key | None:
        """Return a key by its public id, whether it is usable or not."""
        return self._by_id.get(key_id)

    def run(self, run_id: str) -> Run | None:
        """Return a run that has not expired."""
        return self._runs.get(run_id)

    def run_for(self, key: Key, run_id: str) -> Run | None:
        """Return a run that this key may speak in: its own, or, for a run's key, this run and its descendants."""
        run = self._runs.get(run_id)
        if run is None or run.key_id != key.id or run.tenant_id != key.tenant.id:
            return None
        return run if key.run_id is None or key.run_id in run.path else None

    def has_ended(self, run_id: str) -> bool:
        """Tell whether a run is over; one that is not known may yet be opened."""
        run = self._runs.get(run_id)
        return run is not None and self.why_ended(run) is not None

    def why_ended(self, run: Run) -> str | None:
        """Return `ended`, `killed` or `expired` if the run or an ancestor is over, else None."""
        for member_id in run.path:
            member = self._runs.get(member_id)
            if member is None:
                return "expired"
            if member.status != "open":
                return member.status
        return "expired" if self._clock.utc_us() >= run.expires_us else None

    def tenants(self) -> Iterator[Tenant]:
        """Yield all tenants by id."""
        return iter(sorted(self._tenants.values(), key=lambda tenant: tenant.id))

    def keys_of(self, tenant_id: str | None = None) -> Iterator[Key]:
        """Yield all keys, or a tenant's, by id."""
        found = (key for key in self._by_id.values() if tenant_id in (None, key.tenant.id))
        return iter(sorted(found, key=lambda key: key.id))

    def runs(self, tenant_id: str | None = None) -> Iterator[Run]:
        """Yield the runs in memory, or a tenant's, latest first."""
        return (run for run in reversed(self._runs.values()) if tenant_id in (None, run.tenant_id))

    def new_run(
        self,
        key: Key,
        wanted: Mapping[str, int] | None = None,
        run_id: str | None = None,
        tools: tuple[str, ...] | None = None,
    ) -> Run:
        """Return a run that may be opened for a key, a child if the key is a run's; nothing is changed yet.

        `run_id` is given for a client-made id (its pseudonym), else it is random. `wanted` maps dimensions of
        `limits.runs.RunLimits` to limits: each lowers the profile's, none raises it. `tools` narrows what it may call;
        what narrows its parent (its plan too, as it stands now) narrows it.
        Raises InvalidRequest (unknown dimension), RunEnded, BudgetExceeded (depth), NotAllowed, RateLimitExceeded.
        """
        if key.role not in ("client", "run"):
            raise NotAllowed(f"a key of role {key.role} opens no runs; use a client's key")
        if len(self._runs) >= self._runs_max and not self.forget_expired():
            raise RateLimitExceeded(
                f"{len(self._runs)} runs are open, at most {self._runs_max} are kept; end runs that are done",
                limit=self._runs_max,
                actual=len(self._runs),
            )
        above = None if key.run_id is None else self._runs.get(key.run_id)
        if key.run_id is not None and above is None:
            raise RunEnded(f"run {key.run_id} has expired; it has no children any more", param="run")
        if above is not None:
            self._refuse_child(above)
        limits = lowered(key.profile.run, wanted or {})
        now = self._clock.utc_us()
        expires = now + ((limits.seconds or 0) + RUN_SLACK_S) * 1_000_000
        run_id = run_id or mint_run_id()
        lists = () if above is None else above.tools if above.plan is None else (*above.tools, above.plan)
        return Run(
            id=run_id,
            tenant_id=key.tenant.id,
            key_id=key.id,
            parent=None if above is None else above.id,
            path=(run_id,) if above is None else (*above.path, run_id),
            limits=limits,
            opened_us=now,
            expires_us=expires if above is None else min(expires, above.expires_us),
            status="open",
            profile=self.profiles.get(key.profile.name, key.profile),
            tools=lists if tools is None else (*lists, tools),
        )

    def inferred_run(self, key: Key, run_id: str, expires_us: int, spent_nano: int) -> Run | None:
        """Return a run that may be opened for a key because an id of its came back; nothing is changed yet.

        It has a limit on dollars alone, less what its first call had cost. None if half of all places are taken: the
        others are for runs that somebody asks for.
        """
        if 2 * len(self._runs) >= self._runs_max:
            return None
        profile = self.profiles.get(key.profile.name, key.profile)
        nano = profile.run.nano_usd
        limits = RunLimits(nano_usd=None if nano is None else max(0, nano - spent_nano))
        now = self._clock.utc_us()
        return Run(run_id, key.tenant.id, key.id, None, (run_id,), limits, now, expires_us, "open", profile, "inferred")

    def _refuse_child(self, above: Run) -> None:
        if (why := self.why_ended(above)) is not None:
            raise RunEnded(f"run {above.id} is over ({why}); it has no children any more", param="run")
        for below, ancestor_id in enumerate(reversed(above.path), start=1):
            depth = self._runs[ancestor_id].limits.depth
            if depth is not None and below > depth:
                raise BudgetExceeded(
                    f"run {ancestor_id} may have {depth} levels of children, this would be level {below}",
                    param="run.depth",
                    limit=depth,
                    actual=below,
                )

    def overlaid(self) -> Standing:
        """Return the papers as they stand, to read others over them: those lie in each mapping's first map."""
        return Standing(
            self.profiles, ChainMap({}, self._tenants), ChainMap({}, self._keys), ChainMap({}, self._runs), set()
        )

    # what the Registry calls once a change is durable

    def see_tenant(self, tenant: Tenant) -> None:
        """Take over a new or changed tenant, and show it to its keys."""
        self._tenants[tenant.id] = tenant
        for key in [key for key in self._by_id.values() if key.tenant.id == tenant.id]:
            self._place(replace(key, tenant=tenant), self._digests[key.id])

    def see_key(self, key: Key, hashed: bytes | None = None) -> None:
        """Take over a new or changed key; a new one comes with the SHA-256 of its text."""
        self._place(key, self._digests[key.id] if hashed is None else hashed)

    def _place(self, key: Key, hashed: bytes) -> None:
        self._keys[hashed] = self._by_id[key.id] = key
        self._digests[key.id] = hashed
        self._run_keys.clear()

    def see_run(self, run: Run) -> None:
        """Take over a new or changed run."""
        self._runs[run.id] = run

    def forget_expired(self) -> int:
        """Drop the runs that have expired; return how many. Call it now and then."""
        now = self._clock.utc_us()
        over = [run.id for run in self._runs.values() if run.expires_us <= now]
        for run_id in over:
            del self._runs[run_id]
        return len(over)


def lowered(limits: RunLimits, wanted: Mapping[str, int]) -> RunLimits:
    """Return limits no higher than `limits` and no higher than `wanted`; the same object if nothing changes."""
    own = limits.as_dict()
    lower: dict[str, int] = {}
    for dimension, limit in wanted.items():
        if dimension not in RUN_DIMENSIONS:
            raise InvalidRequest(f"a run has no limit named {dimension!r}", param=f"limits.{dimension}"[:128])
        if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= 2**53:
            raise InvalidRequest(f"the limit {dimension} must be a whole number from 0", param=f"limits.{dimension}")
        if limit < own.get(dimension, 2**62):
            lower[dimension] = limit
    return RunLimits(**(own | lower)) if lower else limits
