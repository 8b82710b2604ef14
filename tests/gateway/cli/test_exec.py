"""`tollhouse exec`: real programs, real signals, a real gateway."""

import asyncio
import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from gateway.cli.exec import environment, told
from tests.gateway.live import Live, live
from tests.tree.source import ROOT

pytestmark = pytest.mark.anyio

ASKS = """
import openai
print(openai.OpenAI().chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
      .choices[0].message.content)
"""
POSTS = """
import json, os, sys, urllib.request
url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/runs/" + os.environ["TOLLHOUSE_RUN_ID"]
asked = urllib.request.Request(url, headers={"x-api-key": os.environ["ANTHROPIC_API_KEY"]})
print(json.load(urllib.request.urlopen(asked))["limits"])
sys.exit(7)
"""


async def start(gate: Live, *arguments: str, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "exec", "--url", gate.url, *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT), "TOLLHOUSE_KEY": gate.token, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_program_that_knows_nothing_of_us_runs_within_a_run_and_its_account_is_told(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        status, out, err = await ended(await start(gate, "--steps", "4", "--", sys.executable, "-c", ASKS))
        (entry,) = gate.upstream.bill.entries
        (record,) = gate.records("outcome")
        (run,) = gate.app.house.directory.runs(None)
        assert gate.app.house.directory.why_ended(run) == "ended"
    assert (status, out) == (0, "hello\n")
    tokens = entry.prompt_tokens + entry.completion_tokens
    assert re.search(rf"^tollhouse: run {run.id}: 1 of 4 steps, {tokens} of 50,000 tokens, \$0\.\d+ of \$0\.5", err)
    assert err.endswith("exit status 0\n")
    assert record["run"] == run.id


async def test_the_exit_status_and_the_arguments_are_the_programs_own(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        command = ("--usd", "0.25", "--quiet", "--", sys.executable, "-c", POSTS, "--steps", "-x")
        status, out, err = await ended(await start(gate, *command))
    assert (status, err) == (7, "")
    assert "'usd': '0.25'" in out


WAITS = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: exit(9))
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGTERM, 9), (signal.SIGINT, 130)])
async def test_signals_reach_the_program_and_its_end_by_one_is_told(
    tmp_path: Path, number: signal.Signals, expected: int
) -> None:
    before = signal.signal(number, signal.default_int_handler)  # tests run by nohup or in the background ignore SIGINT
    async with live(tmp_path) as gate:
        process = await start(gate, "--", sys.executable, "-c", WAITS)
        signal.signal(number, before)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"up\n"
        process.send_signal(number)
        status, _, err = await ended(process)
    assert status == expected
    assert f"exit status {expected}" in err


