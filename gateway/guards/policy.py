"""Which action each kind of finding meets in each direction; frozen and compiled once to plain look-ups.

`off` does not look, `observe` only records, `mask` replaces for good, `tokenize` replaces by a placeholder that the
run's vault can restore, `block` refuses. A reply has nobody to restore it for, so `tokenize` there means `mask`.
`memory` are the arguments of tools that keep what they are given: placeholders are not restored there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from ..config.guards import KINDS as KINDS
from ..config.guards import Action as Action

Direction = Literal["request", "reply", "tool_arguments", "tool_result", "memory"]
ACTIONS: tuple[Action, ...] = get_args(Action)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
_DEFAULT: Mapping[Direction, Action] = {
    "request": "tokenize",
    "tool_result": "tokenize",
    "memory": "tokenize",
    "tool_arguments": "observe",
    "reply": "observe",
}
_NO_SECRETS = frozenset({"reply", "memory"})


@dataclass(frozen=True, slots=True)
class Policy:
    """`rules[kind][direction] = action`; what is not named takes the defaults (tokenize in, observe out).

    Secrets that a reply itself brings, or that would be remembered, are masked by default. Unknown kinds, directions
    and actions are a ValueError.
    """

    rules: Mapping[str, Mapping[Direction, Action]] = field(default_factory=dict)
    actions: Mapping[Direction, Mapping[str, Action]] = field(init=False, repr=False)
    one_look: bool = field(init=False, repr=False)  # requests and tool results are looked through for the same kinds

    def __post_init__(self) -> None:
        for kind, per_direction in self.rules.items():
            if kind not in KINDS:
                raise ValueError(f"unknown kind {kind!r}; expected one of {', '.join(KINDS)}")
            for direction, action in per_direction.items():
                if direction not in DIRECTIONS:
                    raise ValueError(f"unknown direction {direction!r}; expected one of {', '.join(DIRECTIONS)}")
                if action not in ACTIONS:
                    raise ValueError(f"unknown action {action!r}; expected one of {', '.join(ACTIONS)}")
        table = {direction: MappingProxyType(self._column(direction)) for direction in DIRECTIONS}
        object.__setattr__(self, "actions", MappingProxyType(table))
        object.__setattr__(self, "one_look", table["request"].keys() == table["tool_result"].keys())

    def _column(self, direction: Direction) -> dict[str, Action]:
        column: dict[str, Action] = {}
        for kind in KINDS:
            default: Action = "mask" if kind == "secret" and direction in _NO_SECRETS else _DEFAULT[direction]
            action = self.rules.get(kind, {}).get(direction, default)
            if action == "tokenize" and direction == "reply":
                action = "mask"
            if action != "off":
                column[kind] = action
        return column

    def changes(self, direction: Direction) -> bool:
        """Whether any finding in this direction alters or refuses the text."""
        return any(action != "observe" for action in self.actions[direction].values())
