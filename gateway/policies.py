"""Which policy a text comes under: the profile's table of kinds, then the rules for its tenant, key, model and tool."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .guards import Policy
from .guards.arguments import DESTINATIONS, RestoreMode
from .guards.policy import Direction
from .papers import Profile
from .papers.guarding import Rule, matches
from .shelf import Shelf

_POLICIES_MAX = 4_096
_NO_FIELDS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ToolPolicy:
    """How a tool's texts are treated: kinds, what is restored in its arguments, which fields stay closed.

    A tool that `remembers` gets its arguments as the direction `memory` says.
    """

    kinds: Policy
    restore: RestoreMode
    named: frozenset[str]
    destinations: frozenset[str]
    remembers: bool


class Policies:
    """Policies made once each, bounded. For one event loop."""

    def __init__(self) -> None:
        self._plain: dict[str, Policy] = {}
        self._ruled: Shelf[tuple[str, ...], Policy] = Shelf(entries_max=_POLICIES_MAX, bytes_max=0)
        self._of_tools: Shelf[tuple[str, ...], ToolPolicy] = Shelf(entries_max=_POLICIES_MAX, bytes_max=0)

    def of(self, profile: Profile, tenant: str, key: str, model: str) -> Policy:
        """Return the policy of a call's texts."""
        if not profile.guarding.rules:
            policy = self._plain.get(profile.version)
            if policy is None:
                policy = self._plain[profile.version] = Policy(profile.guards)  # type: ignore[arg-type]
            return policy
        name = (profile.version, tenant, key, model)
        policy = self._ruled.get(name)
        if policy is None:
            rules = [rule for rule in profile.guarding.rules if not rule.tools and rule.applies(tenant, key, model)]
            policy = Policy(_laid_over(profile.guards, rules))
            self._ruled.put(name, policy)
        return policy

    def of_tool(self, profile: Profile, tenant: str, key: str, model: str, *, tool: str) -> ToolPolicy:
        """Return the policy of one tool's arguments and results."""
        named = profile.guarding.rules
        remembers = matches(profile.guarding.memory_tools, tool)
        name = (profile.version, tenant, key, model, tool) if named else (profile.version, *("memory",) * remembers)
        policy = self._of_tools.get(name)
        if policy is None:
            rules = [
                rule
                for rule in named
                if rule.applies(tenant, key, model) and (not rule.tools or matches(rule.tools, tool))
            ]
            of_tool = [rule for rule in rules if rule.tools]
            modes = [rule.restore_arguments for rule in of_tool if rule.restore_arguments is not None]
            policy = ToolPolicy(
                kinds=Policy(_laid_over(profile.guards, rules)),
                restore=modes[-1] if modes else profile.restore_arguments,
                named=_NO_FIELDS.union(*(rule.named for rule in of_tool)),
                destinations=DESTINATIONS if any(rule.sends for rule in of_tool) else _NO_FIELDS,
                remembers=remembers,
            )
            self._of_tools.put(name, policy)
        return policy


def _laid_over(table: Mapping[str, Mapping[str, str]], rules: list[Rule]) -> Any:
    """Kind → direction → action, later rules over earlier ones."""
    merged = {kind: dict(actions) for kind, actions in table.items()}
    for rule in rules:
        for kind, actions in rule.actions.items():
            merged.setdefault(kind, {}).update(actions)
    return merged


def observing(policy: Policy) -> Policy:
    """Return a policy that only observes in tools' results what this one tokenizes there."""
    rules: Mapping[str, Mapping[Direction, str]] = {
        kind: {**policy.rules.get(kind, {}), "tool_result": "observe"}
        for kind, action in policy.actions["tool_result"].items()
        if action == "tokenize"
    }
    return Policy({**policy.rules, **rules}) if rules else policy  # type: ignore[dict-item]