async def test_a_gateway_that_is_gone_in_the_end_does_not_change_the_exit_status(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        process = await start(gate, "--", sys.executable, "-c", WAITS)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    status, _, err = await ended(process)
    assert status == 9
    assert "could not be ended: the gateway does not answer" in err


async def test_a_program_that_is_not_there_ends_its_run(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        status, _, err = await ended(await start(gate, "--", "no-such-program"))
        (run,) = gate.app.house.directory.runs(None)
        assert gate.app.house.directory.why_ended(run) == "ended"
        (tmp_path / "plain").write_text("text")
        not_executable, _, _ = await ended(await start(gate, "--", str(tmp_path / "plain")))
    assert (status, not_executable) == (127, 126)
    assert "no-such-program: not found" in err


async def test_a_refusal_of_the_run_is_a_sentence_and_no_program_starts(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        made = tmp_path / "made"
        program = ("--", "touch", str(made))
        wrong = await ended(await start(gate, *program, TOLLHOUSE_KEY="sk-th-wrong"))
        usd = await ended(await start(gate, "--usd", "much", *program))
        none = await ended(await start(gate, "--key", "env/NO_SUCH", *program))
        away = await ended(await start(gate, "--url", "http://127.0.0.1:9", *program))
    assert (wrong[0], usd[0], none[0], away[0]) == (1, 1, 2, 1)
    assert "limits.usd" in usd[2]
    assert "NO_SUCH is not set" in none[2]
    assert "does not answer" in away[2]
    assert not made.exists()


async def test_within_a_run_a_further_one_is_its_child(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        inner = (sys.executable, "-m", "gateway", "exec", "--", sys.executable, "-c", ASKS)
        status, out, err = await ended(await start(gate, "--", *inner))
        parent, child = sorted(gate.app.house.directory.runs(None), key=lambda run: run.parent is not None)
    assert (status, out) == (0, "hello\n")
    assert child.parent == parent.id
    assert len(re.findall("1 of 10 steps", err)) == 2


def test_the_program_gets_its_runs_key_and_none_of_ours() -> None:
    mine = {
        "PATH": "/bin",
        "TOLLHOUSE_ADMIN_KEY": "admin",
        "TEAM_KEY": "ours",
        "OPENAI_API_KEY": "vendor",
        "ANTHROPIC_AUTH_TOKEN": "vendor",
        "CLAUDE_CODE_USE_BEDROCK": "1",
        "OPENAI_CUSTOM_HEADERS": "X-Team: blue\nAuthorization: Bearer vendor",
        "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    made = environment(mine, "http://h:1", "run-id", "run-key", source="env/TEAM_KEY")
    assert made["PATH"] == "/bin"
    assert not {"admin", "ours", "vendor", "1"} & set(made.values())
    assert made["OPENAI_CUSTOM_HEADERS"].splitlines() == [
        "X-Team: blue",
        "x-run-id: run-id",
        f"traceparent: {mine['TRACEPARENT']}",
    ]
    assert (made["OPENAI_BASE_URL"], made["ANTHROPIC_BASE_URL"]) == ("http://h:1/v1", "http://h:1")
    assert {made["OPENAI_API_KEY"], made["ANTHROPIC_API_KEY"], made["TOLLHOUSE_KEY"]} == {"run-key"}
    assert made["OPENAI_AGENTS_DISABLE_TRACING"] == "true"
    wanted = environment({"OPENAI_AGENTS_DISABLE_TRACING": "false"}, "http://h:1", "run-id", "run-key")
    assert wanted["OPENAI_AGENTS_DISABLE_TRACING"] == "false"


def test_an_account_without_limits_tells_what_was_used() -> None:
    account = {"id": "r", "limits": {}, "used": {"steps": 2, "tokens": 1_234, "usd": "0.5"}}
    assert told(account) == "run r: 2 steps, 1,234 tokens, $0.5"
    assert told({"id": "r", "limits": {"steps": 3}, "used": {}}) == "run r: 0 of 3 steps, 0 tokens, $0"


async def test_what_a_terminal_told_the_program_is_not_told_twice(tmp_path: Path) -> None:
    """Ctrl-C reaches the whole foreground group; the program counts what it gets."""
    counts = (
        "import signal, sys, time\ngot = []\nsignal.signal(signal.SIGINT, lambda *_: got.append(1))\n"
        "print('up', flush=True)\nend = time.monotonic() + 1.5\n"
        "while time.monotonic() < end: time.sleep(0.05)\nprint(f'got {len(got)}', flush=True)\n"
    )
    async with live(tmp_path) as gate:
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "TOLLHOUSE_KEY": gate.token}
        command = [sys.executable, "-m", "gateway", "exec", "--url", gate.url, "--", sys.executable, "-c", counts]
        said = await asyncio.to_thread(_in_a_terminal, command, environ)
    assert "got 1" in said
    assert "exit status 0" in said


CONTROLLED = f"""
import fcntl, os, sys
os.setsid()
fcntl.ioctl(0, {termios.TIOCSCTTY}, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def _in_a_terminal(command: list[str], environ: dict[str, str]) -> str:
    """Run a command in a terminal of its own, type Ctrl-C once it is up, and return what it showed."""
    main, other = pty.openpty()
    with subprocess.Popen(
        # A session of its own whose terminal this is: what a shell in a window has.
        [
            sys.executable,
            "-c",
            CONTROLLED,
            *command,
        ],
        stdin=other,
        stdout=other,
        stderr=other,
        env=environ,
    ) as process:
        os.close(other)
        shown, typed = b"", False
        with contextlib.suppress(OSError):  # how a terminal's end is told when nobody has it open any more
            while piece := os.read(main, 4_096):
                shown += piece
                if b"up" in shown and not typed:
                    typed = True
                    os.write(main, b"\x03")
        process.wait(20)
    os.close(main)
    return shown.decode()
