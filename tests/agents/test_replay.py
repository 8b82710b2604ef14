"""Log and book agree, or the first difference is found."""

import copy
import json
from pathlib import Path

import pytest

from agents import Log, replay
from tests.agents.scene import calls, says, scene

pytestmark = pytest.mark.anyio


def look(at: str) -> str:
    """Look."""
    return at


async def test_the_first_difference_of_each_kind_is_found(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("look", at="x"), calls("unknown"), "done")) as it:
        result = await it.agent(tools=[look]).arun("go")
        records = it.gate.records()
        run = result.run_id
    with Log(it.log) as log:
        assert replay(records, run, log=log) is None
    book = tmp_path / "book.jsonl"
    book.write_text("".join(json.dumps({"index": 0, "record": record}) + "\n" for record in records))
    assert replay(book, run, log=it.log) is None
    outcomes = [n for n, record in enumerate(records) if record["kind"] == "outcome"]

    def differs(at: int, **change: object) -> str:
        altered = copy.deepcopy(records)
        altered[outcomes[at]].update(change)
        found = replay(altered, run, log=it.log)
        assert found is not None
        return found.what

    assert differs(0, phase="plan") == "phase"
    assert differs(0, status={"http": 200, "finish": "stop"}) == "finish"
    assert differs(0, tools=[]) == "tools"
    assert differs(2, call="call_other") == "call"
    billed = [{**records[outcomes[1]]["billed"][0], "input_tokens": 1}]
    assert differs(1, billed=billed) == "input_tokens"
    extra = {**records[outcomes[-1]], "call": "call_more"}
    found = replay([*records, extra], run, log=it.log)
    assert found is not None
    assert (found.log, found.book) == ("not in the log", "call_more")
    with pytest.raises(KeyError):
        replay(records, "nothing", log=it.log)
