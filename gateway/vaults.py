"""The vaults of runs under way, in memory; the least recently used goes first, and its placeholders stand for ever."""

from .guards.vault import Vault
from .papers import Run


class Vaults:
    """At most `vaults_max` vaults, one a run; a call outside a declared run has a vault of its own."""

    def __init__(self, vaults_max: int = 10_000) -> None:
        self._max = vaults_max
        self._vaults: dict[str, Vault] = {}

    def of(self, run: Run | None) -> Vault:
        """Return the run's vault, a fresh one for a call that has no run."""
        if run is None:
            return Vault()
        vault = self._vaults.pop(run.id, None)
        if vault is None:
            vault = Vault()
            if len(self._vaults) >= self._max:
                del self._vaults[next(iter(self._vaults))]
        self._vaults[run.id] = vault
        return vault

    def forget(self, run_id: str) -> None:
        """Destroy a run's vault: its placeholders are never restored again."""
        self._vaults.pop(run_id, None)
