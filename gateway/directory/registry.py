"""Every change of the directory: checked, written with its record in one transaction, and only then seen.

    checked ──▶ book: record + state, durable ──▶ ledger ──▶ Directory
                └─ cannot be written: nothing has changed, AuditUnavailable

Changes of tenants and keys go one after the other. Runs do not wait for each other: their ids are their own.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

from audit import record
from audit.errors import BookError
from limits.accounts import Cap
from limits.clock import Clock
from limits.entries import CapsEntry, Entry, to_dict
from limits.refusals import Ended, Exceeded
from limits.seam import Ledger

from ..errors import AuditUnavailable, BudgetExceeded, InvalidRequest, NotAllowed, NotFound, RunEnded
from ..papers import HOUSE, Key, Role, Run, Tenant
from ..state import rows
from .directory import RUN_SLACK_S, Directory
from .said import said
from .tokens import digest, mint_key

RunEnding = Literal["ended", "killed"]


class Book(Protocol):
    """`audit.book.Book`: the future resolves when record and statements are durable, and raises a BookError if not."""

    def append(
        self, record: dict[str, Any], *, tenant: str | None, statements: Sequence[rows.Statement] = ()
    ) -> "asyncio.Future[Any]":
        """Queue a record with state changes."""
        ...

    def change(self, statements: Sequence[rows.Statement]) -> "asyncio.Future[None]":
        """Queue state changes that need no record."""
        ...


def _nobody(scope: str) -> None:
    """Cut nothing: no calls live here."""


class Registry:
    """The only way to change who may do what. `ledger` is None for a command that works on a folder nobody serves."""

    def __init__(self, directory: Directory, book: Book, clock: Clock, ledger: Ledger | None = None) -> None:
        self._directory = directory
        self._book = book
        self._clock = clock
        self._ledger = ledger
        self._one_by_one = asyncio.Lock()
        self.on_stop: Callable[[str], object] = _nobody
        """Told of each scope (`run:ID`, `key:ID`, `tenant:ID`) that may go on no more: its calls under way are cut."""

    async def align(self) -> int:
        """Give the ledger the caps that the file and `state` say; return how many scopes changed. Call it at a start.

        Also ends in the ledger what was ended while nobody served. What changes is written before it returns.
        """
        if self._ledger is None:
            return 0
        entries: list[Entry] = []
        for tenant in self._directory.tenants():
            entries += filter(None, (await self._give_caps(tenant, tenant),))
        for key in self._directory.keys_of():
            entries += filter(None, (await self._give_caps(key, key.tenant),))
        for run in self._directory.runs():
            if run.status != "open":
                entries += filter(None, (await self._ledger.end_run(run.id, run.status, tenant=run.tenant_id),))
        for start in range(0, len(entries), 200):
            change = {"object": "caps", "id": "file and state", "old": None, "new": None}
            await self._write(record.admin(actor="system", change=change), None, (), entries[start : start + 200])
        return len(entries)

    async def create_tenant(
        self,
        actor: str,
        tenant_id: str,
        *,
        name: str | None = None,
        time_zone: str = "UTC",
        caps: Sequence[Cap] = (),
        tools: tuple[str, ...] | None = None,
    ) -> Tenant:
        """Make a tenant. Raises InvalidRequest if the id is taken, AuditUnavailable if it cannot be written."""
        async with self._one_by_one:
            if self._directory.tenant(tenant_id) is not None:
                raise InvalidRequest(f"there is a tenant {tenant_id} already", param="id")
            tenant = Tenant(tenant_id, name or tenant_id, time_zone, tuple(caps), tools=tools)
            statements = rows.put_tenant(tenant, self._clock.utc_us())
            await self._change(actor, None, tenant, statements, caps=True)
            self._directory.see_tenant(tenant)
            return tenant

    async def set_caps(self, actor: str, tenant_id: str, caps: Sequence[Cap], *, others: bool = False) -> Tenant:
        """Replace a tenant's caps; with `others`, those of another dimension, window or kind stay.

        Raises NotFound, NotAllowed (declared in the file), AuditUnavailable.
        """
        async with self._one_by_one:
            old = self._changeable_tenant(tenant_id)
            new = replace(old, caps=_beside(old.caps, caps) if others else tuple(caps))
            statements = rows.put_caps(new.scope, new.caps)
            await self._change(actor, old, new, statements, caps=True)
            self._directory.see_tenant(new)
            return new

    async def disable_tenant(self, actor: str, tenant_id: str, *, disabled: bool) -> Tenant:
        """Refuse all keys of a tenant from now on, or take them again. Raises as `set_caps`."""
        async with self._one_by_one:
            old = self._changeable_tenant(tenant_id)
            new = replace(old, disabled=disabled)
            statements = rows.put_tenant(new, self._clock.utc_us())
            await self._change(actor, old, new, statements)
            self._directory.see_tenant(new)
            if disabled:
                self.on_stop(new.scope)
            return new

    async def create_key(
        self,
        actor: str,
        tenant_id: str,
        *,
        name: str,
        profile: str = "default",
        role: Role = "client",
        caps: Sequence[Cap] = (),
        models: frozenset[str] | None = None,
        tools: tuple[str, ...] | None = None,
        expires_us: int | None = None,
    ) -> tuple[Key, str]:
        """Make a key and return it with its text, which is shown this once and stored nowhere.

        Keys of administrators and approvers belong to the house. Raises InvalidRequest, NotFound, AuditUnavailable.
        """
        async with self._one_by_one:
            tenant = HOUSE if role in ("admin", "approver") else self._directory.tenant(tenant_id)
            policy = self._directory.profiles.get(profile)
            if tenant is None or (tenant is HOUSE) != (role in ("admin", "approver")):
                raise NotFound(f"there is no tenant {tenant_id}", param="tenant")
            if policy is None:
                raise InvalidRequest(f"there is no profile {profile}; the file names them", param="profile")
            if role == "run":
                raise InvalidRequest("a run's key comes with its run: POST /v1/runs", param="role")
            public, token = mint_key()
            key = Key(public, name, tenant, policy, role, tuple(caps), models, expires_us, tools=tools)
            hashed = digest(token.encode())
            statements = rows.put_key(key, hashed, self._clock.utc_us())
            await self._change(actor, None, key, statements, caps=bool(key.caps))
            self._directory.see_key(key, hashed)
            return key, token

    async def set_key_caps(self, actor: str, key_id: str, caps: Sequence[Cap], *, others: bool = False) -> Key:
        """Replace a key's caps; as `set_caps`."""
        async with self._one_by_one:
            old = self._changeable_key(key_id)
            new = replace(old, caps=_beside(old.caps, caps) if others else tuple(caps))
            await self._change(actor, old, new, rows.put_caps(new.scope, new.caps), caps=True)
            self._directory.see_key(new)
            return new

    async def revoke_key(self, actor: str, key_id: str) -> Key:
        """Refuse a key, and the keys of its runs, from now on. Raises NotFound, NotAllowed, AuditUnavailable."""
        async with self._one_by_one:
            old = self._directory.key(key_id)
            if old is None:
                raise NotFound(f"there is no key {key_id}", param="key")
            if old.declared:
                raise NotAllowed(f"key {key_id} is declared in the file; take it out there", param="key")
            new = replace(old, revoked=True)
            if not old.revoked:
                statements = rows.revoke_key(key_id)
                await self._change(actor, old, new, statements)
                self._directory.see_key(new)
                self.on_stop(new.scope)
            return new

    async def open_run(
        self,
        key: Key,
        wanted: Mapping[str, int] | None = None,
        run_id: str | None = None,
        tools: tuple[str, ...] | None = None,
    ) -> tuple[Run, str]:
        """Open a run for a key (a child of the key's own run) and return it with its key.

        `run_id` is a client-made id's pseudonym; who passes one opens it once at a time.
        Raises what `Directory.new_run` raises, BudgetExceeded (agents, depth), RunEnded, AuditUnavailable.
        """
        run = self._directory.new_run(key, wanted, run_id, tools)
        await self.open(run)
        return run, self._directory.token_of(run)

    async def open(self, run: Run) -> None:
        """Open a run that the directory has made; raises as `open_run` does."""
        entries: list[Entry] = []
        if self._ledger is not None:
            try:
                entry = await self._ledger.open_run(
                    run.id, run.limits, run.expires_us, run.parent, tenant=run.tenant_id
                )
            except ValueError:
                raise RunEnded(f"run {run.id} has expired; choose another id", param="run") from None
            if isinstance(entry, Exceeded):
                raise BudgetExceeded(str(entry), param=entry.param, limit=entry.limit, actual=entry.actual)
            if isinstance(entry, Ended):
                raise RunEnded(str(entry), param="run")
            entries.append(entry)
        new: dict[str, Any] = {**run.limits.as_dict(), "parent": run.parent, "origin": run.origin}
        if run.tools:
            new["tools"] = [list(named) for named in run.tools]
        change = {"object": "run", "id": run.id, "old": None, "new": new}
        policy = run.profile.version
        said = record.admin(
            actor=run.key_id, change=change, run=run.id, key=run.key_id, profile=run.profile.name, policy=policy
        )
        try:
            await self._write(said, run.tenant_id, rows.put_run(run), entries)
        except BaseException:
            if self._ledger is not None:
                await self._ledger.end_run(run.id, tenant=run.tenant_id)
            raise
        self._directory.see_run(run)

    async def plan_run(self, actor: str, run: Run, tools: tuple[str, ...] | None) -> Run:
        """Narrow a run to the tools of its plan, or lift that (None). Raises AuditUnavailable."""
        new = replace(run, plan=tools)
        old, named = (None if plan is None else list(plan) for plan in (run.plan, tools))
        said = record.admin(
            actor=actor, change={"object": "plan", "id": run.id, "old": old, "new": named}, run=run.id, key=run.key_id
        )
        await self._write(said, run.tenant_id, rows.put_plan(new), [])
        standing = self._directory.run(run.id)
        if standing is not None:  # it may have ended meanwhile
            self._directory.see_run(replace(standing, plan=tools))
        return new

    async def end_run(self, actor: str, run_id: str, why: RunEnding = "ended") -> Run:
        """End a run and its children; the first ending stays. Raises NotFound, AuditUnavailable."""
        run = self._directory.run(run_id)
        if run is None:
            raise NotFound(f"there is no run {run_id}", param="run")
        if run.status != "open":
            return run
        # Ending takes effect at once, whatever the book says: it can only stop spending.
        new = replace(run, status=why)
        self._directory.see_run(new)
        entry = None if self._ledger is None else await self._ledger.end_run(run_id, why, tenant=run.tenant_id)
        self.on_stop(new.scope)
        change = {"object": "run", "id": run_id, "old": run.status, "new": why}
        said = record.admin(actor=actor, change=change, run=run_id, key=run.key_id)
        await self._write(said, run.tenant_id, rows.end_run(run_id, why), [] if entry is None else [entry])
        return new

    async def forget_runs(self) -> int:
        """Drop expired runs from memory, and a day later from `state`; return how many. Call it now and then."""
        forgotten = self._directory.forget_expired()
        try:
            await self._book.change(rows.forget_runs(self._clock.utc_us() - RUN_SLACK_S * 1_000_000))
        except BookError as error:
            raise AuditUnavailable(f"expired runs were not dropped: the book cannot be written ({error})") from error
        return forgotten

    def _changeable_tenant(self, tenant_id: str) -> Tenant:
        tenant = self._directory.tenant(tenant_id)
        if tenant is None or tenant is HOUSE:
            raise NotFound(f"there is no tenant {tenant_id}", param="tenant")
        if tenant.declared:
            raise NotAllowed(f"tenant {tenant_id} is declared in the file; change it there", param="tenant")
        return tenant

    def _changeable_key(self, key_id: str) -> Key:
        key = self._directory.key(key_id)
        if key is None:
            raise NotFound(f"there is no key {key_id}", param="key")
        if key.declared:
            raise NotAllowed(f"key {key_id} is declared in the file; change it there", param="key")
        return key

    async def _change(
        self,
        actor: str,
        old: Tenant | Key | None,
        new: Tenant | Key,
        statements: Sequence[rows.Statement],
        *,
        caps: bool = False,
    ) -> None:
        """Write a change of a tenant or key; with `caps`, give its caps to the ledger once they are durable."""
        tenant, kind = (new, "tenant") if isinstance(new, Tenant) else (new.tenant, "key")
        was = None if old is None else said(old)
        change = {"object": kind, "id": new.id, "old": was, "new": said(new)}
        entries: list[Entry] = []
        if caps:
            written = tuple(sorted(map(str, new.caps)))
            if len({text.rpartition("/")[0] for text in written}) < len(written):
                raise InvalidRequest("there are two caps of one dimension, window and kind", param="caps")
            entries.append(CapsEntry(new.scope, written, self._clock.utc_us(), tenant.time_zone))
        await self._write(record.admin(actor=actor, change=change), tenant.id, statements, entries)
        if caps and self._ledger is not None:
            await self._give_caps(new, tenant)

    async def _give_caps(self, paper: Tenant | Key, tenant: Tenant) -> CapsEntry | None:
        assert self._ledger is not None  # noqa: S101 - who calls this looked
        return await self._ledger.set_caps(paper.scope, paper.caps, tenant.time_zone, tenant=tenant.id)

    async def _write(
        self, said: dict[str, Any], tenant: str | None, statements: Sequence[rows.Statement], entries: Sequence[Entry]
    ) -> None:
        if entries:
            said["ledger"] = [to_dict(entry) for entry in entries]
        try:
            await self._book.append(said, tenant=tenant, statements=statements)
        except BookError as error:
            raise AuditUnavailable(f"the change was not made: the book cannot be written ({error})") from error


def _beside(old: Sequence[Cap], new: Sequence[Cap]) -> tuple[Cap, ...]:
    """Return the new caps, and the old ones that none of them replaces."""
    named = {(cap.dimension, cap.window, cap.hard) for cap in new}
    return (*(cap for cap in old if (cap.dimension, cap.window, cap.hard) not in named), *new)
