"""The plug-ins of a profile over a request: what they find adds up; one that fails is the profile's to judge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.call import Call
from gateway.errors import GuardUnavailable
from gateway.plugins import Plugins
from tests.gateway.stages.exchange import call_for

pytestmark = pytest.mark.anyio

HERE = "tests.gateway.guards.plugins_for_tests"


def plugin(factory: str, **settings: Any) -> dict[str, Any]:
    return {"factory": f"{HERE}:{factory}", "deadline_s": 20, **settings}


def call_under(*plugins: dict[str, Any], texts: tuple[str, ...] = ("nobody", "ask Zaphod")) -> Call:
    messages = [{"role": "user", "content": text} for text in texts]
    return call_for({"model": "m", "messages": messages}, guards={"plugins": list(plugins)})


@asynccontextmanager
async def running() -> AsyncIterator[Plugins]:
    plugins = Plugins()
    try:
        yield plugins
    finally:
        await plugins.close()


async def told(plugins: Plugins, call: Call) -> dict[int, list[tuple[Any, ...]]]:
    """Return what is found in each text that is looked at whole."""
    assert call.request is not None
    found = await plugins.told(call, call.request)
    return {index: [tuple(hit) for hits in pieces for hit in hits] for index, pieces in found.items()}


async def test_a_profile_without_plug_ins_starts_no_process() -> None:
    async with running() as plugins:
        assert await told(plugins, call_under()) == {}
        assert plugins._plugins == {}


async def test_what_several_find_in_a_text_adds_up_and_texts_without_findings_are_left_out() -> None:
    async with running() as plugins:
        found = await told(plugins, call_under(plugin("names"), plugin("told_deadlines"), texts=("ask Zaphod",)))
        assert found == {0: [(4, 10, "passport", "names"), (0, 10, "secret", "20.0")]}
        assert await told(plugins, call_under(plugin("names"))) == {1: [(4, 10, "passport", "names")]}


async def test_of_json_that_tools_gave_each_value_is_shown_by_itself() -> None:
    async with running() as plugins:
        messages = [{"role": "tool", "tool_call_id": "c", "content": '{"who": "Zaphod", "n": [], "to": "x Zaphod"}'}]
        call = call_for({"model": "m", "messages": messages}, guards={"plugins": [plugin("names")]})
        assert call.request is not None
        found = await plugins.told(call, call.request)
        hits = {index: [[hit.start for hit in its] for its in pieces] for index, pieces in found.items()}
        assert hits == {0: [[], [0], [], [], [2]]}


async def test_a_plug_in_for_replies_alone_sees_no_request() -> None:
    async with running() as plugins:
        assert await told(plugins, call_under(plugin("names", where=["reply"]))) == {}
        assert plugins._plugins == {}


async def test_profiles_that_name_the_same_plug_in_share_its_process() -> None:
    async with running() as plugins:
        for _call in range(2):
            await told(plugins, call_under(plugin("names")))
        (only,) = plugins._plugins.values()
        process = only._process
        assert process is not None
        await told(plugins, call_under(plugin("names"), texts=("another",)))
        assert only._process is process
        await told(plugins, call_under(plugin("names", deadline_s=19)))  # other terms, another process
        assert len(plugins._plugins) == 2
    assert process.returncode is not None  # closing ended it


async def test_nothing_leaves_without_the_word_of_one_that_failed_and_the_text_is_not_told() -> None:
    async with running() as plugins:
        call = call_under(plugin("dies"), texts=("my secret text",))
        with pytest.raises(GuardUnavailable) as failed:
            await told(plugins, call)
        assert "secret text" not in str(failed.value)
        assert [each["decision"] for each in call.decisions] == ["plugin_failed"]


async def test_where_calls_may_pass_the_other_plug_ins_count_and_the_record_names_the_one_that_failed() -> None:
    async with running() as plugins:
        call = call_under(plugin("dies", on_failure="pass"), plugin("names"))
        assert await told(plugins, call) == {1: [(4, 10, "passport", "names")]}
        assert [(each["decision"], each["rule"]) for each in call.decisions] == [("plugin_failed", f"{HERE}:dies")]


async def test_the_interpreter_that_the_settings_name_is_the_one_that_is_started() -> None:
    async with running() as plugins:
        with pytest.raises(GuardUnavailable):
            await told(plugins, call_under(plugin("names", python="/nowhere/python")))
