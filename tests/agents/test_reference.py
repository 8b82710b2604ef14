"""Agents by name, for other processes."""

from pathlib import Path

import pytest

from agents import PlanExecute
from agents.reference import Reference, load, named, read, tools_of

TOOLS = Path(__file__).parent / "mytools.py"


def test_a_pattern_with_a_file_of_tools_survives_being_written() -> None:
    ref = named("Plan_Execute", tools=TOOLS, model="m", instructions="Be brief.")
    again = read(ref.text())
    agent = again.agent()
    assert again == ref
    assert isinstance(agent.pattern, PlanExecute)
    assert [tool.name for tool in agent.tools] == ["note", "hang"]
    assert (agent.model, agent.instructions) == ("m", "Be brief.")


def test_an_agent_of_a_file_is_found_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "team.py"
    file.write_text("from agents import Agent\nhead = Agent('head', model='m')\ntools = []\n")
    ref = named(f"{file}:head")
    assert ref.agent().name == "head"
    assert tools_of(load(file)) == []
    with pytest.raises(ValueError, match="makes no agent called 'tail'"):
        named(f"{file}:tail").agent()


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="no pattern 'magic'"):
        Reference(pattern="magic").agent()
    with pytest.raises(ValueError, match="is no Python file"):
        load(Path("nowhere.py"))
