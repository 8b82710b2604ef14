"""The vaults of runs: in memory while they are used, encrypted in `state` as long as the run lives.

    placeholder issued ──> sealed under the tenant's key, in the transaction of the call's next record ──> memory
    restart, or let go of for room ──> opened again from `state` at the run's next call
    run ended, killed, expired ──> rows and memory go: its placeholders are never restored again

So a value has the same placeholder in every turn of its run, and a restart breaks no prompt cache. What a crash lost
before its record was durable was sent to nobody. A call outside a declared run has a vault of its own, kept nowhere.
"""

import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from limits.clock import Clock

from .guards.vault import Vault, sealed_loan
from .papers import Run
from .shelf import Shelf

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Statement = tuple[str, tuple[Any, ...]]
_TIDIED_A_CALL = 8
_VALUE_BYTES = 512  # what a value weighs in memory, both ways, at a guess that is too high


class Vaults:
    """At most `vaults_max` vaults of about `bytes_max` bytes in memory; the least recently used goes first.

    `query` reads `state`, `secret` is 32 bytes, `why_ended` says why a run is over (None: it is not). One event loop.
    """

    def __init__(
        self,
        query: Query,
        clock: Clock,
        secret: bytes,
        why_ended: Callable[[Run], str | None],
        *,
        vaults_max: int = 4_096,
        bytes_max: int = 256 << 20,
        shared: bool = False,
    ) -> None:
        """With `shared`, other processes issue placeholders too.

        A run's vault is then read anew for each call, and its key is derived from the run: a value has the same
        placeholder whoever issues it.
        """
        self._query = query
        self._clock = clock
        self._secret = secret
        self._why_ended = why_ended
        self._shared = shared
        self._shelf: Shelf[str, tuple[Run, Vault]] = Shelf(entries_max=vaults_max, bytes_max=bytes_max)

    def of(self, run: Run | None) -> Vault:
        """Return the run's vault, a fresh one for a call that has no run. VaultSealBroken: its rows were altered."""
        if run is None:
            return Vault()
        known = None if self._shared else self._shelf.get(run.id)
        if known is not None:
            return known[1]
        self._tidy()
        rows = self._query(
            "SELECT sealed FROM state_vault WHERE run = ? AND tenant = ? AND expires_us > ?",
            (run.id, run.tenant_id, self._clock.utc_us()),
        )
        own = hmac.digest(self._key(run), f"placeholders of {run.id}".encode(), "sha256") if self._shared else None
        vault = Vault.opened([bytes(sealed) for (sealed,) in rows], self._key(run), run.id, otherwise=own)
        if self._shared and not rows:
            return vault
        self._shelf.put(run.id, (run, vault), _VALUE_BYTES * (1 + len(vault)))
        return vault

    def keep(self, run: Run, vault: Vault) -> list[Statement]:
        """Return the statements that keep what the vault issued since the last time; none if that is nothing."""
        if not vault.unsealed:
            return []
        sealed = vault.sealed(self._key(run), run.id)
        self._shelf.put(run.id, (run, vault), _VALUE_BYTES * (1 + len(vault)))
        return self._row(run, sealed)

    def lend(self, run: Run, vault: Vault, texts: Iterable[str]) -> list[Statement]:
        """Return the statements by which a run restores what stands in texts and another vault issued."""
        lent = vault.lent(texts)
        if not lent:
            return []
        known = self._shelf.get(run.id)
        if known is not None:
            known[1].borrow(lent)
        return self._row(run, sealed_loan(lent, self._key(run), run.id))

    def _row(self, run: Run, sealed: bytes) -> list[Statement]:
        row = (run.id, run.tenant_id, sealed, run.expires_us)
        return [
            ("DELETE FROM state_vault WHERE expires_us <= ?", (self._clock.utc_us(),)),
            ("INSERT INTO state_vault(run, tenant, sealed, expires_us) VALUES(?, ?, ?, ?)", row),
        ]

    def _tidy(self) -> None:
        """Let go of a few of the vaults that were used longest ago, if their runs are over."""
        for _ in range(_TIDIED_A_CALL):
            oldest = self._shelf.oldest()
            if oldest is None or self._why_ended(oldest[1][0]) is None:
                return
            self._shelf.drop(oldest[0])

    def _key(self, run: Run) -> bytes:
        return hmac.digest(self._secret, f"vaults of {run.tenant_id}".encode(), "sha256")
