"""A profile as the hot path reads it: resolved once from the configuration, plain and frozen.

`version` is a digest over everything the profile says: a run key is bound to it, so a changed policy needs new runs.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from limits.accounts import Cap
from limits.loops import LoopPolicy
from limits.money import usd_to_nano
from limits.runs import RunLimits

from ..config.profiles import ProfileSettings, RunSettings, ToolSettings
from ..config.tags import TagSettings
from ..config.tenants import CAPPED, CapSettings
from .guarding import Guarding, by_kind, guarding, matches

RestoreArguments = Literal["all", "none"]


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that a policy names: `user` or `feature`, the caps of each of its values, the names it may have."""

    name: str
    required: bool
    caps: tuple[Cap, ...]
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hosting:
    """What bounds a tool that runs at the provider: its uses in a call, the tokens that each adds, what it may read."""

    uses_max: int
    input_tokens_per_use: int
    vector_stores: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Profile:
    """A named policy. None stands for unlimited or unset; money in nano-dollars, times in seconds.

    `guards` maps kind → direction → action, as `gateway.guards.policy.Policy` takes it.
    """

    name: str
    version: str
    models: tuple[str, ...]
    call_nano_usd: int | None
    input_tokens_max: int | None
    output_tokens_default: int
    output_tokens_max: int | None
    deadline_s: float
    run: RunLimits
    run_identity: Literal["required", "infer", "off"]
    requests_per_minute: int | None
    tokens_per_minute: int | None
    concurrency: int
    p95_s: float | None
    p99_s: float | None
    guards: Mapping[str, Mapping[str, str]]
    allow_restore_hosts: frozenset[str]
    restore_arguments: RestoreArguments
    guarding: Guarding
    tools: tuple[str, ...]
    on_tool_refusal: Literal["answer", "error"]
    ask_again: bool
    approval_wait_s: float
    polling_tools: frozenset[str]
    loops: LoopPolicy
    tags: tuple[Tag, ...]
    tag_values_max: int
    cache_ttl_s: float
    cache_entries_max: int
    on_leave: Literal["drain", "cancel"]
    drain_s: float
    usage_wait_s: float
    budget_wait_s: float
    stored: bool
    last_good: bool
    unbounded_nano_usd: int | None
    usage_check_every: int
    hosted: Mapping[str, Hosting]

    def allows_model(self, model: str) -> bool:
        """Tell whether the profile permits a model."""
        return matches(self.models, model)

    def allows_tool(self, tool: str) -> bool:
        """Tell whether the profile permits a tool."""
        return matches(self.tools, tool)


def resolve(settings: ProfileSettings) -> Profile:
    """Turn a profile of the file into what the hot path reads."""
    call, guards, rates = settings.call, settings.guards, settings.rates
    return Profile(
        name=settings.name,
        version=_digest(settings),
        models=settings.models,
        call_nano_usd=_nano(call.usd),
        input_tokens_max=call.input_tokens_max,
        output_tokens_default=call.output_tokens_default,
        output_tokens_max=call.output_tokens_max,
        deadline_s=call.deadline_s,
        run=_run_limits(settings.run),
        run_identity=settings.run_identity,
        requests_per_minute=rates.requests_per_minute,
        tokens_per_minute=rates.tokens_per_minute,
        concurrency=rates.concurrency,
        p95_s=settings.latency.p95_s,
        p99_s=settings.latency.p99_s,
        guards=by_kind(
            request=guards.request,
            tool_result=guards.tool_result,
            reply=guards.reply,
            tool_arguments=guards.tool_arguments,
            memory=guards.memory,
        ),
        allow_restore_hosts=frozenset(guards.allow_restore_hosts),
        restore_arguments=guards.restore_arguments,
        guarding=guarding(guards),
        tools=settings.tools.allow,
        on_tool_refusal=settings.tools.on_refusal,
        ask_again=settings.tools.ask_again,
        approval_wait_s=settings.tools.approval_wait_s,
        polling_tools=frozenset(settings.tools.polling),
        loops=_loops(settings.tools),
        tags=_tags(settings.tags),
        tag_values_max=settings.tags.values_max,
        cache_ttl_s=settings.cache.ttl_s,
        cache_entries_max=settings.cache.entries_max,
        on_leave=settings.on_leave,
        drain_s=settings.drain_s,
        usage_wait_s=settings.usage_wait_s,
        budget_wait_s=settings.budget_wait_s,
        stored=settings.degraded.stored,
        last_good=settings.degraded.last_good,
        unbounded_nano_usd=_nano(settings.unbounded_usd),
        usage_check_every=settings.usage_check_every,
        hosted={
            kind: Hosting(each.uses_max, each.input_tokens_per_use, frozenset(each.vector_stores))
            for kind, each in settings.tools.hosted
            if each is not None
        },
    )


def caps_of(settings: Iterable[CapSettings]) -> tuple[Cap, ...]:
    """Turn ceilings of the file (or of the admin API, which has the same form) into the ledger's caps."""
    return tuple(map(_cap, settings))


def _cap(settings: CapSettings) -> Cap:
    window, hard = settings.per or "total", not settings.soft
    if settings.usd is not None:
        return Cap("nano_usd", usd_to_nano(settings.usd), window, hard)
    named = ((name, getattr(settings, name)) for name in CAPPED if name != "usd")
    dimension, limit = next((name, limit) for name, limit in named if limit is not None)
    return Cap(dimension, limit, window, hard)


def _run_limits(run: RunSettings) -> RunLimits:
    return RunLimits(
        nano_usd=_nano(run.usd),
        tokens=run.tokens,
        input_tokens=run.input_tokens,
        output_tokens=run.output_tokens,
        concurrency=run.concurrency,
        steps=run.steps,
        tool_calls=run.tool_calls,
        replans=run.replans,
        agents=run.agents,
        depth=run.depth,
        seconds=run.seconds,
    )


def _tags(tags: TagSettings) -> tuple[Tag, ...]:
    found = []
    if tags.user is not None:
        found.append(Tag("user", tags.user.required, caps_of(tags.user.caps)))
    if tags.feature is not None:
        feature = tags.feature
        found.append(Tag("feature", feature.required, caps_of(feature.caps), frozenset(feature.names)))
    return tuple(found)


def _loops(tools: ToolSettings) -> LoopPolicy:
    loops = tools.loops
    return LoopPolicy(
        nudge_at=loops.nudge_at,
        refuse_at=loops.refuse_at,
        drift_nudge_at=loops.drift_nudge_at,
        drift_refuse_at=loops.drift_refuse_at,
        history_max=loops.history_max,
        rules=frozenset(loops.rules),
        polling=frozenset(tools.polling),
    )


def _nano(usd: Decimal | None) -> int | None:
    return None if usd is None else usd_to_nano(usd)


def _digest(settings: ProfileSettings) -> str:
    said = json.dumps(settings.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
