"""What a profile says of guards beyond its table of kinds: rules for some, topics, what else a text must keep to."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..config.guards import GuardSettings, Kind


@dataclass(frozen=True, slots=True)
class Rule:
    """Actions (kind → direction → action) for whom the patterns match; with `tools` only for those tools' texts."""

    tenants: tuple[str, ...]
    keys: tuple[str, ...]
    models: tuple[str, ...]
    tools: tuple[str, ...]
    actions: Mapping[str, Mapping[str, str]]
    restore_arguments: Literal["all", "named", "none"] | None
    named: frozenset[str]
    sends: bool

    def applies(self, tenant: str, key: str, model: str) -> bool:
        """Whether it is for this tenant, key and model."""
        return matches(self.tenants, tenant) and matches(self.keys, key) and matches(self.models, model)


@dataclass(frozen=True, slots=True)
class Denied:
    """A topic or pattern (RE2); `where` names the directions."""

    name: str
    pattern: str | None
    words: tuple[str, ...]
    blocks: bool
    where: frozenset[str]


@dataclass(frozen=True, slots=True)
class Extra:
    """A plug-in detector, whether a call may pass without its word, and the directions that it sees."""

    factory: str
    python: str | None
    deadline_s: float
    blocks: bool
    where: frozenset[str]


@dataclass(frozen=True, slots=True)
class Guarding:
    """All of it."""

    rules: tuple[Rule, ...]
    deny: tuple[Denied, ...]
    unscanned: Literal["pass", "block"]
    injected: Literal["off", "observe", "block"]
    canary: bool
    response_format: Literal["off", "check", "ask_again"]
    payloads: Literal["off", "redacted", "full"]
    plugins: tuple[Extra, ...]
    memory_tools: tuple[str, ...]


def matches(patterns: tuple[str, ...], name: str) -> bool:
    """Whether a name is listed, literally or by a prefix with `*`."""
    return any(name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern for pattern in patterns)


def guarding(settings: GuardSettings) -> Guarding:
    """Turn settings into what the hot path reads."""
    return Guarding(
        rules=tuple(
            Rule(
                tenants=rule.tenants,
                keys=rule.keys,
                models=rule.models,
                tools=rule.tools,
                actions=by_kind(
                    request=rule.request,
                    tool_result=rule.tool_result,
                    reply=rule.reply,
                    tool_arguments=rule.tool_arguments,
                    memory=rule.memory,
                ),
                restore_arguments=rule.restore_arguments,
                named=frozenset(rule.named),
                sends=rule.sends,
            )
            for rule in settings.rules
        ),
        deny=tuple(
            Denied(deny.name, deny.pattern, deny.words, deny.action == "block", frozenset(deny.where))
            for deny in settings.deny
        ),
        unscanned=settings.unscanned,
        injected=settings.injected,
        canary=settings.canary,
        response_format=settings.response_format,
        payloads=settings.payloads,
        plugins=tuple(
            Extra(each.factory, each.python, each.deadline_s, each.on_failure == "block", frozenset(each.where))
            for each in settings.plugins
        ),
        memory_tools=settings.memory_tools,
    )


def by_kind(**directions: Mapping[Kind, str]) -> Mapping[str, Mapping[str, str]]:
    """Return kind → direction → action of direction → kind → action."""
    kinds: dict[str, dict[str, str]] = {}
    for direction, actions in directions.items():
        for kind, action in actions.items():
            kinds.setdefault(kind, {})[direction] = action
    return MappingProxyType({kind: MappingProxyType(actions) for kind, actions in kinds.items()})
