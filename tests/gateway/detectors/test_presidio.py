"""Presidio itself, in an environment of its own that has nothing of ours: asked as the gateway asks it."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.guards.plugin import Plugin
from gateway.guards.policy import KINDS
from tests.clients.environments import environment
from tests.gateway.live import chat, live
from tests.tree.source import ROOT

pytestmark = pytest.mark.anyio

_OURS = """
import spacy
from gateway.detectors.presidio import detecting

def detector():
    pipeline = spacy.blank("en")  # a pipeline that knows two entities: no model is to be downloaded
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Maria Lindqvist"}, {"label": "GPE", "pattern": "Elm Street"}])
    return detecting(pipeline)
"""
FACTORY = "gateway.detectors.presidio:detector"


@pytest.fixture
async def presidio() -> AsyncIterator[Plugin]:
    """Run it; its packages alone take seconds to load."""
    python = await asyncio.to_thread(environment, "presidio")
    plugin = Plugin(FACTORY, deadline_s=60, python=str(python))
    yield plugin
    await plugin.close()


async def test_its_findings_keep_their_places_and_take_our_kinds(presidio: Plugin) -> None:
    text = "write to jan@example.com, card 4111 1111 1111 1111, IBAN DE89370400440532013000, from 203.0.113.9"
    (hits,) = await presidio.detect([text])
    found = {hit.kind: text[hit.start : hit.end] for hit in hits}
    assert {kind: found[kind] for kind in ("email", "card", "iban", "ip")} == {
        "email": "jan@example.com",
        "card": "4111 1111 1111 1111",
        "iban": "DE89370400440532013000",
        "ip": "203.0.113.9",
    }
    assert all(hit.rule.startswith("presidio.") and hit.kind in KINDS for hit in hits)
    assert [hit.start for hit in hits] == sorted(hit.start for hit in hits)


async def test_names_and_places_are_found_with_a_model_of_one_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = await asyncio.to_thread(environment, "presidio")
    (tmp_path / "ours.py").write_text(_OURS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    plugins = [{"factory": "ours:detector", "python": str(python), "deadline_s": 60}]
    guards = {"request": {"person": "mask"}, "plugins": plugins}
    async with live(tmp_path, profiles=[{"name": "default", "guards": guards}]) as gate:
        text = "Maria Lindqvist moved to Elm Street"
        reply = await gate.http.post("/v1/chat/completions", json=chat(text), timeout=90)
        assert reply.status_code == 200
        sent = json.loads(gate.upstream.seen[0].body)["messages"][0]["content"]
        assert re.fullmatch(r"\[PERSON\] moved to ADDRESS_[B-DF-HJ-NP-T]{16}", sent)
        assert gate.records("outcome")[0]["findings"] == {"person.request.mask": 1, "address.request.tokenize": 1}


async def test_what_has_no_kind_here_is_left_out_and_harmless_text_is_left_alone(presidio: Plugin) -> None:
    assert await presidio.detect(["On Tuesday we met in Paris, see https://example.com/a", ""]) == [[], []]


@pytest.mark.parametrize("asked", [False, True])
async def test_a_call_leaves_without_what_presidio_alone_found(tmp_path: Path, asked: bool) -> None:
    python = await asyncio.to_thread(environment, "presidio")
    plugins = [{"factory": FACTORY, "python": str(python), "deadline_s": 60}] if asked else []
    guards = {"request": {"national_id": "off", "phone": "mask"}, "plugins": plugins}
    async with live(tmp_path, profiles=[{"name": "default", "guards": guards}]) as gate:
        reply = await gate.http.post("/v1/chat/completions", json=chat("my medicare is 2123 45670 1"), timeout=90)
        assert reply.status_code == 200
        assert ("2123 45670 1" in str(gate.upstream.seen[0].body)) is not asked


def test_its_environment_has_nothing_of_ours() -> None:
    code = "import importlib.util as u; print([n for n in ('re2', 'msgspec', 'fastapi', 'gateway') if u.find_spec(n)])"
    python = environment("presidio")
    said = subprocess.run([str(python), "-I", "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
