"""The kill switch of a tenant or key: all it asks is refused from now on, and what it has under way is cut.

Unlike a revoked key or a disabled tenant this also holds for what the file declares, and can be lifted. It takes effect
at once, whatever the book says: it can only stop spending. To lift it is durable first.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from audit import record
from audit.errors import BookError
from limits.entries import KillEntry, to_dict
from limits.seam import Ledger

from ..errors import AuditUnavailable, NotFound
from ..papers import HOUSE, Key, Tenant
from ..state import rows
from .directory import Directory
from .registry import Book

Kind = Literal["tenant", "key"]


def _nobody(scope: str) -> None:
    """Cut nothing: no calls live here."""


class Stops:
    """Stops and their lifting. `cut` ends the calls under way in a scope of the ledger (`key:ID`, `tenant:ID`)."""

    def __init__(
        self, directory: Directory, book: Book, ledger: Ledger | None, cut: Callable[[str], object] = _nobody
    ) -> None:
        self._directory = directory
        self._book = book
        self._ledger = ledger
        self._cut = cut

    async def stop(self, actor: str, kind: Kind, name: str) -> None:
        """Stop a tenant or key; twice is harmless. NotFound; AuditUnavailable: stopped, but not durably."""
        paper = self._find(kind, name)
        self._directory.stopped.add(paper.scope)
        tenant = _tenant_of(paper)
        entries = [] if self._ledger is None else [await self._ledger.kill(paper.scope, tenant=tenant.id)]
        self._cut(paper.scope)
        await self._write(actor, kind, paper, entries, stopped=True)

    async def lift(self, actor: str, kind: Kind, name: str) -> None:
        """Let a stopped tenant or key go on. NotFound, AuditUnavailable: it stays stopped."""
        paper = self._find(kind, name)
        await self._write(actor, kind, paper, [KillEntry(paper.scope, 0)], stopped=False)
        if self._ledger is not None:
            await self._ledger.kill(paper.scope, on=False, tenant=_tenant_of(paper).id)
        self._directory.stopped.discard(paper.scope)

    def _find(self, kind: Kind, name: str) -> Tenant | Key:
        paper = self._directory.key(name) if kind == "key" else self._directory.tenant(name)
        if paper is None or paper is HOUSE or _tenant_of(paper) is HOUSE:
            raise NotFound(f"there is no {kind} {name} that calls models", param=kind)
        return paper

    async def _write(
        self, actor: str, kind: Kind, paper: Tenant | Key, entries: Sequence[KillEntry], *, stopped: bool
    ) -> None:
        change = {"object": kind, "id": paper.id, "old": None, "new": {"stopped": int(stopped)}}
        said = record.admin(actor=actor, change=change, ledger=[to_dict(entry) for entry in entries])
        statements = rows.put_stop(paper.scope, stopped=stopped)
        try:
            await self._book.append(said, tenant=_tenant_of(paper).id, statements=statements)
        except BookError as error:
            held = "it is stopped until a restart" if stopped else "it stays stopped"
            raise AuditUnavailable(
                f"{held}, but that is not on record: the book cannot be written ({error})"
            ) from error


def _tenant_of(paper: Tenant | Key) -> Tenant:
    return paper if isinstance(paper, Tenant) else paper.tenant
