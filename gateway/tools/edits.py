"""Arguments as an approver edited them: JSON merge patches (RFC 7396) over what was proposed."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ..call import Event
from ..dialects.strict import encode

Patches = Sequence[Mapping[str, Any]]
"""In order; null takes a member away."""


def edited(arguments: str, patches: Patches) -> str:
    """Return arguments (JSON text) with the patches laid over them."""
    tree = orjson.loads(arguments or "{}")
    for patch in patches:
        tree = _merged(tree, patch)
    return encode(tree).decode()


def _merged(value: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    under = dict(value) if isinstance(value, Mapping) else {}
    for name, part in patch.items():
        if part is None:
            under.pop(name, None)
        else:
            under[name] = _merged(under.get(name), part)
    return under


def edit_calls(events: Sequence[Event], edits: Mapping[str, Patches]) -> None:
    """Write edited arguments into the calls of these ids, however their pieces are spread over the events."""
    parts = [part for event in events for part in event.parts if part.kind == "arguments"]
    for call_id, patches in edits.items():
        lanes = {part.lane for part in parts if part.call_id == call_id}
        mine = [part for part in parts if part.lane in lanes]
        said = edited("".join([part.text for part in mine if not part.repeats]), patches)
        for at, part in enumerate(mine):
            part.text = said if at == 0 or part.repeats else ""
