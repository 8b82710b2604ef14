"""The parts of the gateway, built once and passed in: nothing looks another up, and nothing lives at module level."""

import hmac
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from audit.reader import Reader
from limits.breaker import Breaker
from limits.clock import Clock
from limits.rates import Concurrency, Rate
from limits.seam import Ledger, LocalLedger
from limits.tokens import TokenCounter

from . import life, optional
from .aliases import Aliases
from .anchors import Anchors
from .approvals import Approvals
from .bonds import Bonds
from .catalogue import Catalogue
from .config import Config
from .delivery import Delivery
from .directory import Registry
from .directory.stops import Stops
from .duty import Duty
from .following import Following
from .guards import Redactor
from .house import BOOK_NAME, House
from .housekeeping import Housekeeping
from .journal import Journal
from .keeper import keeper_of
from .lives import Lives
from .metrics import Metrics
from .minted import Minted
from .objects import Objects
from .policies import Policies
from .replies import Replies
from .runs import Runs
from .snapshot import SNAPSHOT_NAME, replaying, restored, secret_of
from .snapshots import Snapshots
from .soft_caps import SoftCaps
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
from .stages.recall import Elsewhere, Recall
from .stages.record import Record
from .stages.route import Route
from .stages.screen import Screen
from .stages.send import Send as SendStage
from .stages.throttle import Throttle
from .stages.tool_cargo import masked
from .strangers import Strangers
from .tags import Tags
from .tools.mcp import McpServers
from .tools.offers import Tools, rules_of
from .tools.pins import Pins
from .tools.schema import Schemas
from .tools.trail import Trails
from .traces import Traces
from .turns import Turns
from .vaults import Vaults
from .webhook import Webhook
from .weighing import Weighing

if TYPE_CHECKING:
    from .reconcile import Shared

Stage = TypeVar("Stage")


class Works:
    """All parts of one house that a call or an operator meets, and the stages made of them."""

    def __init__(self, house: House, clock: Clock) -> None:
        config = house.config
        self.house = house
        self.clock = clock
        self.ledger, self.local, self.snapshots, self.shared = _ledgers(house, clock)
        self.registry = Registry(house.directory, house.book, clock, self.ledger)
        granted = None if self.shared is None else self.shared.ledger.generation_of
        self.journal = Journal(house.book, self.ledger, granted)
        self.metrics = Metrics(clock)
        self.strangers = Strangers(self.journal)
        self.chance = random.Random()
        self.catalogue = Catalogue(config, clock, self.chance)
        self.tools = Tools(config.tools, clock, self.chance)
        pins = Pins(house.book.query, _secret(house.master_key))
        self.servers = McpServers(config.mcp, pins, clock, self.chance, _secret(house.master_key), mask=masked)
        if self.shared is not None:
            self.shared.share(self.all_breakers())
        self.lives = Lives(config.bounds.calls_max)
        self.registry.on_stop = self.lives.stop
        self.stops = Stops(house.directory, house.book, self.ledger, self.lives.stop)
        self.runs = Runs(house.directory, self.registry, self.ledger, house.book.secret)
        self.tags = Tags(self.ledger, house.book.secret, clock)
        self.replies = Replies(house.book.query, clock, _secret(house.master_key))
        self.bonds = Bonds(house.book.query, clock, _secret(house.master_key), shared=config.shared is not None)
        self.aliases = Aliases(house.book.query, clock, _secret(house.master_key))
        self.turns = Turns(house.book, _secret(house.master_key))
        self.vaults = Vaults(
            *(house.book.query, clock, _vault_secret(house.master_key), house.directory.why_ended),
            shared=config.shared is not None,
        )
        hook = config.approvals.webhook
        self.webhook = None if hook is None else Webhook(hook, clock, self.chance)
        self.approvals = Approvals(
            self.journal,
            house.book.query,
            clock,
            _secret(house.master_key),
            config.approvals,
            mask=masked,
            rules=rules_of(self.tools, config.mcp),
            teller=self.webhook,
        )
        self.trails = Trails(_secret(house.master_key))
        self.duty = Duty(house.book)
        self.following = None if config.shared is None else _following(self, house)
        self.consent = Consent(self.approvals, self.tools, config.mcp)
        self.soft_caps = SoftCaps(self.ledger, self.journal, house.directory, clock)
        self.housekeeping = Housekeeping(
            self.ledger,
            self.journal,
            self.registry,
            self.strangers,
            approvals=self.approvals,
            soft_caps=self.soft_caps,
            on_duty=self.duty,
        )
        self.anchors = _anchors(house, clock, self.duty)
        self.keeper = keeper_of(config, house.book, clock, self.duty)
        self.delivery = Delivery(config.delivery, house.book, clock, self.duty)
        self.traces = _traces(config, clock)

    def all_breakers(self) -> list[Breaker]:
        """Return the breakers of upstreams, tools and MCP servers."""
        tools = (target.breaker for tool in self.tools.values() for target in tool.targets)
        return [*self.catalogue.breakers(), *tools, *self.servers.breakers().values()]

    def call_stages(self) -> list[CallStage]:
        """Return the stages of the CALL list, in the order of `gateway.life`."""
        bounds, clock = self.house.config.bounds, self.clock
        elsewhere = rates = None
        if self.shared is not None and self.following is not None:
            elsewhere, rates = Elsewhere(self.shared.claims, self.following.catch_up), self.shared.rates
        awaited = Awaited(self.replies, self.approvals, self.consent, self.trails)
        stages: list[CallStage] = [
            Record(self.journal, self.strangers, self.metrics, clock, self.traces),
            Authenticate(self.house.directory),
            Read(
                self.catalogue,
                self.tools,
                self.servers,
                Objects(self.catalogue, self.bonds, self.aliases),
                bytes_max=bounds.body_bytes_max,
                read_s_max=bounds.body_read_s_max,
                depth_max=bounds.depth_max,
            ),
            Identify(
                self.runs,
                self.bonds,
                Minted(self.runs, self.bonds, self.aliases, self.vaults, self.trails),
                turns=self.turns,
                tags=self.tags,
                stream_s_max=bounds.stream_s_max,
            ),
            Recall(self.replies, awaited, self.consent, elsewhere),
            Throttle(Rate(clock), Rate(clock), Concurrency(), tenant_calls_max=bounds.tenant_share, shared=rates),
            Firewall(Schemas(), self.trails, self.ledger, self.consent, rules_of(self.tools)),
            Guard(Redactor(), self.vaults, Policies(), Screen(_vault_secret(self.house.master_key)), self.traces),
            Count(self.ledger),
            Cache(clock),
            Route(self.catalogue, self.tools, self.chance),
        ]
        return _in_order(life.CALL, stages)

    def attempt_stages(self) -> list[AttemptStage]:
        """Return the stages of the ATTEMPT list."""
        bounds, clock = self.house.config.bounds, self.clock
        stages: list[AttemptStage] = [
            Budget(self.ledger, Weighing(self.ledger, TokenCounter()), clock, self.soft_caps.words),
            Intend(self.journal, self.ledger),
            SendStage(
                *(clock, self.aliases, self.traces),
                reply_bytes_max=bounds.reply_bytes_max,
                event_bytes_max=bounds.event_bytes_max,
            ),
        ]
        return _in_order(life.ATTEMPT, stages)


