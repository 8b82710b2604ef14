"""Tags: each user and feature that a policy names has caps of its own, and a user's name stays outside the book."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from limits.accounts import Cap
from limits.ledger import Order
from limits.refusals import Ended
from tests.faults.exact import ECHO
from tests.gateway.live import Live, chat, live
from tests.gateway.operator import administrating, opened, write_config

pytestmark = pytest.mark.anyio
PATH = "/v1/chat/completions"


def profile(**tags: Any) -> list[dict[str, Any]]:
    return [{"name": "default", "tags": tags}]


async def ask(gate: Live, headers: Any = None, **members: Any) -> httpx.Response:
    return await gate.http.post(PATH, json=chat("hi", max_tokens=5, **members), headers=headers)


async def test_each_user_has_caps_of_its_own_told_in_refusal_book_and_use(tmp_path: Path) -> None:
    tags = profile(user={"caps": [{"tokens": 40, "per": "day"}]})
    async with live(tmp_path, script=ECHO, profiles=tags) as gate:
        alice, bob = {"x-tollhouse-user": "alice@example.com"}, {"x-tollhouse-user": "bob"}
        refused = None
        for _ in range(9):
            refused = await ask(gate, alice)
            if refused.status_code != 200:
                break
        assert refused is not None
        error = refused.json()["error"]
        assert (refused.status_code, error["code"], error["param"]) == (402, "budget_exceeded", "user.tokens")
        assert "may use 40 tokens a day" in error["message"]
        for named in ({"safety_identifier": "alice@example.com"}, {"user": "alice@example.com"}):
            assert (await ask(gate, **named)).json()["error"]["param"] == "user.tokens"
        assert (await ask(gate, bob)).status_code == 200
        assert (await ask(gate)).status_code == 200
        outcomes = gate.records("outcome")
        assert outcomes[0]["user"] == gate.records("refusal")[0]["user"] != outcomes[-2]["user"]
        assert "user" not in outcomes[-1]
        assert "alice" not in str(gate.records())
        users = await gate.app.parts.spending.ask(lambda usage: usage.spent(["user"]))  # type: ignore[union-attr]
        assert {one.of[0] for one in users} == {outcomes[0]["user"], outcomes[-2]["user"], ""}


async def test_a_feature_is_a_plain_name_of_those_that_policy_knows(tmp_path: Path) -> None:
    tags = profile(feature={"required": True, "names": ["search", "mail"], "caps": [{"usd": "1", "per": "total"}]})
    async with live(tmp_path, script=ECHO, profiles=tags) as gate:
        assert (await ask(gate, {"x-tollhouse-feature": "search"})).status_code == 200
        assert gate.records("outcome")[0]["feature"] == "search"
        unknown = {"x-tollhouse-feature": "chess"}
        for headers, words in (({}, "send x-tollhouse-feature"), (unknown, "one of mail, search")):
            error = (await ask(gate, headers)).json()["error"]
            assert (error["param"], words in error["message"]) == ("x-tollhouse-feature", True)
        balances = gate.ledger.books.balances("feature:acme/default/search")
        assert balances is not None
        assert (balances.calls, balances.caps[0].limit) == (1, 10**9)


async def test_a_tag_that_policy_does_not_name_is_not_looked_at_and_values_are_bounded(tmp_path: Path) -> None:
    user = {"required": True, "caps": [{"usd": "1", "per": "day"}]}
    bounded = {"name": "bounded", "tags": {"user": user, "values_max": 1}}
    plain = {"name": "plain", "tags": {"feature": {}}}
    async with live(tmp_path, script=ECHO, profiles=[bounded, plain], profile="bounded") as gate:
        by_plain = {"authorization": f"Bearer {await gate.new_key(profile='plain')}", "x-tollhouse-user": "eve"}
        assert (await ask(gate, by_plain)).status_code == 200
        assert "user" not in gate.records("outcome")[0]
        wrong = await ask(gate, by_plain | {"x-tollhouse-feature": "No Name"})
        assert "a plain name such as" in wrong.json()["error"]["message"]
        statuses = [(await ask(gate, {"x-tollhouse-user": name})).status_code for name in ("a", "b", "a")]
        assert statuses == [200, 429, 200]
        assert (await ask(gate, metadata={"user_id": 5})).status_code == 400


async def test_tags_outlive_a_restart_and_are_forgotten_at_rest(tmp_path: Path) -> None:
    path, scope = write_config(tmp_path), "user:acme/tight/p_x"
    with opened(path) as operator:
        ledger, clock = operator.ledger, operator.clock
        ended = ledger.hold(Order("a", (scope,), 1, 1, 1, clock.utc_us() + 10**9))
        assert isinstance(ended, Ended), "without its caps a tag takes nothing"
        entry = ledger.set_caps(scope, [Cap("nano_usd", 100, "day")], "Europe/Berlin")
        assert entry is not None
        hold = ledger.hold(Order("b", (scope,), 60, 1, 1, clock.utc_us() + 10**9))
        await operator.journal.write({"kind": "intent"}, tenant="acme", entries=[entry, hold])  # type: ignore[list-item]
    with opened(path) as operator:
        ledger, clock = operator.ledger, operator.clock
        found = ledger.balances(scope)
        assert found is not None
        assert (found.caps[0].limit, found.caps[0].held) == (100, 60)
        assert ledger.forget_runs() == 0, "something of today stands there"
        clock.turn(2 * 86_400)
        assert ledger.forget_runs() == 1
        ledger.expire()
        assert ledger.balances(scope) is None


async def test_use_by_a_user_is_asked_for_by_name(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            asked = {"tenant": "acme", "user": "alice", "by": "user"}
            assert (await client.get("/admin/usage", params=asked)).json() == {"spend": [], "more": False}
