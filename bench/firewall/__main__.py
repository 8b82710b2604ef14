"""CPU of Firewall for one valid call of a known schema: `python -m bench.firewall` (a few seconds).

Prints µs of process time of the stage alone, admitted, inspected and settled; the best of some rounds, because what
else runs on the machine only adds.
"""

import asyncio
import copy
import gc
import time
from typing import Any

from gateway.call import Call, Event
from gateway.dialects.openai_chat import ChatReader
from tests.gateway.stages.exchange import Stages, call_for, taken

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "a city"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city"],
    "additionalProperties": False,
}
ARGUMENTS = '{"city":"Berlin","days":3}'
TURNS = 1_000
ROUNDS = 12


def request(tools: int, calls: int) -> dict[str, Any]:
    """Return a request that offers tools and has a history of different calls."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "weather?"}]
    for at in range(calls):
        function = {"name": "tool_0", "arguments": f'{{"city":"town {at}"}}'}
        messages.append(
            {"role": "assistant", "tool_calls": [{"id": f"c{at}", "type": "function", "function": function}]}
        )
        messages.append({"role": "tool", "tool_call_id": f"c{at}", "content": f"rain {at}"})
    offered = [{"type": "function", "function": {"name": f"tool_{n}", "parameters": SCHEMA}} for n in range(tools)]
    return {"model": "m", "messages": messages, **({"tools": offered} if tools else {})}


def answer(*, called: bool) -> dict[str, Any]:
    """Return a plain answer's tree."""
    message: dict[str, Any] = {"role": "assistant", "content": None if called else "Rain, I think."}
    if called:
        function = {"name": "tool_0", "arguments": ARGUMENTS}
        message["tool_calls"] = [{"id": "call_x", "type": "function", "function": function}]
    return {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if called else "stop"}]}


async def firewall_us(tools: int, calls: int, *, called: bool) -> float:
    """Return Firewall's own µs a call: admit, inspect, settle."""
    stages = Stages()
    tree = request(tools, calls)
    pairs: list[tuple[Call, Event]] = []
    for _ in range(TURNS):
        call = call_for(tree) if not pairs else copy.copy(pairs[0][0])
        call.kept, call.decisions = {}, []
        event = ChatReader(1, wants_usage=True).whole(answer(called=called))
        for part in event.parts:
            if part.kind == "arguments":
                part.clear = part.text
        pairs.append((call, event))
    firewall = stages.firewall
    await taken(firewall.admit(copy.copy(pairs[0][0])))
    gc.collect()
    gc.freeze()  # what was prepared is no part of a call
    began = time.process_time()
    for call, event in pairs:
        await taken(firewall.admit(call))
        firewall.inspect(call, event)
        await taken(firewall.settle(call))
    return (time.process_time() - began) / TURNS * 1e6


async def main() -> None:
    """Print the table."""
    for tools, calls, called in ((0, 0, False), (1, 0, False), (1, 0, True), (10, 0, True), (1, 10, True)):
        best = min([await firewall_us(tools, calls, called=called) for _ in range(ROUNDS)])
        print(f"{tools:3} tools offered, {calls:3} calls in the history, {int(called)} proposed: {best:6.1f} µs")


if __name__ == "__main__":
    asyncio.run(main())
