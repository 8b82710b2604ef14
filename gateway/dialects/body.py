"""What reading any vendor's body needs: the parts as they are collected, and refusals that name the member."""

from collections.abc import Collection
from typing import Any

from ..call import Path, Text, ToolCall, ToolResult
from ..errors import InvalidRequest, UnboundedCost
from .strict import encode

MESSAGES_MAX = 10_000


class Collected:
    """What one body holds, collected while it is walked.

    `opaque_bytes` are of reasoning that nobody may read or alter, `frame_bytes` of what is billed beside the texts.
    """

    __slots__ = (
        "calls",
        "files",
        "frame_bytes",
        "hosted_items",
        "images",
        "messages",
        "opaque_bytes",
        "results",
        "texts",
    )

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.calls: list[ToolCall] = []
        self.results: list[ToolResult] = []
        self.messages = 0
        self.images = 0
        self.files = 0
        self.hosted_items = 0
        self.opaque_bytes = 0
        self.frame_bytes = 0

    def text(self, path: Path, holder: Any, member: str, role: str) -> None:
        """Take a member that must be a string."""
        value = holder.get(member)
        if type(value) is not str:
            raise wrong(f"{place(path)}.{member}", "a string")
        self.texts.append(Text((*path, member), value, role))

    def optional(self, path: Path, holder: dict[str, Any], member: str, role: str) -> None:
        """Take a member that is a string or null, if it is there."""
        if holder.get(member) is not None:
            self.text(path, holder, member, role)

    def opaque(self, holder: dict[str, Any], member: str) -> None:
        """Take note of a member that is sent on as it is, unread."""
        value = holder.get(member)
        if type(value) is str:
            self.opaque_bytes += len(value.encode())

    def strings(self, path: Path, node: Any, role: str) -> None:
        """Collect every string value below a node (tool definitions, schemas, metadata); names stay as they are."""
        if type(node) is str:
            self.texts.append(Text(path, node, role))
        elif type(node) is dict:
            for name, value in node.items():
                self.strings((*path, name), value, role)
        elif type(node) is list:
            for number, value in enumerate(node):
                self.strings((*path, number), value, role)

    def unknown(self, path: Path, node: Any, role: str) -> None:
        """Take a member that nobody here knows: its strings are scanned, and all of it counts."""
        if node is not None and type(node) is not bool:
            self.strings(path, node, role)
            self.frame_bytes += len(encode(node)) + len(str(path[-1]).encode())

    def rest(self, path: Path, holder: dict[str, Any], known: Collection[str], role: str) -> None:
        """Take all members that are not among the known ones."""
        for member, value in holder.items():
            if member not in known:
                self.unknown((*path, member), value, role)


def tree_of(tree: Any) -> dict[str, Any]:
    """Return the body's tree if it is an object."""
    if type(tree) is not dict:
        raise InvalidRequest("the body must be a JSON object")
    return tree


def model_of(tree: dict[str, Any]) -> str:
    """Return the model's name."""
    model = tree.get("model")
    if type(model) is not str or not model:
        raise wrong("model", "a non-empty string")
    return model


def listed(tree: dict[str, Any], member: str, most: int) -> list[Any]:
    """Return a member that must be a non-empty list of at most so many."""
    value = tree.get(member)
    if type(value) is not list or not value:
        raise wrong(member, "a non-empty list")
    if len(value) > most:
        raise InvalidRequest(f"{member} holds {len(value)}; at most {most} are taken", param=member, limit=most)
    return value


def refuse_state(tree: dict[str, Any], members: tuple[str, ...]) -> None:
    """Refuse members that name what lies at the provider: neither its cost nor its owner can be told from the body."""
    for member in members:
        if asked(tree, member):
            raise elsewhere(member)


def asked(tree: dict[str, Any], member: str) -> bool:
    """Whether a member asks for something: an empty object does, with all its defaults; an empty list does not."""
    value = tree.get(member)
    return bool(value) or type(value) is dict


def elsewhere(member: str) -> UnboundedCost:
    """Return the refusal of a member that names what lies at the provider."""
    return UnboundedCost(
        f"{member} names what lies at the provider: what it costs is not in the body, and whose it is nobody can "
        "tell; send the thing itself",
        param=member,
    )


def boolean(tree: dict[str, Any], member: str) -> bool:
    """Return a member that is true, false or absent."""
    value = tree.get(member)
    if value is not None and type(value) is not bool:
        raise wrong(member, "true or false")
    return bool(value)


def count(tree: dict[str, Any], member: str, least: int, most: int = 2**31) -> int | None:
    """Return a member that is an integer within bounds, None if it is absent."""
    value = tree.get(member)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= most:
        raise wrong(member, f"an integer from {least} to {most}")
    return value


def named(path: Path, holder: dict[str, Any], member: str) -> tuple[str, Path]:
    """Return a tool call's id and where it stands; an id that is no string stands nowhere."""
    call_id = holder.get(member, "")
    return (call_id, (*path, member)) if type(call_id) is str and member in holder else (str(call_id), ())


def place(path: Path) -> str:
    """Return a path as people write it: `messages[0].content`."""
    written = ""
    for step in path:
        written += f"[{step}]" if type(step) is int else f".{step}" if written else str(step)
    return written


def wrong(where: str, expected: str) -> InvalidRequest:
    """Return the refusal of a member that is not as it should be."""
    return InvalidRequest(f"{where} must be {expected}", param=where)
