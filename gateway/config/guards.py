"""Settings of guards: what is done with each kind of finding, for whom, and what else a text must keep to."""

from typing import Annotated, Any, Literal, Self, get_args

import re2
from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from .values import Name, Settings

Action = Literal["off", "observe", "mask", "tokenize", "block"]
ReplyAction = Literal["off", "observe", "mask", "block"]
Pattern = Annotated[str, Field(min_length=1, max_length=256)]
Field_ = Annotated[str, StringConstraints(min_length=1, max_length=128)]

Kind = Literal[
    "email",
    "phone",
    "card",
    "iban",
    "ssn",
    "national_id",
    "tax_id",
    "ip",
    "mac",
    "login",
    "birth_date",
    "passport",
    "licence",
    "person",
    "address",
    "wallet",
    "secret",
]
KINDS: tuple[str, ...] = get_args(Kind)


def _filled(action: str, secret_action: str) -> BeforeValidator:
    """Fill in the kinds that a mapping of kinds to actions leaves out."""
    rest = {**dict.fromkeys(KINDS, action), "secret": secret_action}
    return BeforeValidator(lambda given: rest | given if isinstance(given, dict) else given)


_EMPTY: dict[Kind, Any] = {}
_IN = Annotated[dict[Kind, Action], _filled("tokenize", "mask")]
_OUT = Annotated[dict[Kind, ReplyAction], _filled("observe", "mask")]
_ARGUMENTS = Annotated[dict[Kind, ReplyAction], _filled("observe", "observe")]


class GuardRule(Settings):
    """Other actions for some tenants, keys, models or tools; of several that match, the later ones win."""

    tenants: tuple[Pattern, ...] = Field(default=("*",), max_length=1_024, description="whom it is for; `*`, `acme-*`")
    keys: tuple[Pattern, ...] = Field(default=("*",), max_length=1_024, description="ids of keys")
    models: tuple[Pattern, ...] = Field(default=("*",), max_length=1_024, description="names of models")
    tools: tuple[Pattern, ...] = Field(
        default=(), max_length=1_024, description="only arguments and results of these tools; left out: all texts"
    )
    request: dict[Kind, Action] = Field(default=_EMPTY, description="kinds left out stay as they are")
    tool_result: dict[Kind, Action] = Field(default=_EMPTY, description="as above")
    reply: dict[Kind, ReplyAction] = Field(default=_EMPTY, description="as above")
    tool_arguments: dict[Kind, ReplyAction] = Field(default=_EMPTY, description="as above")
    memory: dict[Kind, Action] = Field(default=_EMPTY, description="as above")
    restore_arguments: Literal["all", "named", "none"] | None = Field(
        default=None, description="placeholders in these tools' arguments: restore all, the `named` fields, none"
    )
    named: tuple[Field_, ...] = Field(default=(), max_length=256, description="fields that are restored in any case")
    sends: bool = Field(
        default=False, description="these tools write or send: recipients, hosts and links are not restored"
    )


class PluginSettings(Settings):
    """A detector of somebody else's, run in a process of its own over requests, tool results and replies."""

    factory: Annotated[str, StringConstraints(max_length=300, pattern=r"^[A-Za-z0-9_.]+:[A-Za-z0-9_]+$")] = Field(
        description="`package.module:factory`, such as gateway.detectors.presidio:detector"
    )
    python: Annotated[str, Field(min_length=1, max_length=4_096)] | None = Field(
        default=None, description="interpreter of the environment that has its packages; left out: the gateway's own"
    )
    deadline_s: Annotated[float, Field(gt=0, le=60)] = Field(default=2, description="it is ended when it takes longer")
    on_failure: Literal["block", "pass"] = Field(
        default="block", description="without its word: refuse the call (503), or let it pass, recorded"
    )
    where: tuple[Literal["request", "reply"], ...] = Field(
        default=("request", "reply"),
        min_length=1,
        description="which texts it sees; with `reply` streams flow sentence by sentence",
    )


class DenySettings(Settings):
    """A topic or pattern that must not be in a text."""

    name: Name = Field(description="what refusals and records call it")
    pattern: Annotated[str, Field(min_length=1, max_length=4_096)] | None = Field(
        default=None, description="RE2 syntax (no pattern can be slow)"
    )
    words: tuple[Pattern, ...] = Field(default=(), max_length=1_024, description="words or phrases, in any case")
    action: Literal["observe", "block"] = Field(default="block", description="record it, or refuse")
    where: tuple[Literal["request", "reply"], ...] = Field(default=("request", "reply"), description="which texts")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re2.compile(value)
            except re2.error as error:
                raise ValueError(f"no RE2 pattern: {error}") from None
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.pattern is None) == (not self.words):
            raise ValueError("give either pattern or words")
        return self


class GuardSettings(Settings):
    """What must not leave, and what comes back: an action for each kind of finding."""

    request: _IN = Field(
        default=_EMPTY,
        validate_default=True,
        description="in what a client sends; kinds left out: `tokenize`, `secret`: `mask`",
    )
    tool_result: _IN = Field(
        default=_EMPTY,
        validate_default=True,
        description="in what tools answered; kinds left out: `tokenize`, `secret`: `mask`",
    )
    reply: _OUT = Field(
        default=_EMPTY,
        validate_default=True,
        description="in what a model answers; kinds left out: `observe`, `secret`: `mask`",
    )
    tool_arguments: _ARGUMENTS = Field(
        default=_EMPTY,
        validate_default=True,
        description="in the arguments of tool calls a model proposes; kinds left out: `observe`",
    )
    memory: _IN = Field(
        default=_EMPTY,
        validate_default=True,
        description="in the arguments of `memory_tools`, where no value is restored but of kinds that are `off` or "
        "`observe`; kinds left out: `tokenize`, `secret`: `mask`",
    )
    memory_tools: tuple[Pattern, ...] = Field(
        default=("memory",),
        max_length=1_024,
        description="tools that keep what they are given, such as `remember_*` or `notes.*`: their arguments come "
        "under `memory`, not under `tool_arguments`",
    )
    allow_restore_hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,253}$")], ...] = Field(
        default=(), max_length=256, description="hosts whose links may carry restored values"
    )
    restore_arguments: Literal["all", "none"] = Field(
        default="all", description="restore placeholders in tool arguments (destinations are never restored)"
    )
    rules: tuple[GuardRule, ...] = Field(
        default=(), max_length=256, description="other actions for some tenants, keys, models, tools"
    )
    deny: tuple[DenySettings, ...] = Field(default=(), max_length=256, description="topics and patterns")
    unscanned: Literal["pass", "block"] = Field(
        default="pass", description="images, audio and files, which nobody looks into"
    )
    injected: Literal["off", "observe", "block"] = Field(
        default="observe", description="instructions that seem to hide in tool results"
    )
    canary: bool = Field(default=False, description="mark system prompts, and mask the mark where a reply leaks it")
    response_format: Literal["off", "check", "ask_again"] = Field(
        default="check",
        description="replies must fit the schema that was asked for; else 422, or ask once more (holds a stream)",
    )
    payloads: Literal["off", "redacted", "full"] = Field(
        default="off", description="what is kept of requests, encrypted, beside the book"
    )
    plugins: tuple[PluginSettings, ...] = Field(default=(), max_length=8, description="further detectors")
