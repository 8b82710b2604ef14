"""Builds the parts and passes them in; the ASGI application, and the process that serves it."""

import asyncio
import contextlib
import hmac
import importlib
import random
import socket
from collections.abc import Callable, Sequence
from typing import TypeVar

from prometheus_client import CollectorRegistry

from limits.clock import Clock, SystemClock
from limits.rates import Concurrency, Rate
from limits.seam import LocalLedger
from limits.tokens import TokenCounter

from . import life
from .account import Figures
from .admin import Parts, serve_local
from .admin import build as build_admin
from .anchors import Anchors
from .approvals import Approvals
from .bonds import Bonds
from .catalogue import Catalogue
from .client import Receive, Send
from .config import Config
from .config.tree import BoundSettings, warnings
from .counter import Counter
from .delivery import Delivery
from .directory import Registry
from .figures import Figures as ToolsFigures
from .guards import Redactor
from .head import HeadLimits
from .house import House, open_house
from .housekeeping import Housekeeping
from .journal import Journal
from .keeper import keeper_of
from .lives import CUT_S, Lives
from .metrics import Metrics
from .pipeline import Pipeline
from .policies import Policies
from .reload import reload_of
from .replies import Replies
from .restore import restore
from .routes import Routes, Scope
from .runs import Runs
from .served import model_routes, tool_routes
from .server import BoundedServer, listen, running
from .stage import AttemptStage, CallStage
from .stages.authenticate import Authenticate
from .stages.awaited import Awaited
from .stages.budget import Budget
from .stages.cache import Cache
from .stages.consent import Consent
from .stages.count import Count
from .stages.firewall import Firewall
from .stages.guard import Guard
from .stages.identify import Identify
from .stages.intend import Intend
from .stages.read import Read
from .stages.recall import Recall
from .stages.record import Record
from .stages.route import Route
from .stages.screen import Screen
from .stages.send import Send as SendStage
from .stages.throttle import Throttle
from .stages.tool_cargo import masked
from .strangers import Strangers
from .tools.mcp import McpServers
from .tools.offers import Tools
from .tools.pins import Pins
from .tools.schema import Schemas
from .tools.trail import Trails
from .traces import Traces
from .vaults import Vaults
from .webhook import Webhook
from .weighing import Weighing

Stage = TypeVar("Stage")
UNSUPPORTED = frozenset(
    f"/v1/{route}"
    for route in (
        *("completions", "embeddings", "moderations", "responses", "messages", "images", "audio", "files", "batches"),
        *("uploads", "vector_stores", "assistants", "threads", "fine_tuning", "realtime", "conversations", "videos"),
        *("containers", "evals"),
    )
)


