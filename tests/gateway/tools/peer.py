"""An MCP server in a few lines, without a library: it speaks over stdin and stdout, and misbehaves when it is told to.

python peer.py [deaf|mute|banner|gone|refuses]     how it begins
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

SCHEMA = {"type": "object", "properties": {"what": {"type": "string"}}}
TOOLS = [{"name": name, "description": name, "inputSchema": SCHEMA} for name in ("do", "look")]
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}, "logging": {}},
    "serverInfo": {"name": "peer", "version": "1"},
}
cancelled: list[Any] = []
asked: list[Any] = []
lock = threading.Lock()


def say(message: Any) -> None:
    with lock:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


def text(said: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": said}], "isError": False}


def crash(_: str, __: Any) -> str:
    os._exit(3)


def endless(_: str, __: Any) -> str:
    while True:
        sys.stdout.write("x" * 65_536)


def silent(_: str, __: Any) -> None:
    return None


def wait(seconds: str, _: Any) -> str:
    time.sleep(float(seconds))
    return f"wait:{seconds}"


def progress(steps: str, token: Any) -> str:
    for step in range(int(steps)):
        say({"method": "notifications/progress", "params": {"progressToken": token, "progress": step}})
    return f"progress:{steps}"


def noise(_: str, __: Any) -> str:
    """Say what belongs to no call, and ask; return what was answered."""
    say({"method": "notifications/message", "params": {"data": "another's"}})
    say({"method": "notifications/progress", "params": {"progressToken": 999_999, "progress": 1}})
    say({"id": "s1", "method": "sampling/createMessage", "params": {}})
    say({"id": "s2", "method": "ping"})
    say({"id": 999_999, "result": text("nobody's")})
    while len(asked) < 2:
        time.sleep(0.005)
    return json.dumps(asked)


def complain(what: str, _: Any) -> str:
    sys.stderr.write(f"it complains: {what}\n")
    sys.stderr.flush()
    return "done"


ACTS: dict[str, Callable[[str, Any], str | None]] = {
    "crash": crash,
    "endless": endless,
    "silent": silent,
    "wait": wait,
    "progress": progress,
    "noise": noise,
    "complain": complain,
    "environ": lambda _, __: json.dumps(dict(os.environ)),
    "cancelled": lambda _, __: json.dumps(cancelled),
    "pid": lambda _, __: str(os.getpid()),
}


def do(what: str, message: Any) -> None:
    """Do one thing, in a thread of its own, so calls overlap; what is no act is said again."""
    name, _, argument = what.partition(":")
    token = message["params"].get("_meta", {}).get("progressToken")
    said = ACTS[name](argument, token) if name in ACTS else what
    if said is not None:
        say({"id": message["id"], "result": text(said)})


mode = sys.argv[1] if len(sys.argv) > 1 else ""
if mode == "gone":
    sys.exit(1)
if mode == "banner":
    sys.stdout.write("Welcome to the peer\n[1]\n")
if mode == "mute":
    os.close(1)
for line in sys.stdin:
    message = json.loads(line)
    match message.get("method"):
        case None:
            asked.append(message)
        case "initialize" if mode == "refuses":
            say({"id": message["id"], "error": {"code": -32600, "message": "no"}})
        case "initialize" if mode != "deaf":
            say({"id": message["id"], "result": HELLO})
        case "notifications/cancelled":
            cancelled.append(message["params"]["requestId"])
        case "tools/list":
            say({"id": message["id"], "result": {"tools": TOOLS}})
        case "ping":
            say({"id": message["id"], "result": {}})
        case "tools/call":
            what = message["params"]["arguments"].get("what", "")
            threading.Thread(target=do, args=(what, message), daemon=True).start()
