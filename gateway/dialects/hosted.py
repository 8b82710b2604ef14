"""Tools that run at the provider: which they are, how a request bounds them, and how often a reply says they ran.

Known are those whose uses a reply counts; every other is a name without a `kind`, which no policy can allow.
"""

from collections.abc import Mapping
from typing import Any

from ..call import Request, ToolDefinition
from .body import elsewhere, wrong

KINDS = ("web_search", "web_fetch", "file_search", "code_execution")
_RESPONSES = {"web_search": "web_search", "file_search": "file_search", "code_interpreter": "code_execution"}
_MESSAGES = ("web_search_", "web_fetch_", "code_execution_")
_ITEMS = {
    "web_search_call": "web_search",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_execution",
}
_REPORTED = {"web_search_requests": "web_search", "web_fetch_requests": "web_fetch"}
ITEMS = frozenset(_ITEMS)
BLOCKS = frozenset(
    {
        "server_tool_use",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
    }
)


def of_responses(tool: dict[str, Any], at: str) -> ToolDefinition:
    """Return a tool of a Responses request; UnboundedCost if it names a container: whose that is nobody here knows."""
    said: str = tool["type"]
    stem = "web_search" if said.startswith("web_search_") else said
    kind = _RESPONSES.get(stem, "")
    container = tool.get("container")
    if kind == "code_execution" and (type(container) is not dict or container.get("file_ids")):
        raise elsewhere(f"{at}.container")
    stores = tool.get("vector_store_ids") or ()
    if type(stores) not in (list, tuple) or not all(type(store) is str for store in stores):
        raise wrong(f"{at}.vector_store_ids", "a list of strings")
    return ToolDefinition(said, None, hosted=True, kind=kind, refers=tuple(stores))


def of_messages(tool: dict[str, Any], at: str) -> ToolDefinition:
    """Return a tool of a Messages request, which may bound its own uses."""
    said, name, uses_max = tool["type"], tool.get("name"), tool.get("max_uses")
    kind = next((stem[:-1] for stem in _MESSAGES if said.startswith(stem)), "")
    if uses_max is not None and (type(uses_max) is not int or not 0 < uses_max < 2**31):
        raise wrong(f"{at}.max_uses", "an integer of at least 1")
    return ToolDefinition(name if type(name) is str else said, None, hosted=True, kind=kind, uses_max=uses_max)


def limited(request: Request, dialect: str, uses: Mapping[str, int]) -> Request:
    """Return the request with these bounds written into it, so that the provider keeps to what was held.

    A Responses request has one bound for all of them. Anthropic's code execution knows none: what was held for it is
    the policy's maximum.
    """
    if dialect == "openai_responses":
        return request.with_members({"max_tool_calls": sum(uses.values())})
    tools = [
        {**tool, "max_uses": uses[known.kind]} if known.kind in ("web_search", "web_fetch") else tool
        for tool, known in zip(request.tree["tools"], request.tools, strict=True)
    ]
    return request.with_members({"tools": tools})


def uses_of_items(output: list[Any]) -> tuple[tuple[str, int], ...]:
    """Return how often each tool ran, by a response's items; to open a page that was found is no use of its own."""
    found: dict[str, int] = {}
    for item in output:
        kind, action = _ITEMS.get(item["type"]), item.get("action")
        if kind is not None and not (type(action) is dict and action.get("type") in ("open_page", "find_in_page")):
            found[kind] = found.get(kind, 0) + 1
    return tuple(found.items())


def kind_of_use(name: object) -> str:
    """Return which tool a message's use of a tool at the provider is of; `other` if of none that is known."""
    if type(name) is str and name.endswith("code_execution"):
        return "code_execution"
    return name if type(name) is str and name in KINDS else "other"


def uses_reported(usage: Any, seen: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return how often each tool ran: as a message's usage reports it, else as its blocks show."""
    told = usage.get("server_tool_use") if type(usage) is dict else None
    uses = dict(seen)
    if type(told) is dict:
        uses |= {kind: told[name] for name, kind in _REPORTED.items() if type(told.get(name)) is int}
    return tuple((kind, number) for kind, number in uses.items() if number)
