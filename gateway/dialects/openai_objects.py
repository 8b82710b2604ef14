"""What OpenAI keeps of Responses and conversations (`/v1/responses/{id}`, `/v1/conversations/…`), as its owner sees it.

One of these is made for each request: it knows the route and the ids in its path. Nothing here is billed. What goes out
is scanned like any request, what comes back is restored like any reply. Tool calls that were never released to this key
(the firewall refused them, but the provider has them still) are left out.
"""

import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from limits.prices import Usage

from ..call import Event, Part, Request
from ..errors import InvalidRequest, UnboundedCost, UpstreamError
from . import body
from .plain import PlainDialect
from .responses_reply import ResponsesReader
from .responses_request import CALLS, items_of
from .seam import Fresh
from .strict import decode_reply

NAME = "openai_objects"
_QUERY = frozenset({"include", "include[]", "limit", "order", "after", "before"})
_QUERY_CHARS_MAX = 2_048
_NOTHING = Usage(0, 0)
# The names in these are the API's; all other strings are somebody's words.
_NAMES = frozenset(
    ["id", "object", "type", "status", "role", "first_id", "last_id", "call_id", "name", "phase", "model", "detail"]
)
_ARGUMENTS = frozenset(CALLS.values())
_ECHOED = ("instructions", "tools")  # of a response's request; in words alone its reader takes them
_OPAQUE = "encrypted_content"


class ObjectDialect(PlainDialect):
    """The dialect of one request. `path` is its route's pattern below `/v1`, `ids` what stands in the pattern's places.

    `released` gives the id under which a tool call of the object was released to the caller, None if it never was; set
    before a reply is read.
    """

    name = NAME

    def __init__(self, method: str, path: str, ids: tuple[str, ...], query: str) -> None:
        self.method = method
        self.path = path
        self.ids = ids
        self.query = query
        self.released: Callable[[str], str | None] = lambda _: None

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of the request: what it goes on from is the object that it names."""
        tree = body.tree_of(tree)
        self._refuse_query()
        takes = self.method == "POST" and not self.path.endswith("/cancel")
        if tree and not takes:
            raise InvalidRequest("this route takes no body")
        reader = items_of(tree, "items")
        reader.strings(("metadata",), tree.get("metadata"), "definition")
        reader.rest((), tree, ("items", "metadata"), "definition")
        if reader.files:
            raise UnboundedCost(
                "what files and audio weigh in later calls cannot be told; leave them out", param="items"
            )
        return Request(
            tree=tree,
            model="",
            stream=False,
            texts=tuple(reader.texts),
            messages=reader.messages,
            images=reader.images,
            files=reader.files,
            calls=tuple(reader.calls),
            results=tuple(reader.results),
            opaque_bytes=reader.opaque_bytes,
            frame_bytes=reader.frame_bytes,
            free=True,
            follows=self.ids[:1],
            grows=self.ids[0] if takes and self.ids else None,
            kept=True,
        )

    def _refuse_query(self) -> None:
        if len(self.query) > _QUERY_CHARS_MAX:
            raise InvalidRequest(f"the query has more than {_QUERY_CHARS_MAX} characters")
        for name, _ in urllib.parse.parse_qsl(self.query):
            if name not in _QUERY:
                raise InvalidRequest(
                    f"{name[:64]!r} is not taken in this query; nothing is streamed again", param="query"
                )

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as it is."""
        return request

    @property
    def deletes(self) -> bool:
        """Whether the object itself goes."""
        return self.method == "DELETE" and self.path.endswith("{id}")

    @property
    def address(self) -> str:
        """The path at the provider, below its base."""
        places = iter(self.ids)
        steps = self.path.split("/")
        return "/".join(urllib.parse.quote(next(places), safe="") if step[:1] == "{" else step for step in steps)

    @property
    def asked(self) -> str:
        """The query at the provider."""
        return urllib.parse.urlencode(urllib.parse.parse_qsl(self.query))

    def reader(self, request: Request, fresh: Fresh | None = None) -> "ObjectReader":  # noqa: ARG002
        """Return a reader for the reply."""
        return ObjectReader(self)


class ObjectReader:
    """Reads one reply: a response, a conversation, an item, a list of items, or word that it is deleted."""

    __slots__ = ("_dialect", "finished")

    def __init__(self, dialect: ObjectDialect) -> None:
        self._dialect = dialect
        self.finished = False

    def plain(self, body: bytes) -> Event:
        """Return the one event."""
        tree = decode_reply(body)
        if type(tree) is not dict or not isinstance(tree.get("object", ""), str):
            raise UpstreamError("the upstream's reply is no object")
        self.finished = True
        self._leave_out(tree)
        if tree.get("object") == "response" and "output" in tree:
            event = ResponsesReader().whole(tree)
            event.mints, event.usage = None, _NOTHING
            event.parts += _parts({member: tree[member] for member in _ECHOED if type(tree.get(member)) is list})
            return event
        event = Event(tree, list(_parts(tree)), ends=(0,), finish="complete", usage=_NOTHING, terminal=True, whole=True)
        if not self._dialect.ids and type(tree.get("id")) is str:
            event.mints = tree["id"]
        return event

    def feed(self, payloads: Sequence[bytes], names: Sequence[str | None] = ()) -> list[Event]:  # noqa: ARG002
        """Refuse: these routes have no stream."""
        raise UpstreamError("the upstream answered with a stream that nobody asked for")

    def _leave_out(self, tree: dict[str, Any]) -> None:
        """Leave tool calls out that were not released."""
        for member in ("output", "data"):
            if type(tree.get(member)) is list:
                tree[member] = [item for item in tree[member] if self._shown(item)]
        if not self._shown(tree):
            raise UpstreamError("this item is a tool call that was never released")

    def _shown(self, item: Any) -> bool:
        """Give a tool call or its result the id that the caller knows; say whether the caller knows it."""
        kind = item.get("type") if type(item) is dict else None
        if type(kind) is not str or "call_id" not in item:
            return True
        released = self._dialect.released(str(item["call_id"]))
        if released is not None:
            item["call_id"] = released
        return released is not None or not kind.endswith("_call")


def _parts(tree: Mapping[str, Any], lane: str = "") -> Iterator[Part]:
    """Yield every string that may be somebody's words, each a text of its own; arguments as such."""
    for member, value in tree.items():
        place = f"{lane}.{member}"
        if type(value) is str and member not in _NAMES:
            if value.startswith("data:") or member == _OPAQUE:
                continue  # an image's bytes, or reasoning that nobody may read or alter
            kind = "arguments" if member in _ARGUMENTS and "call_id" in tree else "text"
            part = Part(kind, 0, place, tree, member)
            part.call_id, part.name = str(tree.get("call_id", "")), str(tree.get("name", ""))
            yield part
        elif type(value) is dict:
            yield from _parts(value, place)
        elif type(value) is list:
            for number, each in enumerate(value):
                if type(each) is dict:
                    yield from _parts(each, f"{place}.{number}")
                elif type(each) is str:
                    yield Part("text", 0, f"{place}.{number}", value, number)
