"""The clients that are known to work, each as its vendor ships it; `docs/clients.md` shows this table.

A client is pointed at the gateway by the environment alone: `BASE` is the gateway's address, `KEY` a client key.
"""

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.clients.environments import HERE, environment, node, packages

OPENAI = {"OPENAI_BASE_URL": "BASE/v1", "OPENAI_API_KEY": "KEY"}
ANTHROPIC = {"ANTHROPIC_BASE_URL": "BASE", "ANTHROPIC_API_KEY": "KEY"}
RESPONSES, CHAT, MESSAGES = "/v1/responses", "/v1/chat/completions", "/v1/messages"


@dataclass(frozen=True, slots=True)
class Client:
    """One client in one of the APIs it speaks.

    `place` is the environment (a folder of tests/clients; "" is this project's own), `package` what its lock names.
    `missing` and `stopped` are the client's own error types for an unknown model and for a budget that is used up. An
    `agent` calls tools itself, so it must also end when a call of a tool that it does not have is refused.
    """

    name: str
    place: str
    package: str
    script: str
    api: str
    missing: str = "NotFoundError"
    stopped: str = "APIStatusError"
    answer: str = "write to bob@example.com"
    agent: bool = False
    env: dict[str, str] = field(default_factory=lambda: dict(OPENAI))

    def command(self) -> list[str]:
        """Return what runs the client's script; makes its environment if need be."""
        if self.place == "node":
            return [str(node()), str(packages() / self.script)]
        python = environment(self.place) if self.place else Path(sys.executable)
        return [str(python), str(HERE / "acts" / self.script)]

    def environ(self, base: str, key: str) -> dict[str, str]:
        """Return the environment variables that point the client at a gateway."""
        return {name: value.replace("BASE", base).replace("KEY", key) for name, value in self.env.items()}

    def version(self) -> str:
        """Return the version that its lock names."""
        if self.place == "node":
            lock = json.loads((HERE / "node" / "package-lock.json").read_text())
            return str(lock["packages"][f"node_modules/{self.package}"]["version"])
        path = HERE / self.place / "requirements.lock" if self.place else HERE.parents[1] / "requirements-dev.lock"
        found = re.search(rf"^{re.escape(self.package)}==(\S+)", path.read_text(), re.MULTILINE)
        return found[1] if found else "as installed"


CLIENTS = (
    Client("openai for Python", "", "openai", "openai_chat.py", CHAT),
    Client("openai for Python", "", "openai", "openai_responses.py", RESPONSES),
    Client("openai for Python, 1.x", "openai_1", "openai", "openai_chat.py", CHAT),
    Client("openai for Python, 1.x", "openai_1", "openai", "openai_responses.py", RESPONSES),
    Client("openai for Node", "node", "openai", "openai_chat.mjs", CHAT, stopped="APIError"),
    Client("openai for Node", "node", "openai", "openai_responses.mjs", RESPONSES, stopped="APIError"),
    Client(
        "anthropic for Python",
        "anthropic",
        "anthropic",
        "anthropic_messages.py",
        MESSAGES,
        stopped="PaymentRequiredError",
        env=ANTHROPIC,
    ),
    Client(
        "anthropic for Node",
        "node",
        "@anthropic-ai/sdk",
        "anthropic_messages.mjs",
        MESSAGES,
        stopped="PaymentRequiredError",
        env=ANTHROPIC,
    ),
    Client(
        "Vercel AI SDK",
        "node",
        "ai",
        "ai_sdk.mjs",
        RESPONSES,
        agent=True,
        missing="AI_APICallError",
        stopped="AI_APICallError",
    ),
    Client(
        "LangChain",
        "frameworks",
        "langchain",
        "langchain_agent.py",
        CHAT,
        agent=True,
        missing="OpenAIModelNotFoundError",
    ),
    Client(
        "OpenAI Agents SDK",
        "frameworks",
        "openai-agents",
        "openai_agents.py",
        RESPONSES,
        agent=True,
        env={**OPENAI, "OPENAI_AGENTS_DISABLE_TRACING": "1"},
    ),
    Client(
        "pydantic-ai",
        "frameworks",
        "pydantic-ai-slim",
        "pydantic_agent.py",
        RESPONSES,
        agent=True,
        missing="ModelNotFoundError",
        stopped="ModelQuotaExceededError",
    ),
    Client("smolagents", "frameworks", "smolagents", "smol_agent.py", CHAT, stopped="AgentGenerationError"),
    Client(
        "Microsoft Agent Framework",
        "frameworks",
        "agent-framework-openai",
        "agent_framework_agent.py",
        RESPONSES,
        agent=True,
        missing="ChatClientException",
        stopped="ChatClientException",
    ),
    Client(
        "instructor",
        "instructor",
        "instructor",
        "instructor_typed.py",
        CHAT,
        missing="InstructorRetryException",
        stopped="InstructorRetryException",
        answer="Bonn",
    ),
    Client(
        "LiteLLM SDK",
        "litellm",
        "litellm",
        "litellm_sdk.py",
        CHAT,
        stopped="APIError",
        env={**OPENAI, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},  # else it asks the internet for prices at its start
    ),
    Client("curl", "", "curl", "curl.py", CHAT, missing="exit code 22", stopped="exit code 22"),
)
