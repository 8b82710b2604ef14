"""Frameworks of agents, unmodified, whose model asks for one tool call for ever, end in their normal way."""

import asyncio
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from agents.scripted import Script
from bench.patterns.site import Site
from bench.runaway import measure, plot, report
from bench.runaway.measure import ADDRESSED, BEHIND, FRAMEWORKS, HOW, MODEL, Row
from tests.gateway.live import live

pytestmark = pytest.mark.anyio

SCRIPT = msgspec.convert(measure.script(), Script)


async def told(framework: str, how: str, folder: Path) -> tuple[dict[str, object], int]:
    """Run a framework; return what it told and how many calls the provider billed."""
    async with live(folder, script=SCRIPT, model={"name": MODEL}, up={"kind": "openai"}) as gate:
        place = Site(gate.url, gate.token, gate.token, gate.upstream.url)
        command = await asyncio.to_thread(measure.command, framework, how, gate.url)
        said = await asyncio.to_thread(measure.run, command, measure.environ(place, how))
        return said, gate.upstream.bill.total.requests


@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if name != "smolagents"])
async def test_a_loop_ends_in_an_ordinary_answer_after_four_equal_calls(framework: str, tmp_path: Path) -> None:
    said, calls = await told(framework, BEHIND, tmp_path)
    assert (said["executed"], said["ended"], calls) == (4, "answer", 5)
    assert "call 5 is refused" in str(said["said"])


async def test_a_framework_that_sends_no_ids_back_is_stopped_once_its_address_names_its_run(tmp_path: Path) -> None:
    said, calls = await told("smolagents", ADDRESSED, tmp_path)
    assert (said["executed"], said["ended"], calls) == (4, "AgentGenerationError", 5)
    assert "422" in str(said["said"])


def test_the_page_and_the_plot_show_every_row() -> None:
    rows = [Row(name, how, 5, 4, 5_999, 0.001, "answer", "a | b", 1.0) for name in FRAMEWORKS for how in HOW]
    rows[0] = Row(rows[0].framework, rows[0].how, 233, 233, 15_000_000, 2.2, "TooLong", "", 30.0)
    text = report.page(rows, {"command": "python -m bench.runaway", "cores": "2"})
    assert text.count("an answer: a / b |") == len(rows) - 1
    assert "| 233 | 233 | 15,000,000 | 2.20000 | `TooLong` |" in text
    bars = ET.fromstring(plot.executed(rows)).findall("{http://www.w3.org/2000/svg}rect[@class='bar']")
    assert len(bars) == len(rows)
