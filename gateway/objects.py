"""Finds what the provider keeps for a key: where a response or conversation lies, and who may look at it.

An id that is not bound to the calling key is 404, whoever else may have it. A conversation that is begun has no model
in its body: it goes to the only provider that keeps any, or to that of the model that `x-tollhouse-model` names.
"""

from dataclasses import fields, replace

from .aliases import Aliases
from .bonds import Bonds, mark_of
from .call import Attempt, Call
from .catalogue import Catalogue, Model, Offer
from .dialects.openai_objects import NAME, ObjectDialect
from .dialects.strict import encode
from .errors import InvalidRequest, NotFound
from .papers import Key
from .upstream.interface import UpstreamRequest

HEADER = "x-tollhouse-model"
_KEPT_BY = "openai_responses"


class ObjectOffer(Offer):
    """An offer asked for what it keeps, not for an answer."""

    __slots__ = ()

    def request(self, attempt: Attempt) -> UpstreamRequest:
        """Return the attempt as the upstream gets it."""
        dialect = attempt.call.dialect
        assert isinstance(dialect, ObjectDialect)  # noqa: S101 - Objects made this offer for it
        body = encode(attempt.request.tree) if dialect.method == "POST" else b""
        headers = self.headers if body else [each for each in self.headers if each[0] != "content-type"]
        url = self.target.address(dialect.address, dialect.asked)
        return UpstreamRequest(dialect.method, url, headers, body, self.timeouts, attempt.call.tenant.id)


class Objects:
    """What lies at the providers of `catalogue`, by the ids that `bonds` bind; `aliases` are of tool calls."""

    def __init__(self, catalogue: Catalogue, bonds: Bonds, aliases: Aliases) -> None:
        self._bonds = bonds
        self._aliases = aliases
        self._places: list[tuple[Model, Offer]] = [
            (model, offer)
            for model in catalogue.values()
            for offer in model.targets
            if _KEPT_BY in offer.target.dialects
        ]

    def model_of(self, call: Call, dialect: ObjectDialect) -> Model:
        """Return where the call goes, in a Model's form; NotFound if the object is not this key's."""
        if not dialect.ids:
            return self._new(call)
        bond = self._bonds.find(call.key, dialect.ids[0])
        upstream = "" if bond is None else bond.target.partition("/")[0]
        found = [place for place in self._places if place[1].target.upstream == upstream]
        if not found:
            raise NotFound("nothing of that id at the provider belongs to this key; it may have expired")
        dialect.released = lambda tool_call: self._released(call.key, dialect.ids[0], tool_call)
        return _asked(*next((place for place in found if bond is not None and place[1].name == bond.target), found[0]))

    def _released(self, key: Key, kept: str, tool_call: str) -> str | None:
        """Return the id under which a tool call of a kept object was released; None if it never was."""
        if self._bonds.knows(key, mark_of(kept, tool_call)):
            return self._aliases.released(key, kept, tool_call)
        return tool_call if self._bonds.knows(key, tool_call) else None

    def _new(self, call: Call) -> Model:
        named = call.caller.headers.get(HEADER)
        found = [
            place for place in self._places if named in (None, place[0].name) and call.key.allows_model(place[0].name)
        ]
        if not found:
            raise InvalidRequest(f"no provider that keeps conversations is there for this key, or for {HEADER}")
        if len({offer.target.upstream for _, offer in found}) > 1:
            raise InvalidRequest(f"several providers keep conversations; name a model of one in {HEADER}")
        return _asked(*found[0])


def _asked(model: Model, offer: Offer) -> Model:
    target = replace(offer.target, dialects=(NAME,))
    known = {each.name: getattr(offer, each.name) for each in fields(offer)}
    return replace(model, targets=(ObjectOffer(**{**known, "target": target}),), fallbacks=(), stored_answer=None)
