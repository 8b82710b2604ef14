"""Where an attempt goes: one model at one provider with one credential, and what is known of its dialect.

`CAPABILITIES` holds what the vendors' API references say of their own endpoints; the configuration overrides any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

OutputLimitField = Literal["max_tokens", "max_completion_tokens", "max_output_tokens"]
IdStrength = Literal["strong", "weak"]
Credential = Literal["bearer", "api-key", "x-api-key"]


@dataclass(frozen=True, slots=True)
class Capability:
    """What a target can do and how it wants to be asked; sizes in tokens.

    `output_limit_field`: where the output limit is written. `reasoning`: it thinks before it answers, and bills for it.
    `floor`: the smallest output limit that we lower a call to (None: 4,096 if it reasons, else 256). `ids`: strong if
    nobody can guess a tool call's id; weak if it is a counter or short, then clients get another. `tokenizer`: family
    whose constants bound the input, None if unknown. `usage_in_stream`: reports usage in a stream when asked with
    `stream_options.include_usage`, which is not sent to others.
    `output_tokens_max`, `input_tokens_max`: the model's own maxima, None if unknown (then only the policy bounds).
    """

    output_limit_field: OutputLimitField = "max_tokens"
    reasoning: bool = False
    floor: int | None = None
    ids: IdStrength = "weak"
    tokenizer: str | None = None
    usage_in_stream: bool = True
    output_tokens_max: int | None = None
    input_tokens_max: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One place an attempt can go to. Two targets with equal `breaker_key` fail together.

    `base_url` ends before a dialect's path (`https://api.example/v1`); with an `api_version` (Azure's) a deployment has
    an address of its own below it. `dialects` are those it speaks, `betas` features that a client may ask for by
    header. `secret` is shown by no repr.
    """

    upstream: str
    base_url: str
    model: str
    dialects: tuple[str, ...] = ("openai_chat",)
    credential: str = ""
    secret: str = field(default="", repr=False)
    credential_header: Credential = "bearer"
    headers: tuple[tuple[str, str], ...] = ()
    api_version: str | None = None
    betas: tuple[str, ...] = ()
    capability: Capability = Capability()

    @property
    def breaker_key(self) -> tuple[str, str, str]:
        """Upstream, model and credential name."""
        return self.upstream, self.model, self.credential

    def url_of(self, dialect: str) -> str:
        """Return where a dialect's requests go."""
        if self.api_version is None:
            return self.address(PATHS[dialect])
        deployed = dialect in _DEPLOYED
        return self.address(
            f"/deployments/{quote(self.model, safe='')}{PATHS[dialect]}" if deployed else PATHS[dialect]
        )

    def address(self, path: str, query: str = "") -> str:
        """Return the address of a path below `base_url`, with Azure's version in its query."""
        version = "" if self.api_version is None else f"api-version={self.api_version}"
        whole = "&".join(each for each in (version, query) if each)
        return f"{self.base_url.rstrip('/')}{path}{f'?{whole}' if whole else ''}"

    def request_headers(self) -> list[tuple[str, str]]:
        """Return content type, credential and the configured headers; a fresh list each time."""
        headers = [("content-type", "application/json"), *self.headers]
        if self.secret:
            bearer = self.credential_header == "bearer"
            headers.append(
                ("authorization", f"Bearer {self.secret}") if bearer else (self.credential_header, self.secret)
            )
        return headers


PATHS: Mapping[str, str] = MappingProxyType(
    {
        "openai_chat": "/chat/completions",
        "openai_responses": "/responses",
        "openai_completions": "/completions",
        "openai_embeddings": "/embeddings",
        "openai_moderations": "/moderations",
        "anthropic_messages": "/messages",
        "anthropic_count": "/messages/count_tokens",
    }
)
"""Where each dialect is spoken, below `/v1`: at the upstreams, and here."""

_DEPLOYED = frozenset({"openai_chat", "openai_completions", "openai_embeddings"})  # Azure: addressed by deployment
_COMPATIBLE = ("openai_chat", "openai_responses", "openai_completions", "openai_embeddings")
_OPENAI_SPEAKS = (*_COMPATIBLE, "openai_moderations")  # free there, but who knows elsewhere
SPEAKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "openai": _OPENAI_SPEAKS,
        "azure": _COMPATIBLE,
        "openai_compatible": _COMPATIBLE,
        "anthropic": ("anthropic_messages", "anthropic_count"),
    }
)
"""The dialects of each kind of upstream, unless the configuration names others."""

_OPENAI = Capability(
    output_limit_field="max_completion_tokens", ids="strong", tokenizer="o200k_base", usage_in_stream=True
)
_OPENAI_REASONING = replace(_OPENAI, reasoning=True)

CAPABILITIES: Mapping[str, Capability] = MappingProxyType(
    {
        "openai": _OPENAI,
        "openai_reasoning": _OPENAI_REASONING,
        "openai_responses": replace(_OPENAI, output_limit_field="max_output_tokens"),
        "openai_compatible": Capability(),  # vLLM, Ollama, llama.cpp: `max_tokens`, counted or short tool-call ids
        "azure_openai": _OPENAI,
        "azure_openai_reasoning": _OPENAI_REASONING,
        "anthropic": Capability(ids="strong", output_limit_field="max_tokens", usage_in_stream=True),
    }
)


def capability_of(provider: str, model: str) -> Capability:
    """Return the default for a provider (a name without `_reasoning`) and model; unknown ones get the most careful.

    OpenAI's o-series and gpt-5 family reason; everything else does only if the configuration says so.
    """
    name = model.rpartition("/")[2].lower()
    if provider in {"openai", "azure_openai"} and name.startswith(("o1", "o3", "o4", "gpt-5")):
        provider = f"{provider}_reasoning"
    return CAPABILITIES.get(provider, CAPABILITIES["openai_compatible"])
