"""An MCP server that is a program of this machine, in an `Upstream`'s form: one process for all clients of this worker.

    none ──a message──▶ starting ──handshake──▶ serving ──it ends──▶ none (its next start waits, ever longer)
The gateway shakes hands with it once, for all: a client that initializes gets what the server said then, and a session
id of ours, by which it may cancel its own messages. Clients of 2026-07-28, which has no handshake, get a process of
their own kind, for one process speaks either.
"""

import asyncio
import secrets
from collections.abc import Callable
from importlib import metadata

import msgspec
from msgspec import Raw

from limits.clock import Clock

from ..config.mcp import McpServer
from ..config.values import MASK
from ..upstream.failure import UpstreamFailure
from ..upstream.interface import UpstreamReply, UpstreamRequest
from .program import Program
from .shared_line import Members, SharedLine, Whole, members, meta_of, word

SESSION = "mcp-session-id"
START_S_MAX = 30.0
VERSION = "2025-11-25"
_STEADY_NS, _WAIT_S, _WAIT_S_MAX = 60_000_000_000, 0.5, 60.0
_ANSWER_BYTES_MAX = 1 << 20
_MODERN = "io.modelcontextprotocol/protocolVersion"
_NOT_SHARED = frozenset({"logging/setLevel"})


class _Life:
    """One process that serves, and what its server said of itself."""

    def __init__(self, program: Program, line: SharedLine, hello: Members) -> None:
        self.program = program
        self.line = line
        self.hello = hello