class Tollhouse:
    """The application: one house, its stages, its routes. Made before the event loop, started in it by `lifespan`."""

    def __init__(self, house: House, clock: Clock, *, ready: Callable[[], None] | None = None) -> None:
        config = house.config
        self._ready = ready
        self._opened = contextlib.AsyncExitStack()
        self.house = house
        self.ledger = LocalLedger(clock)
        restore(self.ledger.books, house.book.records())
        self.registry = Registry(house.directory, house.book, clock, self.ledger.books)
        self.journal = Journal(house.book, self.ledger)
        self.metrics = Metrics(clock)
        self.strangers = Strangers(self.journal)
        self.chance = random.Random()
        self.catalogue = Catalogue(config, clock, self.chance)
        self.tools = Tools(config.tools, clock, self.chance)
        pins = Pins(house.book.query)
        self.servers = McpServers(config.mcp, pins, clock, self.chance, _secret(house.master_key))
        self.lives = Lives(config.bounds.calls_max)
        self.runs = Runs(house.directory, self.registry, self.ledger, house.book.secret)
        self.replies = Replies(house.book.query, clock, _secret(house.master_key))
        self.bonds = Bonds(house.book.query, clock, _secret(house.master_key))
        self.vaults = Vaults(house.book.query, clock, _vault_secret(house.master_key), house.directory.why_ended)
        hook = config.approvals.webhook
        self.webhook = None if hook is None else Webhook(hook, self.chance)
        self.approvals = Approvals(
            self.journal,
            house.book.query,
            clock,
            _secret(house.master_key),
            config.approvals,
            mask=masked,
            teller=self.webhook,
        )
        self.consent = Consent(self.approvals, self.tools)
        self.housekeeping = Housekeeping(self.ledger, self.journal, self.registry, self.strangers, self.approvals)
        self.anchors = Anchors(config.anchors, house.book.path, house.book.origin, house.signer.verifier, clock)
        self.keeper = keeper_of(config, house.book, clock)
        self.delivery = Delivery(config.delivery, house.book)
        self.traces = _traces(config, clock)
        metrics = CollectorRegistry()
        metrics.register(self.metrics)
        metrics.register(self.anchors)
        metrics.register(self.delivery)
        self.parts = Parts(
            config=config,
            directory=house.directory,
            registry=self.registry,
            ledger=self.ledger.books,
            clock=clock,
            metrics=metrics,
            unready=self._unready,
            warnings=lambda: warnings(config),
            keeper=self.keeper,
            tool_figures=ToolsFigures(self.metrics, self.tools, self.servers).of,
            tracer_provider=None if self.traces is None else self.traces.provider,
        )
        dialects = model_routes()
        self.admin = build_admin(self.parts)
        self.routes = Routes(
            dialects={**dialects, **tool_routes(self.tools, self.servers)},
            unsupported=UNSUPPORTED,
            errors=dialects["/v1/chat/completions"],
            pipeline=Pipeline(
                _in_order(life.CALL, self._call_stages(clock)),
                _in_order(life.ATTEMPT, self._attempt_stages(clock)),
                again_from=life.AGAIN_FROM,
                again_without=life.AGAIN_WITHOUT,
            ),
            lives=self.lives,
            counter=Counter(house.directory, self.catalogue, self.tools, self.runs, self.approvals),
            account=Figures(self.ledger, clock),
            admin=self.admin if config.admin is None else build_admin(self.parts, only_health=True),
            clock=clock,
        )

    def _call_stages(self, clock: Clock) -> list[CallStage]:
        bounds = self.house.config.bounds
        return [
            Record(self.journal, self.strangers, self.metrics, clock, self.traces),
            Authenticate(self.house.directory),
            Read(
                self.catalogue,
                self.tools,
                self.servers,
                bytes_max=bounds.body_bytes_max,
                read_s_max=bounds.body_read_s_max,
                depth_max=bounds.depth_max,
            ),
            Identify(self.runs, self.bonds, stream_s_max=bounds.stream_s_max),
            Recall(self.replies, Awaited(self.replies, self.approvals, self.consent), self.consent),
            Throttle(Rate(clock), Rate(clock), Concurrency()),
            Firewall(Schemas(), Trails(_secret(self.house.master_key)), self.ledger, self.consent),
            Guard(Redactor(), self.vaults, Policies(), Screen(_vault_secret(self.house.master_key)), self.traces),
            Count(self.ledger),
            Cache(clock),
            Route(self.catalogue, self.tools, self.chance),
        ]

    def _attempt_stages(self, clock: Clock) -> list[AttemptStage]:
        bounds = self.house.config.bounds
        return [
            Budget(self.ledger, Weighing(self.ledger, TokenCounter()), clock),
            Intend(self.journal, self.ledger),
            SendStage(
                clock, self.traces, reply_bytes_max=bounds.reply_bytes_max, event_bytes_max=bounds.event_bytes_max
            ),
        ]

    def _unready(self) -> list[str]:
        reasons = []
        if self.house.book.failure is not None:
            reasons.append(f"the book cannot be written: {self.house.book.failure}")
        if self.lives.draining:
            reasons.append("the gateway is shutting down")
        return reasons + self.anchors.unready()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "lifespan":
            await self.routes(scope, receive, send)
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
        await self.registry.align()
        config = self.house.config
        await self._opened.enter_async_context(serve_local(self.admin, config.admin_socket))
        if config.admin is not None:
            listen_at = config.admin
            await self._opened.enter_async_context(running(self.admin, host=listen_at.host, port=listen_at.port))
        self.housekeeping.start()
        if self.webhook is not None:
            self.webhook.start()
        await self.journal.write(reload_of(config), tenant=None)
        self.anchors.start()
        self.keeper.start()
        self.delivery.start()
        if self._ready is not None:
            self._ready()

    async def stop(self) -> None:
        """Let the calls under way settle, for the bounded time that is left to them, and close what was opened."""
        await self.lives.drain(self.house.config.bounds.shutdown_grace_s)
        await self.housekeeping.stop()
        await self.delivery.stop()
        await self.keeper.stop()
        await self.anchors.stop()
        await self._opened.aclose()
        await self.catalogue.close()
        await self.tools.close()
        await self.servers.close()
        if self.traces is not None:
            await self.traces.close()
        if self.webhook is not None:
            await self.webhook.stop()


