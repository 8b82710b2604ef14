"""Drive Guard and Firewall over one answer without a socket: for properties, and for measuring.

call = call_for({"model": "m", "messages": [...], "tools": [...]})
stages = Stages(); await stages.admit(call); events = stages.inspect(call, chunks)
"""

from collections.abc import Awaitable, Iterable
from typing import Any

from gateway.call import Call, Event
from gateway.config.profiles import ProfileSettings
from gateway.dialects.openai_chat import ChatReader, OpenAIChat
from gateway.guards import Redactor
from gateway.papers import HOUSE, Key
from gateway.papers.profile import resolve
from gateway.policies import Policies
from gateway.stages.firewall import Firewall
from gateway.stages.guard import Guard
from gateway.stages.screen import Screen
from gateway.tools.schema import Schemas
from gateway.tools.trail import Trails
from gateway.vaults import Vaults
from limits.clock import SystemClock
from limits.seam import LocalLedger

CHAT = OpenAIChat()


class NoCaller:
    """A caller without headers or body."""

    headers: dict[str, str] = {}  # noqa: RUF012 - never changed

    def body_now(self, *, bytes_max: int) -> bytes | None:  # noqa: ARG002
        return None

    async def body(self, *, bytes_max: int, read_s_max: float) -> bytes:  # noqa: ARG002
        """Return nothing."""
        return b""


def call_for(tree: dict[str, Any], **profile: Any) -> Call:
    """Return a call for a request's tree under a default profile with these settings."""
    resolved = resolve(ProfileSettings.model_validate({"name": "default"} | profile))
    call = Call("call_1", CHAT, "/v1/chat/completions", NoCaller(), 0, 0)
    call.tenant, call.profile, call.key = HOUSE, resolved, Key("k", "k", HOUSE, resolved)
    call.clear = call.request = CHAT.parse(tree)
    return call


async def taken(answer: Awaitable[None] | None) -> None:
    """Wait for what a stage's method returned, if it must be waited for."""
    if answer is not None:
        await answer


class Stages:
    """Firewall above Guard, as in a life."""

    def __init__(self) -> None:
        self.firewall = Firewall(Schemas(), Trails(b"s" * 32), LocalLedger(SystemClock()))
        vaults = Vaults(lambda _sql, _values: [], SystemClock(), b"s" * 32, lambda _run: None)
        self.guard = Guard(Redactor(), vaults, Policies(), Screen(b"s" * 32))

    async def admit(self, call: Call) -> None:
        """Admit down."""
        await taken(self.firewall.admit(call))
        await taken(self.guard.admit(call))

    def inspect(self, call: Call, trees: Iterable[dict[str, Any]]) -> list[Event]:
        """Read trees as chunks and inspect each up the list; return what goes to the client, in order."""
        assert call.clear is not None
        reader = ChatReader(call.clear.choices, wants_usage=True)
        flowing: list[Event] = []
        held: list[Event] = []
        for tree in trees:
            for guarded in self.guard.inspect(call, reader.chunk(tree)):
                for event in self.firewall.inspect(call, guarded):
                    if event.terminal:
                        held.append(event)
                    elif not event.silent:
                        flowing.append(event)
        return [*flowing, *held]
