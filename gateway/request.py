"""What a client asks, without a vendor's JSON: texts, tools, calls, results, and what it may cost.

A dialect makes Requests. `path` is where a value stands in the tree, as keys and indexes; a Request is never changed,
`replace` makes a new one that shares what did not change, because the clear request and the one that leaves are both
needed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

Path = tuple[str | int, ...]


class Text(Struct, frozen=True):
    """A text of a request: `role` is system, user, assistant, tool (an untrusted result), arguments or definition."""

    path: Path
    value: str
    role: str


class ToolDefinition(Struct, frozen=True):
    """A tool that the request offers. `schema` is its parameters' JSON Schema, or None where there is none.

    `hosted` ones run at the provider: `kind` is what we know them as (empty: we do not), `uses_max` the client's own
    bound, `refers` what of the provider's they read. `free` ones take free text, not JSON.
    """

    name: str
    schema: Any
    hosted: bool = False
    free: bool = False
    kind: str = ""
    uses_max: int | None = None
    refers: tuple[str, ...] = ()


class ToolCall(Struct, frozen=True):
    """A tool call: in a request, one that an earlier answer proposed; `arguments` is the JSON text as it stands.

    `at` is where its id stands in the tree; empty where it has none.
    """

    id: str
    name: str
    arguments: str
    at: Path = ()


class ToolResult(Struct, frozen=True):
    """The result of an earlier tool call, as the client sends it back: `texts` index the request's texts.

    `failed` is set where the dialect can say that the tool failed, `at` is where the call's id stands in the tree.
    """

    call_id: str
    texts: tuple[int, ...]
    failed: bool = False
    at: Path = ()


class Request(Struct, frozen=True):
    """The neutral view of a request's body; `tree` is the decoded JSON and all that is ever sent.

    `choices` is `n`, `output_limit` the client's own maximum of output tokens (None: not said), `thinking_budget` what
    is set aside for reasoning, `images` and `files` how many non-text inputs there are, `unboundable` names the members
    whose cost the body does not tell, `strict_format` says that the answer must be JSON, `forced_tool` that a tool call
    is demanded. `opaque_bytes` are of reasoning that goes on unread, `frame_bytes` of what is billed beside the texts.
    `free` says that the provider charges nothing for it, `kept` that it keeps the reply. `follows` are ids of what lies
    at the provider and the request goes on from: whose they are and what they weigh, `gateway.bonds` knows.
    `grows` is the one of them that the call adds to: one call at a time may.
    `hosted_items` are what tools at the provider left in an earlier answer, `uses_max` bounds all their uses together.
    `executes` is the tool call that the request itself is: its arguments stand in the tree's member `arguments`.
    """

    tree: dict[str, Any]
    model: str
    stream: bool
    texts: tuple[Text, ...]
    messages: int = 0
    choices: int = 1
    output_limit: int | None = None
    thinking_budget: int = 0
    tools: tuple[ToolDefinition, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    images: int = 0
    files: int = 0
    unboundable: tuple[str, ...] = ()
    wants_usage: bool = False
    strict_format: bool = False
    forced_tool: bool = False
    opaque_bytes: int = 0
    frame_bytes: int = 0
    free: bool = False
    follows: tuple[str, ...] = ()
    grows: str | None = None
    kept: bool = False
    executes: ToolCall | None = None
    hosted_items: int = 0
    uses_max: int | None = None

    def replace(self, changes: Mapping[int, str]) -> "Request":
        """Return a request whose texts at these indexes are replaced; the tree is copied along their paths only."""
        texts = list(self.texts)
        for index, value in changes.items():
            texts[index] = Text(texts[index].path, value, texts[index].role)
        tree = _with_values(self.tree, [(texts[index].path, value) for index, value in changes.items()])
        return structs.replace(self, tree=tree, texts=tuple(texts))

    def renamed(self, names: Mapping[str, str]) -> "Request":
        """Return a request in whose tree tool calls have other ids; in its neutral view they keep theirs."""
        places = [(call.at, names[call.id]) for call in self.calls if call.at and call.id in names]
        places += [(said.at, names[said.call_id]) for said in self.results if said.at and said.call_id in names]
        return structs.replace(self, tree=_with_values(self.tree, places)) if places else self

    def with_members(self, members: Mapping[str, Any]) -> "Request":
        """Return a request whose top-level members are set (or, if None, removed)."""
        tree = {**self.tree, **members}
        for name, value in members.items():
            if value is None:
                del tree[name]
        return structs.replace(self, tree=tree)


def _with_values(tree: dict[str, Any], changes: Sequence[tuple[Path, str]]) -> dict[str, Any]:
    """Return a tree with other values at these paths; it is copied along them only."""
    changed = dict(tree)
    copied: dict[Path, Any] = {(): changed}
    for path, value in changes:
        node: Any = changed
        for depth, step in enumerate(path[:-1], 1):
            at = path[:depth]
            child = copied.get(at)
            if child is None:
                child = copied[at] = node[step].copy()
                node[step] = child
            node = child
        node[path[-1]] = value
    return changed
