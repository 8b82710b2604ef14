"""The command: progress and account, kill -9 and resume, a person's answer, the book held against the log."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from agents import Log
from agents.scripted import Reply
from tests.agents.scene import Scene, calls, says, scene

pytestmark = pytest.mark.anyio
TOOLS = Path(__file__).parent / "mytools.py"
ROOT = Path(__file__).parents[2]


class Command:
    """One `python -m agents …` process."""

    def __init__(self, it: Scene, *arguments: str) -> None:
        self.it = it
        self.arguments = arguments
        self.process: asyncio.subprocess.Process

    async def start(self) -> "Command":
        it = self.it
        env = {
            **os.environ,
            "OPENAI_BASE_URL": f"{it.gate.url}/v1",
            "OPENAI_API_KEY": it.gate.token,
            "TOLLHOUSE_AGENTS_LOG": str(it.log),
            "EFFECTS": str(it.folder / "effects"),
            "MODEL": "m",
        }
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agents", *self.arguments, env=env, cwd=ROOT, stdout=-1, stderr=-1
        )
        return self

    async def end(self) -> tuple[int, str, str]:
        out, err = await asyncio.wait_for(self.process.communicate(), 30)
        return self.process.returncode or 0, out.decode(), err.decode()


async def command(it: Scene, *arguments: str) -> tuple[int, str, str]:
    return await (await Command(it, *arguments).start()).end()


async def reached(it: Scene, *kinds: str) -> str:
    """Wait until the latest run's log ends with these events; return its id."""
    async with asyncio.timeout(20):
        while True:
            await asyncio.sleep(0.01)
            try:
                with Log(it.log) as log:
                    runs = log.runs()
                    if runs and tuple(event.kind for event in log.events(runs[0][0]))[-len(kinds) :] == kinds:
                        return runs[0][0]
            except sqlite3.OperationalError:
                continue


def effects(it: Scene) -> list[str]:
    file = it.folder / "effects"
    return file.read_text().split() if file.exists() else []


async def test_a_run_shows_its_progress_and_ends_with_an_account(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("note", text="one"), "All noted.")) as it:
        status, out, err = await command(it, "run", "react", "note it", "--tools", str(TOOLS), "--steps", "5")
        book = tmp_path / "book.jsonl"
        book.write_text("".join(json.dumps(record) + "\n" for record in it.gate.records()))
        (run_id, _, _), *_ = Log(it.log).runs()
        agreed = await command(it, "replay", run_id, "--book", str(book))
        assert agreed[2] == ""
        book.write_text(book.read_text().replace('"output_tokens": 3', '"output_tokens": 4'))
        differs = await command(it, "replay", run_id, "--book", str(book))
        listed = await command(it, "runs")
    assert (status, out) == (0, "All noted.\n")
    assert "step 2  act" in err
    assert "left: tokens=" in err
    assert "completed\nused      2 steps, 1 tool calls" in err
    assert "left      agents 10" in err
    assert agreed[:2] == (0, "log and book agree\n")
    assert (differs[0], "output_tokens: the log says 3, the book 4" in differs[2]) == (1, True)
    assert listed[1] == f"{run_id}  ended\n"


@pytest.mark.parametrize("kinds", [("asked",), ("called",), ("returned", "asked")])
async def test_after_kill_9_a_resume_repeats_nothing(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    first_turn = Reply(text="t", tool_calls=calls("note", text="one").tool_calls, delay_s=0.3)
    rules = says("", first_turn, Reply(text="done", delay_s=0.3))
    async with scene(tmp_path, rules) as it:
        first = await Command(it, "run", "react", "note it", "--tools", str(TOOLS)).start()
        run_id = await reached(it, *kinds)
        first.process.send_signal(signal.SIGKILL)
        await first.end()
        status, out, _ = await command(it, "resume", run_id)
        assert (status, out) == (0, "done\n")
        assert it.requests() == 2
        assert effects(it) in (["one"], [] if kinds == ("called",) else ["one"])


async def test_a_person_answers_at_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "team.py"
    file.write_text(
        f"import sys; sys.path.insert(0, {str(TOOLS.parent)!r})\n"
        "from agents import Agent, tool\nfrom mytools import note\n"
        "careful = Agent('careful', model='m', tools=[tool(note, approve=True)])\n"
    )
    async with scene(tmp_path, says("", calls("note", text="one"), "done")) as it:
        status, _, err = await command(it, "run", f"{file}:careful", "note it")
        assert (status, "waits     call_" in err) == (3, True)
        (run_id, _, _), *_ = Log(it.log).runs()
        name = err.partition("waits     ")[2].split()[0]
        status, out, _ = await command(it, "resume", run_id, "--yes", name)
    assert (status, out) == (0, "done\n")


async def test_ctrl_c_ends_the_run_as_cancelled_with_its_account(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", Reply(text="x", delay_s=2))) as it:
        first = await Command(it, "run", "react", "go").start()
        await reached(it, "asked")
        first.process.send_signal(signal.SIGINT)
        status, _, err = await first.end()
    assert (status, "cancelled" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "magic", "x"), "no pattern 'magic'"),
        (("run", "nowhere.py:x", "x"), "is no Python file"),
        (("resume", "nothing"), "no run nothing"),
        (("run", "react", "x", "--usd", "much"), "usd must be dollars"),
    ],
)
async def test_what_may_go_wrong_is_told_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    async with scene(tmp_path) as it:
        status, _, err = await command(it, *arguments)
    assert status == 1
    assert told in err
    assert "Traceback" not in err
