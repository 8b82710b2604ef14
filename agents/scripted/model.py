"""Decides what a request gets: a switched-on fault, the script's reply or the echo; keeps bill and what was seen."""

from __future__ import annotations

import random
import re
import secrets
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any

import orjson

from . import (
    anthropic_count,
    anthropic_messages,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_moderations,
    openai_responses,
    wire,
)
from .bill import Bill
from .openai_objects import Kept
from .play import Play
from .script import FAULT_KINDS, Fault, Latency, Reply, Rule, Script
from .turn import Answer, Asked, answer
from .wire import Connection, Request

OK = 200
ECHO = Reply()
SEEN_MAX = 1_000
SEEN_BYTES_MAX = 64 * 1024 * 1024
FAULTS_MAX = 1_000
DIALECTS: Mapping[str, ModuleType] = MappingProxyType(
    {
        "/v1/chat/completions": openai_chat,
        "/v1/responses": openai_responses,
        "/v1/completions": openai_completions,
        "/v1/embeddings": openai_embeddings,
        "/v1/moderations": openai_moderations,
        "/v1/messages": anthropic_messages,
        "/v1/messages/count_tokens": anthropic_count,
    }
)
SPECIAL = "scripted:"


@dataclass(frozen=True, slots=True)
class Seen:
    """One received request: `body` is the bytes as they came."""

    path: str
    headers: dict[str, str]
    body: bytes


class ScriptedModel:
    """The scripted provider without its socket; used from one event loop only."""

    def __init__(self, script: Script) -> None:
        self.bill = Bill(script.prices, script.price)
        self.seen: deque[Seen] = deque()
        self.requests = 0
        self._seen_bytes = 0
        self.kept = Kept()
        self._nonce = secrets.token_hex(6)
        self.play(script)

    def play(self, script: Script) -> None:
        """Start `script` from its beginning; bill and seen requests stay."""
        self.script = script
        self.bill.prices, self.bill.price = script.prices, script.price
        self._steps = deque(script.steps)
        self._rules = [(rule, re.compile(rule.match), [rule.times]) for rule in script.rules]
        self._faults: deque[list[Any]] = deque()
        self._random = random.Random(script.seed)

    def fault(self, fault: Fault) -> None:
        """Switch a fault on; several apply one after the other, each until its `times` are used up."""
        if len(self._faults) >= FAULTS_MAX:
            raise ValueError(f"{FAULTS_MAX} faults are switched on already")
        self._faults.append([fault, fault.times])

    def clear(self) -> None:
        """Switch all faults off; forget bill and seen requests."""
        self._faults.clear()
        self.bill.clear()
        self.seen.clear()
        self._seen_bytes = 0

    def respond(
        self, dialect: ModuleType, request: Request, connection: Connection
    ) -> Coroutine[Any, Any, None] | None:
        """Answer a model request: written at once where nothing slows it (None), else by the coroutine."""
        self.requests += 1
        self._see(request)
        try:
            asked = dialect.read(request.body)
        except ValueError as error:
            connection.transport.write(wire.reply(400, dialect.error(400, str(error))))
            return None
        if self.script.context_tokens is not None and asked.prompt_tokens > self.script.context_tokens:
            words = f"this model's context is {self.script.context_tokens} tokens, your input {asked.prompt_tokens}"
            connection.transport.write(wire.reply(400, dialect.error(400, words)))
            return None
        reply, fault = self._reply(asked)
        said = answer(asked, reply, f"{self._nonce}{self.requests:010d}")
        fault = self._fault(asked.model) or fault or reply.fault
        if dialect is openai_responses and fault is None:
            self.kept.take(request.body, orjson.loads(dialect.plain(asked, said, dialect.usage_of(said))))
        first_s, gap_s = self._pace(asked, said, reply)
        if fault is not None and fault.kind == "slow":
            first_s += fault.delay_s
        play = Play(connection, dialect, asked, said, self.bill, _key(request.headers), first_s, gap_s, fault)
        if fault is None and not first_s and not gap_s:
            play.at_once()
            return None
        return play.run()

    def look(self, request: Request, connection: Connection) -> None:
        """Answer a request for what is kept of earlier ones."""
        self._see(request)
        status, tree = self.kept.answer(request.method, request.path, request.body)
        body = orjson.dumps(tree)
        connection.transport.write(wire.ok(body) if status == OK else wire.reply(status, body))

    def _see(self, request: Request) -> None:
        self.seen.append(Seen(request.path, request.headers, request.body))
        self._seen_bytes += len(request.body)
        while len(self.seen) > SEEN_MAX or self._seen_bytes > SEEN_BYTES_MAX:
            self._seen_bytes -= len(self.seen.popleft().body)

    def _reply(self, asked: Asked) -> tuple[Reply, Fault | None]:
        name = asked.model.partition(SPECIAL)[2] if SPECIAL in asked.model else ""
        if name:
            for rule, _, left in self._rules:
                if rule.name == name:
                    return _turn(rule, asked, left), None
            return ECHO, _named(name)
        if self._steps:
            return self._steps.popleft(), None
        for rule, pattern, left in self._rules:
            if left[0] != 0 and _agrees(rule, pattern, asked):
                return _turn(rule, asked, left), None
        return ECHO, None

    def _fault(self, model: str) -> Fault | None:
        for switched in self._faults:
            fault, left = switched
            if fault.model is None or fault.model == model:
                if left is not None:
                    switched[1] = left - 1
                    if left <= 1:
                        self._faults.remove(switched)
                return fault  # type: ignore[no-any-return]
        return None

    def _pace(self, asked: Asked, said: Answer, reply: Reply) -> tuple[float, float]:
        latency: Latency | None = self.script.latency
        if latency is None:
            return reply.delay_s, reply.event_gap_s
        first_s = latency.first_token_s_median * self._random.lognormvariate(0.0, latency.first_token_sigma)
        rate = latency.tokens_per_s_median * self._random.lognormvariate(0.0, latency.tokens_per_s_sigma)
        talk_s = said.completion_tokens / asked.choices / rate
        if not asked.stream:
            return reply.delay_s + first_s + talk_s, 0.0
        return reply.delay_s + first_s, reply.event_gap_s or talk_s / max(1, len(said.text) // said.event_chars)

    def seen_tree(self) -> list[dict[str, Any]]:
        """For `GET /seen`: path and body of the latest requests, oldest first; never their headers (keys)."""
        return [{"path": seen.path, "body": _tree(seen.body)} for seen in self.seen]


def _tree(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _turn(rule: Rule, asked: Asked, left: list[int | None]) -> Reply:
    if left[0]:
        left[0] -= 1
    return rule.replies[min(asked.assistant_turns, len(rule.replies) - 1)]


def _agrees(rule: Rule, pattern: re.Pattern[str], asked: Asked) -> bool:
    return (
        rule.model in (None, asked.model)
        and rule.role in (None, asked.last_role)
        and pattern.search(asked.last_text) is not None
    )


def _named(name: str) -> Fault | None:
    kind, _, status = name.partition("-")
    if kind == "status" and status.isdigit():
        return Fault("status", status=int(status))
    return Fault(name) if name in FAULT_KINDS else None  # type: ignore[arg-type]


def _key(headers: dict[str, str]) -> str:
    bearer = headers.get("authorization", "")
    if bearer[:7].lower() == "bearer ":
        return bearer[7:]
    return headers.get("x-api-key") or headers.get("api-key") or ""
