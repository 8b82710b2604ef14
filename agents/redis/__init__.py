"""What agents keep in Redis so that processes on many machines share it: log, queue, bus."""

from .bus import RedisBus as RedisBus
from .jobs import RedisJobs as RedisJobs
from .store import RedisStore as RedisStore
