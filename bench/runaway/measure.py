"""Runs each framework with a model that asks for one tool call for ever: straight, and by the gateway, three ways."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.patterns.site import Site
from tests.clients.environments import environment

FRAMEWORKS: Mapping[str, str] = {
    "LangChain create_agent": "langchain_agent.py",
    "pydantic-ai": "pydantic_agent.py",
    "smolagents": "smol_agent.py",
    "Agent Framework": "agent_framework_agent.py",
    "OpenAI Agents SDK": "openai_agents.py",
}
WITHOUT, ADDRESSED, DECLARED = "without", "a run in its address", "tollhouse exec"
BEHIND = "no run named"
HOW = (WITHOUT, ADDRESSED, DECLARED, BEHIND)
MODEL = "gpt-4o-mini"
_SCRIPTS = Path(__file__).parent / "frameworks"
_RUN_S_MAX = 180.0


def script() -> dict[str, Any]:
    """Return the provider's script: one tool call, the same every time, until the context is full."""
    call = {"name": "search", "arguments": {"query": "complaints"}}
    return {"rules": [{"replies": [{"tool_calls": [call]}]}], "context_tokens": 128_000}


@dataclass(frozen=True, slots=True)
class Row:
    """One run. Calls, tokens and dollars are what the provider billed; `executed` is counted by the tool itself."""

    framework: str
    how: str
    calls: int
    executed: int
    tokens: int
    usd: float
    ended: str
    said: str
    seconds: float

    def tree(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def measured(place: Site, framework: str, how: str) -> Row:
    """Run a framework in one of the ways; the provider must have been used by nobody since its bill was cleared."""
    provider = httpx.Client(base_url=place.provider)
    provider.post("/control", json={"clear": True}).raise_for_status()
    began = time.monotonic()
    told = run(command(framework, how, place.url), environ(place, how))
    spent = time.monotonic() - began
    bill = provider.get("/bill").raise_for_status().json()["total"]
    tokens = bill["prompt_tokens"] + bill["completion_tokens"]
    usd = bill["nano_dollars"] / 1e9
    return Row(framework, how, bill["requests"], told["executed"], tokens, usd, told["ended"], told["said"], spent)


def command(framework: str, how: str, url: str) -> list[str]:
    """Return what runs a framework's script."""
    program = [str(environment("frameworks")), str(_SCRIPTS / FRAMEWORKS[framework])]
    if how == DECLARED:
        return [sys.executable, "-m", "gateway", "exec", "--quiet", "--url", url, "--", *program]
    return program


def environ(place: Site, how: str) -> dict[str, str]:
    """Return the variables that point a framework at its model; nothing else tells it of the gateway."""
    shared = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", "OPENAI_AGENTS_DISABLE_TRACING": "1"}
    if how == DECLARED:
        return {**shared, "TOLLHOUSE_KEY": place.default}
    base = place.provider if how == WITHOUT else place.url
    if how == ADDRESSED:
        base += f"/runs/{secrets.token_hex(8)}"
    return {**shared, "OPENAI_BASE_URL": f"{base}/v1", "OPENAI_API_KEY": place.default}


def run(command: list[str], env: Mapping[str, str]) -> dict[str, Any]:
    """Run a framework's script; return what it told. Raises RuntimeError if it did not end in order."""
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=_RUN_S_MAX)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2_000:]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told
