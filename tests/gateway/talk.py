"""Stages that note when they are asked, and a call whose client notes what it was sent: for the pipeline's tests."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.answer import Answer
from gateway.call import Attempt, Call, Event, Part, Reply
from gateway.client import Client
from gateway.dialects.openai_chat import OpenAIChat
from gateway.lives import Lives
from gateway.pipeline import Pipeline
from gateway.stage import AttemptStage, CallStage
from tests.gateway.live import chat

Batches = Callable[[], Iterable[list[Event]]]


class Figures:
    """Figures of no meaning."""

    def figures(self, call: Call) -> dict[str, str]:
        return {"call": call.id}


class Noting(CallStage):
    """Notes when it is asked; does what `on` says at each moment."""

    name = ""

    def __init__(self, log: list[str], **on: Any) -> None:
        self.log = log
        self.on = on

    async def _do(self, moment: str, call: Any) -> Any:
        self.log.append(f"{moment} {self.name}")
        act = self.on.get(moment)
        if isinstance(act, Exception):
            raise act
        return await act(call) if act is not None else None

    async def admit(self, call: Call) -> Reply | None:
        answered: Reply | None = await self._do("admit", call)
        return answered

    def inspect(self, call: Call, event: Event) -> Iterable[Event]:
        self.log.append(f"inspect {self.name}")
        act = self.on.get("inspect")
        return (event,) if act is None else act(call, event)

    async def settle(self, call: Call) -> None:
        await self._do("settle", call)


class First(Noting):
    name = "first"


class Second(Noting):
    name = "second"


class Third(Noting):
    name = "third"


class Asking(Noting):
    """Route's place: asks for one attempt."""

    name = "asking"

    async def admit(self, call: Call) -> Reply | None:
        await super().admit(call)
        return await call.attempt("target")


class Holding(Noting, AttemptStage):  # type: ignore[misc]
    """Budget's place."""

    name = "holding"


class Sending(Noting, AttemptStage):  # type: ignore[misc]
    """Send's place: answers with `events`, batch by batch."""

    name = "sending"

    def __init__(self, log: list[str], events: Batches, **on: Any) -> None:
        super().__init__(log, **on)
        self.events = events

    async def admit(self, attempt: Attempt) -> Reply | None:  # type: ignore[override]
        await self._do("admit", attempt)
        batches = iter(self.events())

        async def read() -> list[Event] | None:
            await asyncio.sleep(0)
            return next(batches, None)

        return Reply(read)


def said(text: str, *, end: bool = False) -> Event:
    holder: dict[str, Any] = {"content": text}
    choice = {"index": 0, "delta": holder, "finish_reason": "stop" if end else None}
    parts = [Part("text", 0, "0", holder, "content")] if text else []
    return Event({"choices": [choice]}, parts, ends=(0,) if end else (), finish="stop" if end else None, terminal=end)


def done() -> Event:
    return Event(None, [], terminal=True)


def two_words() -> list[list[Event]]:
    return [[said("one ")], [said("two")], [said("", end=True)], [done()]]


def plain() -> list[list[Event]]:
    return [[Event({"choices": []}, [], terminal=True, whole=True)]]


class Talk:
    """A call with its client; `wire` is all that was sent, `settled_at` how much of it when settling was over."""

    def __init__(self, *, stream: bool = True) -> None:
        body = json.dumps(chat("hello", stream=stream)).encode()
        scope = {"headers": [(b"content-length", str(len(body)).encode())]}
        self.wire: list[bytes] = []
        self.status = 0
        self.stuck: asyncio.Event | None = None
        self.client = Client(scope, self._receive, self._send)
        self.client.unread = False
        self.dialect = OpenAIChat()
        self.call = Call("call_1", self.dialect, "/v1/chat/completions", self.client, 0, 0)
        self.call.clear = self.call.request = self.dialect.parse(chat("hello", stream=stream))
        self.log: list[str] = []

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if self.stuck is not None:
            await self.stuck.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message.get("body"):
            self.log.append("sent")
            self.wire.append(message["body"])

    async def live(self, pipeline: Pipeline) -> None:
        async with asyncio.timeout(5):
            await Lives(10).start(self.call, pipeline.live(self.call, Answer(self.client, Figures())))

    def stages(self, on: Mapping[str, dict[str, Any]] | None = None, *, events: Batches = two_words) -> Pipeline:
        on = on or {}
        calls = [
            First(self.log, **on.get("first", {})),
            Second(self.log, **on.get("second", {})),
            Third(self.log, **on.get("third", {})),
            Asking(self.log, **on.get("asking", {})),
        ]
        attempts = [Holding(self.log, **on.get("holding", {})), Sending(self.log, events, **on.get("sending", {}))]
        return Pipeline(calls, attempts, again_from=Second, again_without=(Third,), answer_s_max=0.2)  # type: ignore[arg-type]

    @property
    def text(self) -> str:
        return b"".join(self.wire).decode()
