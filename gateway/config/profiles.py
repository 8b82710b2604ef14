"""Settings of profiles: the named policies that keys have. Three are built in: default, support and research.

What a profile in the file leaves out is taken from the built-in one of its name, else from `default`.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from .guards import GuardSettings
from .loops import LoopSettings
from .tags import TagSettings
from .values import Count, Limit, Name, Settings, Usd, UsdLimit

BUILT_IN: dict[str, dict[str, Any]] = {
    "default": {},
    "support": {"call": {"usd": "0.10"}, "run": {"steps": 3}},
    "research": {"call": {"usd": "1.00"}, "run": {"steps": 20}},
}


class CallSettings(Settings):
    """Limits of one call."""

    usd: UsdLimit = Field(default=Decimal("1.00"), description="most one call may cost")
    input_tokens_max: Limit = Field(default=200_000, description="input tokens")
    output_tokens_default: Count = Field(default=4_096, description="output reserved when the client names no maximum")
    output_tokens_max: Limit = Field(default=None, description="ceiling over the client's own maximum")
    deadline_s: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=600, description="from the request's start to its end"
    )


class RunSettings(Settings):
    """Limits of one declared run, its children included; a client may lower them, never raise them."""

    tokens: Limit = Field(default=50_000, description="tokens in and out, over planning and execution")
    input_tokens: Limit = Field(default=None, description="tokens in")
    output_tokens: Limit = Field(default=None, description="tokens out")
    usd: UsdLimit = Field(default=Decimal("0.50"), description="dollars")
    concurrency: Limit = Field(default=None, description="calls at one time")
    steps: Limit = Field(default=10, description="model calls")
    replans: Limit = Field(default=3, description="calls announced as `replan`")
    agents: Limit = Field(default=10, description="runs in the tree below this one")
    depth: Annotated[int, Field(strict=True, ge=0, le=16)] = Field(default=3, description="levels of children")
    seconds: Annotated[int, Field(strict=True, ge=1, le=2_592_000)] = Field(default=3_600, description="wall-clock")
    tool_calls: Limit = Field(default=100, description="tool calls")


class LatencySettings(Settings):
    """How fast answers are to be: a budget whose burn rate is in the metrics; nothing is refused."""

    p95_s: Annotated[float, Field(gt=0, le=3_600)] | None = Field(
        default=None, description="19 of 20 answers come within (streams: their first event)"
    )
    p99_s: Annotated[float, Field(gt=0, le=3_600)] | None = Field(default=None, description="99 of 100 come within")


class RateSettings(Settings):
    """How much at once, for each key."""

    requests_per_minute: Limit = Field(default=None, description="calls a minute")
    tokens_per_minute: Limit = Field(default=None, description="tokens a minute")
    concurrency: Annotated[int, Field(strict=True, ge=1, le=65_536)] = Field(
        default=256, description="calls at the same time"
    )


class HostedSettings(Settings):
    """What bounds a tool that runs at the provider, in one call."""

    uses_max: Annotated[int, Field(strict=True, ge=1, le=1_000)] = Field(
        default=5, description="reserved, and written into the request where the provider keeps to it"
    )
    input_tokens_per_use: Count = Field(default=20_000, description="the most that one use's result adds to the input")
    vector_stores: tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] = Field(
        default=(), max_length=256, description="those that `file_search` may read"
    )


class HostedToolSettings(Settings):
    """Which tools may run at the provider, and what bounds each of them."""

    web_search: HostedSettings | None = Field(default=None, description="searches the web")
    web_fetch: HostedSettings | None = Field(default=None, description="reads a page of the web")
    file_search: HostedSettings | None = Field(default=None, description="searches the named vector stores")
    code_execution: HostedSettings | None = Field(default=None, description="runs code; OpenAI's `code_interpreter`")


class ToolSettings(Settings):
    """Which tools a model may be offered and may call."""

    allow: tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] = Field(
        default=("*",), max_length=1_024, description="names of tools; `*` is every one, `mail_*` a prefix"
    )
    on_refusal: Literal["answer", "error"] = Field(
        default="answer", description="a refused tool call becomes a text that names the rule, or error 422"
    )
    ask_again: bool = Field(
        default=False, description="ask the model once more when its tool call is refused (plain replies only)"
    )
    approval_wait_s: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=0,
        description="how long a call that needs a yes waits for it, connection open; none by then is a no. "
        "0: it is told so at once, and sent again",
    )
    loops: LoopSettings = LoopSettings()
    hosted: HostedToolSettings = HostedToolSettings()
    polling: tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] = Field(
        default=(), max_length=1_024, description="tools that may be called again and again with the same arguments"
    )


class CacheSettings(Settings):
    """Equal calls answered from memory: those without findings, tools, images, files or state at the provider."""

    ttl_s: Annotated[float, Field(ge=0, le=2_592_000)] = Field(
        default=0, description="how long a reply answers equal calls; 0: never"
    )
    entries_max: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        default=10_000, description="replies of this profile kept at one time"
    )


class DegradedSettings(Settings):
    """What may answer when no model can."""

    stored: bool = Field(default=True, description="the model's stored_answer")
    last_good: bool = Field(default=False, description="the latest equal call's reply")


class ProfileSettings(Settings):
    """A named policy."""

    name: Name = Field(description="how keys name it")
    models: tuple[Annotated[str, Field(min_length=1, max_length=256)], ...] = Field(
        default=("*",), max_length=1_024, description="models it may ask for; `*` is every one, `gpt-*` a prefix"
    )
    call: CallSettings = CallSettings()
    run: RunSettings = RunSettings()
    run_identity: Literal["required", "infer", "off"] = Field(
        default="infer", description="whether a call must belong to a declared run"
    )
    rates: RateSettings = RateSettings()
    latency: LatencySettings = LatencySettings()
    guards: GuardSettings = GuardSettings()
    tags: TagSettings = TagSettings()
    tools: ToolSettings = ToolSettings()
    cache: CacheSettings = CacheSettings()
    on_leave: Literal["drain", "cancel"] = Field(
        default="drain",
        description="a client leaves its stream: read on to the usage, or stop and charge what was counted",
    )
    drain_s: Annotated[float, Field(ge=0, le=600)] = Field(default=30, description="how long a left stream is read on")
    usage_wait_s: Annotated[float, Field(ge=0, le=60)] = Field(
        default=5, description="how long the usage is waited for"
    )
    budget_wait_s: Annotated[float, Field(ge=0, le=600)] = Field(
        default=30, description="how long a call waits for amounts that are only held"
    )
    usage_check_every: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = Field(
        default=100, description="count the tokens of one in so many reported replies ourselves; 0: only odd ones"
    )
    degraded: DegradedSettings = DegradedSettings()
    unbounded_usd: Usd | None = Field(
        default=None, description="reserve this for a call whose cost has no bound; else refused"
    )


def with_built_in(profile: dict[str, Any]) -> dict[str, Any]:
    """Lay a profile of the file over the built-in one of its name."""
    return _over(BUILT_IN.get(str(profile.get("name")), {}), profile)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        merged[name] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
