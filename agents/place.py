"""Where runs and their queue are kept, as the command line names it: a file's path, or a `redis://` address."""

from pathlib import Path

from .jobs import Jobs, Queue
from .log import Log
from .redis import RedisJobs, RedisStore

_REDIS = ("redis://", "rediss://", "unix://")


def open_log(place: str) -> Log:
    """Open the log of a place. Raises OSError, ValueError."""
    return Log(RedisStore(place) if place.startswith(_REDIS) else _file(place))


def open_queue(place: str) -> Queue:
    """Open the queue of a place. Raises OSError, ValueError."""
    return RedisJobs(place) if place.startswith(_REDIS) else Jobs(_file(place))


def _file(place: str) -> Path:
    path = Path(place)
    if path.is_dir():
        raise IsADirectoryError(f"{place} is a folder; a log is a file, or a redis:// address")
    return path