class _Kind:
    """Processes of one kind, one after the other."""

    def __init__(self, server: McpServer, clock: Clock, mask: Callable[[str], str], *, shakes_hands: bool) -> None:
        self._server = server
        self._clock = clock
        self._mask = mask
        self._shakes_hands = shakes_hands
        self._life: _Life | None = None
        self._program: Program | None = None
        self._dying: set[Program] = set()
        self._starting: asyncio.Task[_Life | UpstreamFailure] | None = None
        self._began_ns = 0
        self._deaths = 0
        self._not_before_ns = 0
        self._closed = False

    @property
    def life(self) -> _Life | None:
        """The process that serves now."""
        return self._life

    async def get(self, until_s: float) -> _Life:
        """Return the process that serves, started if there is none; UpstreamFailure."""
        if self._life is not None:
            return self._life
        if self._starting is None:
            wait_s = (self._not_before_ns - self._clock.monotonic_ns()) / 1e9
            if wait_s > 0 or self._closed:
                raise _not_there("restarting", retry_after_s=max(wait_s, 0.0))
            self._starting = asyncio.get_running_loop().create_task(self._start())
        starting = self._starting
        done, _ = await asyncio.wait({starting}, timeout=until_s - asyncio.get_running_loop().time())
        if not done or starting.cancelled():
            raise _not_there("starting")
        made = starting.result()
        if isinstance(made, UpstreamFailure):
            raise made
        return made

    async def _start(self) -> _Life | UpstreamFailure:
        server, self._began_ns = self._server, self._clock.monotonic_ns()
        line: SharedLine

        def hear(said: bytes) -> None:
            if not line.hear(said):
                program.tell(said)  # a banner, a stray print: no message, so not for a client

        def end() -> None:
            line.fail("ended")
            self._died(program)

        program = self._program = Program(
            f"mcp server {server.name}",
            on_line=hear,
            on_end=end,
            line_bytes_max=server.reply_bytes_max,
            mask=self._masked,
        )
        line = SharedLine(program.write, waiting_max=server.connections_max)
        try:
            await program.start(server.command, server.environ())
            hello = await _shaken_hands(line, program) if self._shakes_hands else {}
            life = _Life(program, line, hello)
        except OSError:
            self._died(program)
            return _not_there("not_started")
        except UpstreamFailure as failure:
            await program.stop()
            self._died(program)
            return _not_there(failure.cause)  # what the client asked was not sent
        else:
            self._life = None if program.ended else life
            return life
        finally:
            self._starting = None

    def _masked(self, said: str) -> str:
        for secret in self._server.hidden():
            said = said.replace(secret, MASK)
        return self._mask(said)

    def _died(self, program: Program) -> None:
        """Count a death, once a process; one after a long life is the first again."""
        if program is not self._program:
            return
        self._program = self._life = None
        self._dying = {each for each in (*self._dying, program) if not each.gone}
        now = self._clock.monotonic_ns()
        self._deaths = 1 if now - self._began_ns > _STEADY_NS else self._deaths + 1
        if self._deaths > 1:
            wait_s = min(_WAIT_S_MAX, _WAIT_S * 2 ** min(self._deaths - 2, 30))
            self._not_before_ns = now + round(wait_s * 1e9)

    async def close(self) -> None:
        """End the process, and start no other."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        program, self._program, self._life = self._program, None, None
        await asyncio.gather(*(each.stop() for each in (*self._dying, program) if each is not None))


class StdioUpstream:
    """See above. `clock` measures how long processes lived, `mask` hides what their log must not show."""

    def __init__(self, server: McpServer, clock: Clock, mask: Callable[[str], str]) -> None:
        self._handshake = _Kind(server, clock, mask, shakes_hands=True)
        self._stateless = _Kind(server, clock, mask, shakes_hands=False)

    async def send(self, request: UpstreamRequest) -> UpstreamReply:
        """Write a message; the reply is its answer, which may still have to come. UpstreamFailure."""
        if request.method != "POST":
            return Whole(204)  # a session that ends: nothing is kept of any
        message = members(request.body)
        method, params = word(message.get("method")), members(message.get("params", b"{}"))
        session = dict(request.headers).get(SESSION)
        if not method or "id" not in message:
            life = self._handshake.life
            if method == "notifications/cancelled" and session is not None and life is not None:
                life.line.cancel(session, bytes(params.get("requestId", b"")))
            return Whole(202)
        until_s = asyncio.get_running_loop().time() + request.timeouts.total_s
        if method == "initialize":
            life = await self._handshake.get(until_s)
            body = msgspec.json.encode({"jsonrpc": "2.0", "id": message["id"], "result": life.hello})
            return Whole(200, body, {SESSION: secrets.token_hex(16)})
        if method in _NOT_SHARED:
            error = {"code": -32601, "message": "this server is shared: nobody sets that for the others"}
            return Whole(200, msgspec.json.encode({"jsonrpc": "2.0", "id": message["id"], "error": error}))
        is_modern = _MODERN in meta_of(params)
        life = await (self._stateless if is_modern else self._handshake).get(until_s)
        return life.line.ask(message, session=session, until_s=until_s)

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(self._handshake.close(), self._stateless.close())


async def _shaken_hands(line: SharedLine, program: Program) -> Members:
    """Return what the server says of itself; UpstreamFailure."""
    client = {"name": "tollhouse", "version": metadata.version("tollhouse")}
    asked = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}
    message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": asked}
    until_s = asyncio.get_running_loop().time() + START_S_MAX
    reply = line.ask(members(msgspec.json.encode(message)), session=None, until_s=until_s)
    answer = members(await reply.read(_ANSWER_BYTES_MAX))
    try:
        hello = members(answer.get("result", b""))
        able = members(hello.get("capabilities", b"{}"))
    except msgspec.DecodeError:
        raise _not_there("no_handshake") from None
    able.pop("logging", None)  # log messages belong to no call, so nobody would get them
    program.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
    return {**hello, "capabilities": Raw(msgspec.json.encode(able))}


def _not_there(cause: str, *, retry_after_s: float | None = None) -> UpstreamFailure:
    return UpstreamFailure(
        cause, source="upstream", phase="connect", sent=False, retryable=True, retry_after_s=retry_after_s
    )