def _ledgers(house: House, clock: Clock) -> "tuple[Ledger, LocalLedger | None, Snapshots | None, Shared | None]":
    """Return the ledger that all ask: this process' own, taken down for the next start, or the shared one."""
    settings = house.config.shared
    path, secret = house.config.folder / BOOK_NAME, secret_of(house.master_key)
    if settings is not None:
        replay = replaying(house.config.folder, house.master_key, clock)
        shared = optional.shared(settings.redis.reveal(), house.book, house.directory, clock, replay)
        snapshots = Snapshots(house.book, path, secret, 0, server=settings.postgres.reveal())
        return shared.ledger, None, snapshots, shared
    with Reader.open(house.book.place) as reader:
        ledger, spared = restored(lambda: LocalLedger(clock), path.with_name(SNAPSHOT_NAME), secret, reader)
    return ledger, ledger, Snapshots(house.book, path, secret, spared), None


def _following(works: Works, house: House) -> Following:
    """Return what follows the changes of other processes."""
    parts = house.directory, works.approvals, works.replies, works.clock
    return Following(house.book.place, *parts, seen=house.seen, cut=works.lives.stop)


def _anchors(house: House, clock: Clock, duty: Duty) -> Anchors:
    """Return what anchors the book."""
    config, origin, verifiers = house.config, house.book.origin, house.signer.verifiers
    return Anchors(config.anchors, house.book.place, origin, verifiers, clock, folder=config.folder, on_duty=duty)


def _traces(config: Config, clock: Clock) -> Traces | None:
    """Return what traces calls; None if nothing of it is configured."""
    settings = config.traces
    if settings.endpoint is None:
        return Traces(settings, None) if settings.pass_to else None
    return Traces(settings, optional.spans(settings, config.upstreams, clock))


def _in_order(kinds: Sequence[type], stages: Sequence[Stage]) -> list[Stage]:
    made = {type(stage): stage for stage in stages}
    return [made[kind] for kind in kinds]


def _secret(master_key: bytes) -> bytes:
    return hmac.digest(master_key, b"tollhouse pseudonyms of ids, version 1", "sha256")


def ui_secret(master_key: bytes) -> bytes:
    """Return what seals the cookies of the pages below `/ui`."""
    return hmac.digest(master_key, b"tollhouse pages, version 1", "sha256")


def _vault_secret(master_key: bytes) -> bytes:
    return hmac.digest(master_key, b"tollhouse vaults, version 1", "sha256")
