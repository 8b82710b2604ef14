"""The process, or processes, that serve a configuration: one that owns its folder, or workers that share servers."""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import replace

from audit.lock import FolderLock
from limits.clock import SystemClock

from .admin import bind_local
from .app import Tollhouse, head_limits
from .bound import Bound
from .config import Config
from .gathered import Gathered
from .house import open_house
from .lives import CUT_S
from .server import BoundedServer, listen
from .workers import Supervisor, Worker

log = logging.getLogger("tollhouse.serving")
_DRAIN_SLACK_S = 15.0


def serve(config: Config, *, workers: int = 1, ready: Callable[[int], None] | None = None) -> int:
    """Serve until SIGINT or SIGTERM and return the exit status; `ready` is told the port once all workers serve.

    More than one worker only with `shared`: each would count money by itself. Raises what `open_house` raises.
    """
    if config.shared is None:
        _serve(config, None, ready=ready)
        return 0
    lock = FolderLock(config.folder)
    try:
        return _supervise(config, workers, ready)
    finally:
        lock.release()


def _supervise(config: Config, workers: int, ready: Callable[[int], None] | None) -> int:
    sock = listen(config.listen.host, config.listen.port)
    admin = None if config.admin is None else listen(config.admin.host, config.admin.port)
    bound = Bound(sock, admin, bind_local(config.admin_socket))
    grace_s = config.bounds.shutdown_grace_s + 2 * CUT_S + _DRAIN_SLACK_S
    Gathered.clear(config.folder)

    def work(worker: Worker) -> None:
        _serve(config, replace(bound, worker=worker), ready=None)

    try:
        said = None if ready is None else lambda: ready(sock.getsockname()[1])
        return Supervisor(work, workers, grace_s=grace_s, ready=said).run()
    finally:
        bound.close()
        config.admin_socket.unlink(missing_ok=True)


def _serve(config: Config, bound: Bound | None, *, ready: Callable[[int], None] | None) -> None:
    clock = SystemClock()
    with open_house(config, clock) as house:
        bound = bound or Bound(listen(config.listen.host, config.listen.port))
        assert bound.clients is not None  # noqa: S101 - whoever binds early binds that
        sock = bound.clients
        app = Tollhouse(house, clock, ready=lambda: ready(sock.getsockname()[1]) if ready else None, bound=bound)
        app.anchors.check()
        _Server(app, bound).run([sock])


class _Server(BoundedServer):
    """Ends the calls under way by itself: uvicorn would cancel their requests, and no client would learn why."""

    def __init__(self, app: Tollhouse, bound: Bound) -> None:
        bounds = app.house.config.bounds
        self._grace_s = bounds.shutdown_grace_s
        super().__init__(app, limits=head_limits(bounds), shutdown_grace_s=self._grace_s + 2 * CUT_S)
        self._lives = app.lives
        self._worker = bound.worker

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin; a worker drains when its supervisor is gone."""
        await super().startup(sockets)
        if self._worker is not None:
            asyncio.get_running_loop().add_reader(self._worker.alive, self._alone)

    def _alone(self) -> None:
        if self._worker is not None:
            asyncio.get_running_loop().remove_reader(self._worker.alive)
        log.error("the supervisor is gone; this worker drains")
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let calls end for the grace, cut the others with an error to their clients, then shut down."""
        drained = asyncio.get_running_loop().create_task(self._lives.drain(self._grace_s))
        await super().shutdown(sockets)
        await drained
