"""OpenAI's Embeddings and Moderations (`/v1/embeddings`, `/v1/moderations`), as published in its API reference.

An embedding costs its input; moderations are free. Inputs made of token numbers are refused: no guard can read them.
"""

from typing import Any

from limits.prices import Usage

from ..call import Path, Request
from ..errors import InvalidRequest
from . import body
from .body import Collected
from .plain import PlainDialect, PlainReader
from .seam import Fresh

_TOKENS_MAX = 2**40
_EMBEDDINGS = frozenset({"model", "input", "encoding_format", "dimensions", "input_type", "user"})
_MODERATIONS = frozenset({"model", "input"})


class OpenAIEmbeddings(PlainDialect):
    """The dialect; stateless."""

    name = "openai_embeddings"

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a decoded body."""
        tree = body.tree_of(tree)
        reader = Collected()
        _inputs(reader, tree)
        reader.optional((), tree, "user", "definition")
        reader.rest((), tree, _EMBEDDINGS, "definition")
        return _request(tree, reader, free=False)

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as an upstream gets it; nothing bounds an output that has no tokens."""
        return request.with_members({"model": model})

    def reader(self, request: Request, fresh: Fresh | None = None) -> PlainReader:  # noqa: ARG002
        """Return a reader for one reply."""
        return PlainReader(_embedded)


class OpenAIModerations(PlainDialect):
    """The dialect; stateless."""

    name = "openai_moderations"

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a decoded body."""
        tree = body.tree_of(tree)
        reader = Collected()
        _inputs(reader, tree)
        reader.rest((), tree, _MODERATIONS, "definition")
        return _request(tree, reader, free=True)

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:  # noqa: ARG002
        """Return the request as an upstream gets it."""
        return request.with_members({"model": model})

    def reader(self, request: Request, fresh: Fresh | None = None) -> PlainReader:  # noqa: ARG002
        """Return a reader for one reply."""
        return PlainReader(_moderated)


def _request(tree: dict[str, Any], reader: Collected, *, free: bool) -> Request:
    return Request(
        tree=tree,
        model=body.model_of(tree),
        stream=False,
        texts=tuple(reader.texts),
        messages=reader.messages,
        output_limit=0,
        images=reader.images,
        files=reader.files,
        strict_format=True,
        frame_bytes=reader.frame_bytes,
        free=free,
    )


def _inputs(reader: Collected, tree: dict[str, Any]) -> None:
    """Read a text, a list of texts, or a list of parts of type text and image_url."""
    if type(tree.get("input")) is str:
        reader.text((), tree, "input", "user")
        reader.messages = 1
        return
    for number, each in enumerate(body.listed(tree, "input", body.MESSAGES_MAX)):
        here: Path = ("input", number)
        reader.messages += 1
        if type(each) is str:
            reader.strings(here, each, "user")
        elif type(each) is dict and each.get("type") == "text":
            reader.text(here, each, "text", "user")
            reader.rest(here, each, ("type", "text"), "user")
        elif type(each) is dict and each.get("type") == "image_url":
            reader.images += 1
            reader.rest(here, each, ("type", "image_url"), "user")
        else:
            raise InvalidRequest(
                f"{body.place(here)} must be a text: token numbers cannot be read by the guards, so send what they "
                "stand for (LangChain: check_embedding_ctx_length=False)",
                param="input",
            )


def _embedded(tree: Any) -> Usage | None:
    if type(tree["data"]) is not list:
        raise TypeError("data")
    told = (tree.get("usage") or {}).get("prompt_tokens")
    return Usage(told, 0) if type(told) is int and 0 <= told < _TOKENS_MAX else None


def _moderated(tree: Any) -> Usage:
    if type(tree["results"]) is not list:
        raise TypeError("results")
    return Usage(0, 0)
