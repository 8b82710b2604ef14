"""The schemas of a request's tools, compiled once: JSON Schema 2020-12, nothing fetched, regular expressions bounded.

A toolset is known by its definitions as JSON, so what an agent offers again and again costs one look-up. What is
checked is the arguments' text as the client will read it: duplicate names and numbers that parsers read differently are
no valid arguments.
"""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import orjson

from ..call import ToolDefinition
from ..dialects.strict import decode
from ..errors import InvalidRequest
from ..shelf import Shelf
from .weigh import SchemaRefused, depth_allowed

TOOLS_MAX = 512
SCHEMA_BYTES_MAX = 256 << 10
ARGUMENT_BYTES_MAX = 1 << 20
_COMPILED_HERE_BYTES_MAX = 16 << 10
_BACKTRACKS_MAX = 50_000
_REGEX_BYTES_MAX = 1 << 20
_PASSED_MAX = 1_024
_PLACE_CHARS_MAX = 96


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why arguments do not fit: the rule in a word (`json`, a schema's keyword), and where, as a JSON pointer."""

    rule: str
    place: str = ""


class Schema:
    """One tool's schema, compiled; None takes any object, `free` any text."""

    __slots__ = ("_depth_max", "_validator", "free")

    def __init__(self, schema: object, *, free: bool = False) -> None:
        """Compile; SchemaRefused says why not."""
        self.free = free
        self._depth_max = 64
        self._validator: jsonschema_rs.Draft202012Validator | None = None
        if free or schema is None:
            return
        if type(schema) is not dict:
            raise SchemaRefused("it is no object")
        self._depth_max = depth_allowed(schema)
        options = jsonschema_rs.FancyRegexOptions(
            backtrack_limit=_BACKTRACKS_MAX, size_limit=_REGEX_BYTES_MAX, dfa_size_limit=_REGEX_BYTES_MAX
        )
        try:
            self._validator = jsonschema_rs.Draft202012Validator(schema, offline=True, pattern_options=options)
        except ValueError as error:  # also its own ValidationError, which quotes the schema
            raise SchemaRefused("it is no valid JSON Schema 2020-12") from error

    def read(self, arguments: str) -> dict[str, Any] | Unfit | None:
        """Return the arguments decoded if they fit, else why not; None for free text. No text is an empty object."""
        if self.free:
            return None
        if len(arguments) > ARGUMENT_BYTES_MAX:
            return Unfit("size")
        try:
            tree = decode(arguments.encode(), depth_max=self._depth_max) if arguments else {}
        except (InvalidRequest, UnicodeEncodeError):
            return Unfit("json")
        if type(tree) is not dict:
            return Unfit("object")
        if self._validator is None or self._validator.is_valid(tree):
            return tree
        return self._why(tree)

    def _why(self, tree: dict[str, Any]) -> Unfit:
        assert self._validator is not None  # noqa: S101 - only asked after it said no
        try:
            self._validator.validate(tree)
        except jsonschema_rs.ValidationError as error:
            place = "".join(f"/{step}" for step in error.instance_path)
            return Unfit(error.kind.name, place[:_PLACE_CHARS_MAX] if place.isprintable() else "")
        return Unfit("schema")


class Toolset(dict[str, Schema]):
    """A request's tools by name; `passed` are allow-lists that name all of them."""

    __slots__ = ("passed",)

    def __init__(self) -> None:
        super().__init__()
        self.passed: set[Hashable] = set()

    def pass_for(self, lists: Hashable) -> None:
        """Remember that these allow-lists name all of them."""
        if len(self.passed) >= _PASSED_MAX:
            self.passed.clear()
        self.passed.add(lists)


class Schemas:
    """Compiled toolsets, bounded. For one event loop."""

    def __init__(self, *, toolsets_max: int = 2_048, schemas_max: int = 8_192, bytes_max: int = 32 << 20) -> None:
        self._toolsets: Shelf[bytes, Toolset] = Shelf(entries_max=toolsets_max, bytes_max=bytes_max)
        self._schemas: Shelf[bytes, Schema] = Shelf(entries_max=schemas_max, bytes_max=bytes_max)

    def known(self, tools: Sequence[ToolDefinition]) -> Toolset | None:
        """Return the toolset of these definitions if they were offered before."""
        return None if len(tools) > TOOLS_MAX else self._toolsets.get(_said(tools))

    async def of(self, tools: Sequence[ToolDefinition]) -> Toolset:
        """Return the toolset of these definitions; InvalidRequest names the one that is not taken."""
        if len(tools) > TOOLS_MAX:
            raise InvalidRequest(
                f"{len(tools)} tools are offered; at most {TOOLS_MAX} are taken",
                param="tools",
                limit=TOOLS_MAX,
                actual=len(tools),
            )
        said = _said(tools)
        toolset = self._toolsets.get(said)
        if toolset is None:
            toolset = Toolset()
            for at, tool in enumerate(tools):
                if tool.name in toolset:
                    raise InvalidRequest(f"tools[{at}] has a name that was offered before", param=f"tools[{at}]")
                toolset[tool.name] = await self._schema(at, tool)
            self._toolsets.put(said, toolset, len(said))
        return toolset

    async def _schema(self, at: int, tool: ToolDefinition) -> Schema:
        said = orjson.dumps((tool.schema, tool.free))
        schema = self._schemas.get(said)
        if schema is not None:
            return schema
        place = f"tools[{at}].parameters"
        if len(said) > SCHEMA_BYTES_MAX:
            raise InvalidRequest(
                f"{place} has {len(said)} bytes; at most {SCHEMA_BYTES_MAX} are taken",
                param=place,
                limit=SCHEMA_BYTES_MAX,
                actual=len(said),
            )
        try:
            if len(said) > _COMPILED_HERE_BYTES_MAX:
                schema = await asyncio.to_thread(Schema, tool.schema, free=tool.free)
            else:
                schema = Schema(tool.schema, free=tool.free)
        except SchemaRefused as refused:
            raise InvalidRequest(f"{place} is not taken: {refused}", param=place) from None
        self._schemas.put(said, schema, len(said))
        return schema


def _said(tools: Sequence[ToolDefinition]) -> bytes:
    return orjson.dumps([(tool.name, tool.schema, tool.free) for tool in tools])
