"""A gateway that is told to stop ends its calls first: whole within the grace, else with an error, always settled."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, ScriptedServer
from tests.faults.exact import marks, nothing_lost, script
from tests.faults.process import TOKEN, aftermath, serving, write
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
STORY = script(rules=(Rule((Reply("one small word after the other " * 3, event_gap_s=0.05),), match="tell"),))


async def _stop_in_a_stream(path: Path) -> tuple[str, int]:
    """Return what a stream's client got, told to stop at the first word of the answer, and the exit status."""
    async with asyncio.timeout(120), serving(path) as served, served.client() as http:
        got: list[str] = []
        async with http.stream("POST", PATH, json=chat("tell", stream=True)) as reply:
            async for piece in reply.aiter_text():
                if "word" in piece and not any("word" in before for before in got):
                    served.process.send_signal(signal.SIGTERM)
                got.append(piece)
        return "".join(got), await served.process.wait()


def _outcome(records: list[dict[str, Any]]) -> dict[str, Any]:
    (outcome,) = (record for record in records if record["kind"] == "outcome")
    return outcome


async def test_a_stream_that_ends_within_the_grace_is_whole_and_the_exit_is_clean(tmp_path: Path) -> None:
    async with ScriptedServer(STORY) as upstream:
        path = write(tmp_path, upstream.url, bounds={"shutdown_grace_s": 10})
        said, status = await _stop_in_a_stream(path)
        after = await aftermath(path)
        assert said.endswith("data: [DONE]\n\n")
        assert status == 0
        assert _outcome(after.records)["billed"][0]["mark"] == "billed"
        assert after.cap_settled == upstream.bill.total.nano_dollars
        assert after.holds == 0


async def test_a_stream_that_outlasts_the_grace_ends_with_an_error_event_and_is_settled(tmp_path: Path) -> None:
    slow = script(rules=(Rule((Reply("word by word " * 40, event_gap_s=0.3),), match="tell"),))
    async with ScriptedServer(slow) as upstream:
        path = write(tmp_path, upstream.url, bounds={"shutdown_grace_s": 0.5})
        said, status = await _stop_in_a_stream(path)
        after = await aftermath(path)
        last = json.loads(said.rstrip().rpartition("data: ")[2])
        assert last["error"]["code"] == "draining"
        assert "[DONE]" not in said
        assert status == 0
        outcome = _outcome(after.records)
        assert outcome["status"] == {"http": 503, "code": "draining"}
        assert outcome["billed"][0]["mark"] == "uncertain"
        assert upstream.bill.total.nano_dollars <= after.cap_settled
        assert after.holds == 0


async def test_a_request_cancelled_by_the_server_does_not_take_its_call_along(tmp_path: Path) -> None:
    """A server cancels requests natively at the end of its grace; the call is a task of its own."""
    async with live(tmp_path, script=script(rules=(Rule((Reply(delay_s=0.3),), match="think"),))) as gate:
        async with nothing_lost(gate, ended=1, sent=1):
            body = json.dumps(chat("think", stream=True)).encode()
            incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
            incoming.put_nowait({"type": "http.request", "body": body})
            scope = {
                "type": "http",
                "method": "POST",
                "path": PATH,
                "headers": [(b"authorization", f"Bearer {gate.token}".encode())],
            }

            async def send(_: Any) -> None:
                return None

            request = asyncio.ensure_future(gate.app.routes(scope, incoming.get, send))
            async with asyncio.timeout(5):
                while not gate.upstream.seen:  # noqa: ASYNC110 - the other side tells nobody
                    await asyncio.sleep(0.01)
            request.cancel()
            await asyncio.wait([request])
            assert request.cancelled()
            assert len(gate.app.lives) == 1
        assert marks(gate)[0] == "billed"


async def test_a_second_owner_is_refused_while_the_first_serves(tmp_path: Path) -> None:
    async with ScriptedServer(STORY) as upstream:
        path = write(tmp_path, upstream.url)
        async with serving(path) as served, served.client() as http:
            assert (await http.get("/v1/models")).status_code == 200
            with pytest.raises(AssertionError, match="belongs to a running process"):
                async with serving(path):
                    pass
            assert (await http.post(PATH, json=chat("hello"))).status_code == 200
        assert TOKEN not in path.read_text()
