"""The story of one run: its records in order, put together call by call, summed up, each with its proof.

What a person affected by a decision may ask (GDPR Art. 15 and 22, EU AI Act Art. 86) is answered from the book alone:
what was asked of which model, which tools saw which data, what was decided, why, by which rule.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from .checkpoint import from_text
from .errors import BookError, ProofRefused
from .merkle import leaf_hash, verify_inclusion
from .note import parse
from .reader import Reader
from .wording import dollars, instant, sentences, title

_NOT_KEPT = "The words of the request and of the answer were not kept; only what is told here was."

ReadPayload = Callable[[int], str | None]
"""Returns the kept text of a record, None if there is none or it was destroyed."""


@dataclass(slots=True)
class Chapter:
    """A call, or one record that belongs to no call: when, a title, sentences, texts that are kept, its records."""

    at_us: int
    title: str
    ended: str = ""
    told: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Proof:
    """A record's place in the log, and the hashes that lead from it to the signed root; empty while not yet signed."""

    index: int
    leaf: bytes
    hashes: tuple[bytes, ...]
    signed: bool


@dataclass(slots=True)
class Story:
    """All that is told of a run."""

    run: str
    origin: str
    checkpoint: str
    tenant: str | None
    summary: list[str]
    chapters: list[Chapter]
    proofs: list[Proof]
    policies: list[str]

    @property
    def proven(self) -> int:
        """How many of the records are under the signed checkpoint."""
        return sum(each.signed for each in self.proofs)


def tell(
    reader: Reader, run: str, records: Iterable[tuple[int, bytes]], *, payload: ReadPayload | None = None
) -> Story:
    """Tell a run from its records, which come in the book's order; raise BookError if there are none."""
    read = [(index, body, orjson.loads(body)) for index, body in records]
    if not read:
        raise BookError(f"the book has no record of a run {run!r}")
    chapters: dict[str, Chapter] = {}
    for index, _, record in read:
        name = record.get("call") or f"record {index}"
        chapter = chapters.get(name)
        if chapter is None:
            chapter = chapters[name] = Chapter(record["at"], title(record))
        if record["kind"] in ("outcome", "refusal"):
            chapter.title, chapter.ended = title(record), _ended(record)
        chapter.told += [each for each in sentences(record) if each not in chapter.told]
        chapter.indexes.append(index)
        if record["kind"] in ("outcome", "refusal") and not any("payload" in each for _, _, each in read):
            chapter.told.append(_NOT_KEPT)
        text = payload(index) if payload is not None and "payload" in record else None
        if text is not None:
            chapter.texts.append(text)
    size = 0 if reader.checkpoint is None else from_text(parse(reader.checkpoint).text).size
    return Story(
        run=run,
        origin=reader.origin,
        checkpoint="" if reader.checkpoint is None else reader.checkpoint.decode(),
        tenant=next((record["tenant"] for _, _, record in read if "tenant" in record), None),
        summary=_summary([record for _, _, record in read]),
        chapters=list(chapters.values()),
        proofs=[_proof(reader, index, body, size) for index, body, _ in read],
        policies=sorted({record["policy"] for _, _, record in read if "policy" in record}),
    )


def _ended(record: dict[str, Any]) -> str:
    if "code" in (record.get("status") or {}):
        return "refused" if record["kind"] == "refusal" else "failed"
    return "answered"


def _proof(reader: Reader, index: int, body: bytes, size: int) -> Proof:
    """Return the proof of a record, checked here already: a page must not show what does not hold."""
    leaf = leaf_hash(body)
    if index >= size or reader.checkpoint is None:
        return Proof(index, leaf, (), signed=False)
    hashes = tuple(reader.prove(index, size))
    try:
        verify_inclusion(index, size, leaf, hashes, from_text(parse(reader.checkpoint).text).root)
    except ProofRefused as error:
        raise BookError(f"record {index} is not the one that was signed: {error}") from error
    return Proof(index, leaf, hashes, signed=True)


def _summary(records: list[dict[str, Any]]) -> list[str]:
    ended = [record for record in records if record["kind"] in ("outcome", "refusal")]
    refused = [record for record in ended if "code" in (record.get("status") or {})]
    tools = [tool for record in records for tool in record.get("tools") or ()]
    allowed = [tool for tool in tools if tool.get("decision") == "authorised"]
    stopped = [tool for tool in tools if tool.get("decision") in ("refused", "withheld")]
    models = sorted({str(record["model"]) for record in ended if "model" in record})
    found = sum(count for record in ended for count in (record.get("findings") or {}).values())
    nano = sum(each.get("nano_usd", 0) for record in ended for each in record.get("billed") or ())
    told = [f"It began on {instant(records[0]['at'])} and was last heard of on {instant(records[-1]['at'])}."]
    asked = f"{_number(len(ended), 'request')} to {', '.join(models) or 'no model'}"
    told.append(f"{asked}; {len(ended) - len(refused)} answered, {len(refused)} refused or failed.")
    if tools:
        names = ", ".join(sorted({str(tool.get("name")) for tool in tools}))
        told.append(f"Tools asked for: {names}. Allowed: {len(allowed)}. Refused or held back: {len(stopped)}.")
    if found:
        told.append(f"{_number(found, 'personal or secret value')} recognised; what became of each is told below.")
    told.append(f"It cost {dollars(nano)}.")
    return told


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
