"""A queue of runs in a Redis stream, for workers on any number of machines.

Leased is what the consumer group holds pending; a lease's age is Redis' idle time, so machines need no common clock. A
job is a hash beside the stream; how it ended is kept for `KEPT_S`.
"""

from typing import Any, Self

import orjson
from redis.exceptions import ResponseError

from ..jobs import LEASE_S, Job
from .place import PREFIX, connect

KEPT_S = 7 * 86_400
WORKERS_IDLE_LEASES = 100
_GROUP = "workers"
_PUT = """
local id = redis.call('INCR', KEYS[1] .. ':number')
redis.call('HSET', KEYS[1] .. ':' .. id, 'ref', ARGV[1], 'task', ARGV[2], 'budget', ARGV[3], 'tries', 0)
redis.call('XADD', KEYS[1], '*', 'job', id)
return id
"""
_OWNED = """
local entry = redis.call('HGET', KEYS[1] .. ':' .. ARGV[1], 'entry')
if not entry then return 0 end
local held = redis.call('XPENDING', KEYS[1], 'workers', entry, entry, 1)
if not held[1] or held[1][2] ~= ARGV[2] then return 0 end
redis.call('XACK', KEYS[1], 'workers', entry)
redis.call('XDEL', KEYS[1], entry)
"""
_DONE = (
    _OWNED
    + """
redis.call('HSET', KEYS[1] .. ':' .. ARGV[1], 'result', ARGV[3])
redis.call('HDEL', KEYS[1] .. ':' .. ARGV[1], 'entry')
redis.call('EXPIRE', KEYS[1] .. ':' .. ARGV[1], ARGV[4])
redis.call('INCR', KEYS[1] .. ':done')
return 1
"""
)
_RELEASE = (
    _OWNED
    + """
redis.call('HINCRBY', KEYS[1] .. ':' .. ARGV[1], 'tries', -1)
redis.call('XADD', KEYS[1], '*', 'job', ARGV[1])
return 1
"""
)


class RedisJobs:
    """The queue at a `redis://` address. Raises as `connect` does."""

    def __init__(self, url: str, *, prefix: str = PREFIX, lease_s: float = LEASE_S) -> None:
        self.lease_s = lease_s
        self._redis = connect(url)
        self._key = f"{prefix}:jobs"
        self._put = self._redis.register_script(_PUT)
        self._done = self._redis.register_script(_DONE)
        self._release = self._redis.register_script(_RELEASE)
        try:
            self._redis.xgroup_create(self._key, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def put(self, ref: str, task: str, budget: dict[str, Any]) -> int:
        """Add a job and return its number; it is durable when this returns."""
        return int(self._put(keys=[self._key], args=[ref, task, orjson.dumps(budget)]))

    def take(self, worker: str, number: int) -> list[Job]:
        """Lease up to `number` jobs: first those whose worker's lease has run out, then new ones, oldest first."""
        entries = self._abandoned(worker, number)
        if len(entries) < number:
            fresh: Any = self._redis.xreadgroup(_GROUP, worker, {self._key: ">"}, count=number - len(entries))
            entries += fresh[0][1] if fresh else []
        return [self._job(entry, int(fields[b"job"])) for entry, fields in entries]

    def _abandoned(self, worker: str, number: int) -> list[Any]:
        """Claim what nobody renews any more; forget workers that are long gone."""
        found: list[Any] = []
        cursor: Any = "0-0"
        while True:
            cursor, entries, _ = self._redis.xautoclaim(
                self._key, _GROUP, worker, self._lease_ms(), start_id=cursor, count=number - len(found)
            )
            found += entries
            if cursor in (b"0-0", "0-0") or len(found) >= number:
                break
        if found:
            consumers: Any = self._redis.xinfo_consumers(self._key, _GROUP)
            for each in consumers:
                if not each["pending"] and each["idle"] > WORKERS_IDLE_LEASES * self._lease_ms():
                    self._redis.xgroup_delconsumer(self._key, _GROUP, each["name"])
        return found

    def _job(self, entry: bytes, number: int) -> Job:
        place = self._place(number)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hset(place, "entry", entry)
        pipeline.hincrby(place, "tries", 1)
        pipeline.hmget(place, "ref", "task", "budget", "run")
        _, tries, (ref, task, budget, run) = pipeline.execute()
        return Job(number, ref.decode(), task.decode(), orjson.loads(budget), run and run.decode(), tries)

    def renew(self, worker: str) -> set[int]:
        """Lengthen the leases of a worker's running jobs; return their numbers."""
        held: Any = self._redis.xpending_range(self._key, _GROUP, "-", "+", count=10_000, consumername=worker)
        if not held:
            return set()
        ids = [each["message_id"] for each in held]
        claimed: Any = self._redis.xclaim(self._key, _GROUP, worker, 0, ids, idle=0)
        return {int(fields[b"job"]) for _, fields in claimed}

    def begun(self, job: Job, run: str) -> None:
        """Note which run a job became."""
        self._redis.hset(self._place(job.id), "run", run)

    def done(self, job: Job, worker: str, result: dict[str, Any]) -> bool:
        """Note how a job ended; False if it is another worker's by now."""
        return bool(self._done(keys=[self._key], args=[job.id, worker, orjson.dumps(result), KEPT_S]))

    def release(self, job: Job, worker: str) -> None:
        """Give a job back, to the queue's end, without counting it as a failed try."""
        self._release(keys=[self._key], args=[job.id, worker])

    def states(self) -> dict[str, int]:
        """Return how many jobs there are of each state."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xlen(self._key)
        pipeline.xpending(self._key, _GROUP)
        pipeline.get(f"{self._key}:done")
        there, pending, done = pipeline.execute()
        running = pending["pending"]
        found = {"queued": there - running, "running": running, "done": int(done or 0)}
        return {state: number for state, number in found.items() if number}

    def result(self, number: int) -> dict[str, Any] | None:
        """Return how a job ended, None if it has not, or ended longer ago than results are kept."""
        found: Any = self._redis.hget(self._place(number), "result")
        return None if found is None else orjson.loads(found)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _place(self, number: int) -> str:
        return f"{self._key}:{number}"

    def _lease_ms(self) -> int:
        return round(self.lease_s * 1_000)