def serve(config: Config, *, ready: Callable[[int], None] | None = None) -> None:
    """Own the folder and serve until SIGINT or SIGTERM; `ready` is told the port. Raises what `open_house` raises."""
    clock = SystemClock()
    with open_house(config, clock) as house:
        sock = listen(config.listen.host, config.listen.port)
        bounds = config.bounds
        app = Tollhouse(house, clock, ready=lambda: ready(sock.getsockname()[1]) if ready else None)
        app.anchors.check()
        server = _Server(
            app,
            limits=head_limits(bounds),
            shutdown_grace_s=bounds.shutdown_grace_s,
        )
        server.run([sock])


def head_limits(bounds: BoundSettings) -> HeadLimits:
    """Return what a connection may send before any key is read."""
    return HeadLimits(
        header_bytes_max=bounds.header_bytes_max,
        headers_max=bounds.headers_max,
        head_s_max=bounds.header_read_s_max,
    )


class _Server(BoundedServer):
    """Ends the calls under way by itself: uvicorn would cancel their requests, and no client would learn why."""

    def __init__(self, app: Tollhouse, *, limits: HeadLimits, shutdown_grace_s: float) -> None:
        super().__init__(app, limits=limits, shutdown_grace_s=shutdown_grace_s + 2 * CUT_S)
        self._lives = app.lives
        self._grace_s = shutdown_grace_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let calls end for the grace, cut the others with an error to their clients, then shut down."""
        drained = asyncio.get_running_loop().create_task(self._lives.drain(self._grace_s))
        await super().shutdown(sockets)
        await drained


def _traces(config: Config, clock: Clock) -> Traces | None:
    """Return what traces calls; None if nothing of it is configured."""
    settings = config.traces
    if settings.endpoint is None:
        return Traces(settings, None) if settings.pass_to else None
    # Not an import at the top: it takes a quarter of a second, which a gateway without a collector does without.
    spans = importlib.import_module("gateway.spans")
    providers = {upstream.name: spans.PROVIDERS.get(upstream.kind, upstream.name) for upstream in config.upstreams}
    return Traces(settings, spans.Spans(settings, providers, clock))


def _in_order(kinds: Sequence[type], stages: Sequence[Stage]) -> list[Stage]:
    made = {type(stage): stage for stage in stages}
    return [made[kind] for kind in kinds]


def _secret(master_key: bytes) -> bytes:
    return hmac.digest(master_key, b"tollhouse pseudonyms of ids, version 1", "sha256")


def _vault_secret(master_key: bytes) -> bytes:
    return hmac.digest(master_key, b"tollhouse vaults, version 1", "sha256")
