"""Approvals in a browser: the same rules as the API's, and nothing that anybody said becomes a page's own."""

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from tests.gateway.live import Live, live
from tests.gateway.stages.test_consent import PAY, ask

pytestmark = pytest.mark.anyio

EVIL = "</pre><script>alert('x')</script><img src=x onerror=alert(1)>"
SCRIPT = Script(rules=(Rule((Reply(text="", tool_calls=(ToolCall("pay", {"q": EVIL}),)),)),))
WORD = re.compile(r'name=word value="([0-9a-f]{64})"')
HASH = re.compile(r'name=hash value="([0-9a-f]+)"')


@contextlib.asynccontextmanager
async def house(folder: Path, **pay: Any) -> AsyncIterator[tuple[Live, str]]:
    """Run a gateway in which one question is open; yield it with the question's place."""
    async with live(folder, script=SCRIPT, tools=[{**PAY, **pay}]) as gate:
        yield gate, f"/ui/approvals/{(await ask(gate)).json()['error']['approval_id']}"


async def token_of(gate: Live, role: Any = "approver") -> str:
    return (await gate.app.registry.create_key("test", "house", name=f"<b>{role}</b>", role=role))[1]


@contextlib.asynccontextmanager
async def browser(gate: Live, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Enter with a key, as a browser does: its cookies are kept, its redirects followed."""
    async with httpx.AsyncClient(base_url=gate.url, follow_redirects=True) as http:
        page = await http.post("/ui/enter", data={"key": token}, headers={"origin": gate.url})
        assert page.status_code == 200, page.text
        yield http


async def send(http: httpx.AsyncClient, place: str, **fields: str) -> httpx.Response:
    """Fill in the form of a page and send it."""
    page = (await http.get(place)).text
    word, seen = WORD.search(page), HASH.search(page)
    assert word is not None
    return await http.post(place, data={"word": word[1], "hash": "" if seen is None else seen[1], **fields})


async def test_a_question_is_seen_and_answered_once(tmp_path: Path) -> None:
    async with house(tmp_path) as (gate, place), browser(gate, await token_of(gate)) as http:
        listing = (await http.get("/ui")).text
        assert f'href="{place}"' in listing
        page = (await http.get(place)).text
        for said in ("always", "acme", "hash of the arguments", "Approve", "Deny"):
            assert said in page
        seen = HASH.search(page)[1]  # type: ignore[index]
        done = await send(http, place, answer="approve", edit="")
        assert (done.status_code, "approved" in done.text, "Approve</button>" in done.text) == (200, True, False)
        assert (await ask(gate)).status_code == 200
        again = await http.post(place, data={"word": WORD.search(page)[1], "hash": seen, "answer": "deny"})  # type: ignore[index]
        assert (again.status_code, "decided before" in again.text) == (400, True)
        assert "Nothing waits" in (await http.get("/ui/approvals")).text
        assert place in (await http.get("/ui/approvals?all=1")).text
        (record,) = gate.records("approval")
        assert record["change"]["new"] == "approved"


async def test_what_a_model_or_an_operator_wrote_stays_text(tmp_path: Path) -> None:
    async with house(tmp_path) as (gate, place), browser(gate, await token_of(gate)) as http:
        for where in ("/ui/approvals", place):
            answer = await http.get(where)
            assert "&lt;script&gt;" in answer.text
            assert not re.search(r"<script|<img|<b>|onerror=alert\(1\)>", answer.text)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "script-src" not in policy
            assert answer.headers["cache-control"] == "no-store"


async def test_arguments_are_changed_and_two_must_agree(tmp_path: Path) -> None:
    async with house(tmp_path, approvers=2) as (gate, place):
        async with browser(gate, await token_of(gate)) as first:
            for wrong in ("{", "[1]"):
                refused = await send(first, place, answer="approve", edit=wrong)
                assert (refused.status_code, "JSON object" in refused.text) == (400, True)
            unfit = await send(first, place, answer="approve", edit='{"q": 7}')
            assert (unfit.status_code, "do not fit" in unfit.text) == (422, True)
            half = await send(first, place, answer="approve", edit='{"q": "small"}')
            assert "1 of 2 agree" in half.text
            assert "&quot;q&quot;: &quot;small&quot;" in half.text
            twice = await send(first, place, answer="approve")
            assert (twice.status_code, "you said yes before" in twice.text) == (403, True)
        async with browser(gate, await token_of(gate)) as second:
            stale = await send(second, place, answer="approve", hash="3c253623b0a338cb5fee63f25f339b13")
            assert (stale.status_code, "changed since you saw them" in stale.text) == (400, True)
            assert "approved" in (await send(second, place, answer="approve")).text


async def test_an_administrator_looks_and_does_not_decide(tmp_path: Path) -> None:
    async with house(tmp_path) as (gate, place), browser(gate, await token_of(gate, "admin")) as http:
        page = (await http.get(place)).text
        assert "A key of role approver decides this" in page
        assert "<button class=yes" not in page
        shown = (await gate.http.get("/v1/approvals")).json()["data"][0]
        refused = await send(http, place, answer="approve", hash=shown["arguments_key"])
        assert (refused.status_code, "decides nothing" in refused.text) == (403, True)


async def test_who_has_not_entered_sees_nothing_and_a_client_s_key_opens_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as (gate, place), httpx.AsyncClient(base_url=gate.url) as http:
        for where in ("/ui/approvals", place):
            assert (await http.get(where)).headers["location"] == "/ui/enter"
        assert (await http.post(place, data={"answer": "approve"})).headers["location"] == "/ui/enter"
        assert "type=password" in (await http.get("/ui/enter")).text
        for token, status in (("sk-th-nobody", 401), (gate.token, 403), ("", 401)):
            answer = await http.post("/ui/enter", data={"key": token})
            assert (answer.status_code, "set-cookie" in answer.headers) == (status, False)
        assert (await http.post("/ui/enter", content=b"\xff")).status_code == 400


async def test_a_form_of_another_place_or_visit_is_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as (gate, place), browser(gate, await token_of(gate)) as http:
        page = (await http.get(place)).text
        word = WORD.search(page)[1]  # type: ignore[index]
        foreign = {"origin": "https://evil.example"}
        told = await http.post(place, data={"word": word, "answer": "approve"}, headers=foreign)
        assert (told.status_code, "not sent by a page" in told.text) == (403, True)
        assert (await http.post("/ui/enter", data={"key": "x"}, headers=foreign)).status_code == 403
        for fields in ({"answer": "approve"}, {"word": "0" * 64, "answer": "approve"}):
            assert (await http.post(place, data=fields)).status_code == 403
        assert (await http.post(place, data={"word": word, "answer": "perhaps"})).status_code == 400
        assert (await http.post("/ui/leave", data={})).status_code == 403
        assert (await http.get("/ui/approvals/apr_none")).status_code == 404
        assert not gate.records("approval")


async def test_who_leaves_has_left_and_a_revoked_key_is_out(tmp_path: Path) -> None:
    async with house(tmp_path) as (gate, place):
        token = await token_of(gate)
        async with browser(gate, token) as http:
            left = await http.post("/ui/leave", data={"word": WORD.search((await http.get(place)).text)[1]})  # type: ignore[index]
            assert "type=password" in left.text
            assert not http.cookies
            assert (await http.post("/ui/leave")).status_code == 200
        async with browser(gate, token) as http:
            key = gate.app.house.directory.key_of(token)
            assert key is not None
            await gate.app.registry.revoke_key("test", key.id)
            assert "type=password" in (await http.get(place)).text
