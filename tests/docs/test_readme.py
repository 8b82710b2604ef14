"""The README's commands and programs run as they stand there, with a scripted provider in the place of the real ones.

Only addresses and keys are put in: a block is run as it is printed.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import openai
import pytest
import yaml

from agents.scripted import ScriptedServer
from tests.docs.generated import ROOT

_BLOCK = re.compile(r"<!-- run: (\w+) -->\n```(\w+)\n(.*?)\n```", re.DOTALL)
_KEY = re.compile(r"sk-th-[\w-]{40,}")
_URL = re.compile(r"http://127\.0\.0\.1:\d+")
START_S_MAX = 20.0
BLOCKS = {name: text for name, _, text in _BLOCK.findall((ROOT / "README.md").read_text())}
SERVED = "http://127.0.0.1:4000"


def commands(name: str) -> list[str]:
    """Return a block's commands: continued lines joined, comments taken off."""
    text = BLOCKS[name].replace("\\\n", " ")
    return [line for line in (re.sub(r"\s+#.*", "", line).strip() for line in text.splitlines()) if line]


@dataclass(slots=True)
class Reader:
    """Somebody who types what the README says, in a folder of their own."""

    folder: Path
    environ: dict[str, str]
    url: str = ""
    keys: list[str] = field(default_factory=list)

    def type(self, *lines: str) -> str:
        """Run lines in a shell; return what they print. They must succeed."""
        done = subprocess.run(
            ["sh", "-ec", "\n".join(lines)],
            cwd=self.folder,
            env=self.environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        self.keys += _KEY.findall(done.stdout)
        return done.stdout

    def put_in(self, text: str, *, key: str) -> str:
        """Put address and key into a printed text."""
        return text.replace(SERVED, self.url).replace('"sk-th-…"', repr(key)).replace("$TOLLHOUSE_KEY", key)


def serving(reader: Reader, command: str) -> Iterator[Reader]:
    """Run `tollhouse serve` while the test lasts, at a port that is free."""
    assert command == "tollhouse serve"
    process = subprocess.Popen(
        ["tollhouse", "serve", "--port", "0"],
        cwd=reader.folder,
        env=reader.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    try:
        said = ""
        for line in process.stdout:
            said += line
            if found := _URL.search(line):
                reader.url = found[0]
                break
        assert reader.url, said
        yield reader
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedServer]:
    with ScriptedServer().in_thread() as server:
        yield server


def reader_in(folder: Path) -> Reader:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return Reader(folder, {**os.environ, "PATH": path})


@pytest.fixture(scope="module")
def at_openai(tmp_path_factory: pytest.TempPathFactory, provider: ScriptedServer) -> Iterator[Reader]:
    """Return a reader who has done "Start with OpenAI"."""
    reader = reader_in(tmp_path_factory.mktemp("openai"))
    *before, serve = commands("openai")
    reader.type(*before)
    exported = [line.partition("=") for line in before if line.startswith("export ")]
    reader.environ |= {name.removeprefix("export "): value for name, _, value in exported}
    file = reader.folder / "tollhouse.yaml"
    tree = yaml.safe_load(file.read_text())
    assert tree["upstreams"][0]["base_url"] == "https://api.openai.com/v1"
    tree["upstreams"][0] |= {"base_url": f"{provider.url}/v1", "private_addresses": True}
    # The key is an ellipsis here, which no HTTP header may hold.
    reader.environ["OPENAI_API_KEY"] = "sk-of-the-provider"
    file.write_text(yaml.safe_dump(tree))
    yield from serving(reader, serve)


def test_the_client_gets_its_address_back_and_the_provider_a_placeholder(
    at_openai: Reader, provider: ScriptedServer
) -> None:
    _, client_key = at_openai.keys[:2]
    program = at_openai.put_in(BLOCKS["client"], key=client_key)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    assert done.stdout == "Write one line to jane.doe@example.com.\n"
    assert b"jane.doe" not in provider.seen[-1].body
    assert provider.seen[-1].headers["authorization"] == "Bearer sk-of-the-provider"


def test_caps_runs_and_the_book_are_as_told(at_openai: Reader) -> None:
    shown = at_openai.type(*commands("caps"))
    assert "$0.00 of $100.00 a month" in shown
    assert "2,000,000 tokens a day" in shown
    key = at_openai.keys[2]
    opened = json.loads(at_openai.type(*(at_openai.put_in(line, key=key) for line in commands("run"))))
    assert opened["limits"]["tokens"] == 20_000
    assert opened["limits"]["usd"] == "0.10"
    declared = httpx.post(
        f"{at_openai.url}/runs/my-task-1/v1/chat/completions",
        headers={"authorization": f"Bearer {key}"},
        json={"model": "gpt-4o-mini", "max_tokens": 20, "messages": [{"role": "user", "content": "hello"}]},
    )
    assert declared.status_code == 200, declared.text
    assert declared.headers["x-tollhouse-run-id"] in at_openai.type("tollhouse runs list")
    said = at_openai.type(*commands("book"))
    assert "records verified" in said
    exported = (at_openai.folder / "acme.jsonl").read_text().splitlines()
    assert {json.loads(line)["record"]["tenant"] for line in exported} == {"acme"}


@pytest.fixture
def at_vllm(tmp_path: Path, provider: ScriptedServer) -> Iterator[Reader]:
    """Return a reader who has done "Start with a local vLLM"."""
    reader = reader_in(tmp_path)
    *before, serve = commands("vllm")
    reader.type(*(line.replace("http://127.0.0.1:8000", provider.url) for line in before))
    yield from serving(reader, serve)


def test_a_local_server_is_served_as_told(at_vllm: Reader, provider: ScriptedServer) -> None:
    _, client_key = at_vllm.keys
    with openai.OpenAI(base_url=f"{at_vllm.url}/v1", api_key=client_key) as client:
        reply = client.chat.completions.create(
            model="Qwen/Qwen3-8B", messages=[{"role": "user", "content": "hello there"}]
        )
    assert reply.choices[0].message.content == "hello there"
    assert json.loads(provider.seen[-1].body)["model"] == "Qwen/Qwen3-8B"


def test_every_block_that_can_be_typed_is_run_here() -> None:
    assert set(BLOCKS) == {"openai", "client", "vllm", "caps", "run", "book"}
    fences = re.findall(r"^```(?:sh|python)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(fences) == len(BLOCKS) + 1  # the two make commands: `make demo` has its own test, `make test` runs this
