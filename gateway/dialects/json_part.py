"""A part whose value is a tree where other dialects have JSON text."""

from typing import Any

import orjson

from ..call import Part
from ..errors import ContentBlocked
from .strict import encode


class JsonPart(Part):
    """The arguments of a call: its text is the tree as JSON, `empty` for an empty one."""

    __slots__ = ("empty",)

    def __init__(self, choice: int, lane: str, holder: dict[str, Any], member: str, *, empty: str) -> None:
        super().__init__("arguments", choice, lane, holder, member)
        self.empty = empty

    @property
    def text(self) -> str:
        """The tree as JSON."""
        tree = self.holder[self.member]
        return encode(tree).decode() if tree else self.empty

    @text.setter
    def text(self, value: str) -> None:
        if value == self.text:
            return
        try:
            self.holder[self.member] = orjson.loads(value) if value else {}
        except orjson.JSONDecodeError:
            raise ContentBlocked("a tool call's arguments are no JSON once what was found in them is masked") from None
