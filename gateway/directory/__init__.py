"""Who is who, now: `Directory` answers the hot path from memory, `Registry` changes it, each change on record first."""

from .directory import Directory
from .registry import Registry, RunEnding

__all__ = ["Directory", "Registry", "RunEnding"]
