"""The ledger on Redis, for gateways of more than one process."""

from .ledger import RedisLedger

__all__ = ["RedisLedger"]
