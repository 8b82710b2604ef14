"""The bound of an input holds for a real vocabulary; it is counted only where the bound would hurt."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.scripted import Reply, Rule
from gateway.dialects.openai_request import parse
from gateway.weighing import parts_of
from limits.bound import FAMILIES, input_bound
from limits.tokens import TokenCounter
from tests.faults.exact import ECHO, script
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

COUNTER = TokenCounter()


@settings(deadline=None)  # the vocabulary is loaded at its first use
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_the_bound_is_never_below_what_a_vocabulary_counts(text: str) -> None:
    request = parse(chat(text, metadata={"a": text}, tools=[{"type": "function", "function": {"name": "f"}}]))
    bound = input_bound(parts_of(request), FAMILIES["o200k_base"])
    counted = COUNTER.count([part.value for part in request.texts], "o200k_base")
    assert counted <= bound


async def test_what_has_no_bound_is_refused_and_named_unless_the_policy_says_what_to_reserve(tmp_path: Path) -> None:
    sound = {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}
    profiles = [{"name": "generous", "unbounded_usd": "0.01"}]
    async with live(tmp_path, script=ECHO, profiles=profiles) as gate:
        refused = await gate.http.post("/v1/chat/completions", json=chat("") | sound)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unbounded_cost")
        assert "files and audio" in refused.json()["error"]["message"]
        headers = {"authorization": f"Bearer {await gate.new_key(profile='generous')}"}
        assert (await gate.http.post("/v1/chat/completions", json=chat("") | sound, headers=headers)).status_code == 200
        assert gate.records("intent")[0]["hold"]["nano_usd"] > 10_000_000


async def test_a_cheap_call_holds_its_bound_and_a_dear_one_what_was_counted(tmp_path: Path) -> None:
    text = "wonderful " * 100
    async with live(tmp_path, script=ECHO) as gate:
        await gate.http.post("/v1/chat/completions", json=chat(text, max_tokens=10))
        assert gate.records("intent")[0]["hold"]["input_tokens"] == len(text) + 24
    (tmp_path / "tight").mkdir()
    profiles = [{"name": "default", "call": {"usd": "0.0005"}}]
    async with live(tmp_path / "tight", script=ECHO, profiles=profiles) as gate:
        reply = await gate.http.post("/v1/chat/completions", json=chat(text, max_tokens=10))
        assert reply.status_code == 200
        assert gate.records("intent")[0]["hold"]["input_tokens"] < 150


async def test_a_report_of_more_than_came_is_counted_after_and_so_is_each_that_policy_asks_for(tmp_path: Path) -> None:
    never = {"name": "default", "usage_check_every": 0}
    always = {"name": "always", "usage_check_every": 1}
    odd = Rule((Reply("ok", completion_tokens=100),), match="say ok")
    async with live(tmp_path, script=script(rules=(odd,)), profiles=[never, always]) as gate:
        headers = {"authorization": f"Bearer {await gate.new_key(profile='always')}"}
        for text, by in (("one two", None), ("say ok", None), ("one two", headers)):
            await gate.http.post("/v1/chat/completions", json=chat(text, max_tokens=100), headers=by)
        usual, strange, checked = (outcome["billed"][0] for outcome in gate.records("outcome"))
        assert "counted_output_tokens" not in usual
        assert (strange["output_tokens"], strange["counted_output_tokens"]) == (100, 1)
        assert checked["counted_input_tokens"] > 0


async def test_what_nobody_can_count_is_not_checked(tmp_path: Path) -> None:
    always = {"name": "default", "usage_check_every": 1}
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]}]
    async with live(tmp_path, script=ECHO, profiles=[always]) as gate:
        assert (await gate.http.post("/v1/chat/completions", json=chat("") | {"messages": image})).status_code == 200
        assert "counted_input_tokens" not in gate.records("outcome")[-1]["billed"][0]
