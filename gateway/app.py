"""The ASGI application, from its start to its drained end."""

import contextlib
import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from audit.errors import BookError
from limits.clock import Clock

from . import life
from .account import Figures
from .admin import Front, Parts, serve_local
from .admin.visit import Visits
from .bound import Bound
from .breakers import Breakers
from .charges import Charges
from .client import Receive, Send
from .config import Config
from .config.tree import BoundSettings, warnings
from .counter import Counter
from .figures import Figures as ToolsFigures
from .fresh import Application, Fresh
from .gathered import Gathered
from .head import HeadLimits
from .house import House
from .pipeline import Pipeline
from .receipts import Receipts
from .reload import reload_of
from .routes import Routes, Scope
from .served import model_routes, tool_routes
from .server import running
from .spending import Spending
from .workers import Worker
from .works import Works, ui_secret


class Tollhouse(Works):
    """The application: one house, its stages, its routes. Made before the event loop, started in it by `lifespan`."""

    def __init__(
        self, house: House, clock: Clock, *, ready: Callable[[], None] | None = None, bound: Bound | None = None
    ) -> None:
        super().__init__(house, clock)
        config = house.config
        self._ready = ready
        self._bound = bound or Bound()
        self._opened = contextlib.AsyncExitStack()
        metrics = CollectorRegistry()
        breakers = Breakers(self.journal, self.all_breakers)
        for each in (self.metrics, self.anchors, self.delivery, breakers, self.soft_caps):
            metrics.register(each)
        self.gathered, metrics = _gathered(metrics, self._bound.worker, config)
        self.parts = Parts(
            config=config,
            directory=house.directory,
            registry=self.registry,
            ledger=self.ledger,
            charges=Charges(self.journal, self.ledger),
            breakers=breakers,
            stops=self.stops,
            clock=clock,
            metrics=metrics,
            unready=self._unready,
            warnings=lambda: warnings(config),
            keeper=self.keeper,
            spending=Spending(config.folder, house.book, house.directory),
            approvals=self.approvals,
            visits=Visits(house.directory, clock, ui_secret(house.master_key)),
            tool_figures=ToolsFigures(metrics, self.tools, self.servers).read,
            tracer_provider=None if self.traces is None else self.traces.provider,
        )
        dialects = model_routes()
        self.admin = Front(self.parts)
        self.routes = Routes(
            dialects={**dialects, **tool_routes(self.tools, self.servers)},
            errors=dialects["/v1/chat/completions"],
            pipeline=Pipeline(
                self.call_stages(),
                self.attempt_stages(),
                again_from=life.AGAIN_FROM,
                again_without=life.AGAIN_WITHOUT,
            ),
            lives=self.lives,
            counter=Counter(
                *(house.directory, self.catalogue, self.tools, self.runs, self.approvals),
                Receipts(config.folder, house.book),
                self.servers,
            ),
            account=Figures(self.ledger, clock),
            admin=self.admin if config.admin is None else Front(self.parts, only_health=True),
            clock=clock,
        )
        self.begin = self.routes.begin
        self._served: Application = self.routes
        self._operated: Application = self.admin
        if self.following is not None:
            fresh = Fresh(self.routes, self.following, house.directory, self.runs, self.routes.begin)
            self._served, self.begin = fresh, fresh.begin
            self._operated = Fresh(self.admin, self.following, house.directory, self.runs)

    def _unready(self) -> list[str]:
        reasons = []
        if self.house.book.failure is not None:
            reasons.append(f"the book cannot be written: {self.house.book.failure}")
        if self.lives.draining:
            reasons.append("the gateway is shutting down")
        if self.following is not None:
            reasons += self.following.unready()
        if self.shared is not None and self.shared.ledger.link.wire is None:
            reasons.append("the ledger's Redis does not answer, or is being filled from the book")
        return reasons + self.anchors.unready()

    @property
    def _makes_snapshots(self) -> bool:
        """Whether this process makes those of its folder: of several workers the first does."""
        return self._bound.worker is None or self._bound.worker.number == 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "lifespan":
            await self._served(scope, receive, send)
            return
        await receive()
        try:
            await self.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def start(self) -> None:
        """Give the ledger the caps that file and `state` say, open the operators' ways in, begin the housekeeping."""
        await self.duty.start()
        if self.following is not None:
            self.following.start()
        if self.shared is not None:
            await self.shared.ledger.start()
        await self.registry.align()
        config = self.house.config
        await self._opened.enter_async_context(
            serve_local(self._operated, config.admin_socket, bound=self._bound.local)
        )
        if config.admin is not None:
            listen_at = config.admin
            admin = running(self._operated, host=listen_at.host, port=listen_at.port, bound=self._bound.admin)
            await self._opened.enter_async_context(admin)
        await self.soft_caps.start()
        self.housekeeping.start()
        if self.webhook is not None:
            self.webhook.start()
        await self.journal.write(reload_of(config), tenant=None)
        self.anchors.start()
        if self.snapshots is not None and self._makes_snapshots:
            self.snapshots.start()
        self.keeper.start()
        self.delivery.start()
        if self.gathered is not None:
            self.gathered.start()
        if self._bound.worker is not None:
            os.write(self._bound.worker.ready, b".")
        if self._ready is not None:
            self._ready()

    async def stop(self) -> None:
        """Let the calls under way settle, for the bounded time that is left to them, and close what was opened."""
        await self.lives.drain(self.house.config.bounds.shutdown_grace_s)
        if self.gathered is not None:
            await self.gathered.stop()
        await self.housekeeping.stop()
        await self.delivery.stop()
        await self.keeper.stop()
        await self._opened.aclose()
        await self.catalogue.close()
        await self.tools.close()
        await self.servers.close()
        if self.traces is not None:
            await self.traces.close()
        if self.webhook is not None:
            await self.webhook.stop()
        await self._leave()

    async def _leave(self) -> None:
        """Nothing is written any more: sign the last records, anchor them, take the ledger down for the next start."""
        with contextlib.suppress(BookError):  # then the anchors get what was signed before
            await self.house.book.sign()
        await self.anchors.stop()
        await self.duty.stop()
        if self.snapshots is not None and self._makes_snapshots:
            await self.snapshots.stop()
        if self.following is not None:
            await self.following.stop()
        if self.shared is not None:
            await self.shared.ledger.stop()


def _gathered(
    own: CollectorRegistry, worker: Worker | None, config: Config
) -> tuple[Gathered | None, CollectorRegistry]:
    """Return what tells the other workers, if there are any, and what is shown at `/metrics`."""
    if worker is None:
        return None, own
    gathered, shown = Gathered(own, config.folder, worker.number), CollectorRegistry()
    shown.register(gathered)
    return gathered, shown


def head_limits(bounds: BoundSettings) -> HeadLimits:
    """Return what a connection may send before any key is read."""
    return HeadLimits(
        header_bytes_max=bounds.header_bytes_max,
        headers_max=bounds.headers_max,
        head_s_max=bounds.header_read_s_max,
    )
