"""Single pass: one model call, and the results of its tools where they belong."""

from pathlib import Path

import pytest

from agents import SinglePass
from agents.scripted import Reply, ToolCall
from tests.agents.scene import calls, says, scene

pytestmark = pytest.mark.anyio


def price(item: str) -> int:
    """Tell a price."""
    return len(item)


@pytest.mark.parametrize(
    ("reply", "output"),
    [
        (
            Reply(
                text="Tea is {1}, milk {2}.",
                tool_calls=(ToolCall("price", {"item": "tea"}), ToolCall("price", {"item": "milk"})),
            ),
            "Tea is 3, milk 4.",
        ),
        (calls("price", item="tea"), "3"),
        (Reply(text="No idea."), "No idea."),
    ],
)
async def test_the_results_stand_where_the_model_put_them(tmp_path: Path, reply: Reply, output: str) -> None:
    async with scene(tmp_path, says("", reply)) as it:
        result = await it.agent(tools=[price], pattern=SinglePass()).arun("prices?")
        assert it.requests() == 1
    assert (result.status, result.output) == ("completed", output)
