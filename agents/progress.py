"""What a person sees of a run while it works, and the account at its end."""

from collections import Counter
from decimal import Decimal

from .event import Event
from .result import Result

TEXT_CHARS_MAX = 100


class Progress:
    """Turns events into lines; keeps the sums."""

    def __init__(self) -> None:
        self.steps = 0
        self.tokens = 0
        self.usd = Decimal(0)
        self._phase = ""

    def line(self, event: Event) -> str | None:
        """Return what to show of an event, None for nothing."""
        body = event.body
        match event.kind:
            case "opened":
                return f"run {event.run}: {body['pattern']} on {body['model']}"
            case "asked":
                self._phase = body["phase"]
                return None
            case "answered":
                self.steps += 1
                self.tokens += body["input_tokens"] + body["output_tokens"]
                self.usd += Decimal(body["usd"])
                left = f"  left: {body['remaining']}" if body["remaining"] else ""
                sums = f"{self.tokens:,} tokens  ${self.usd:f}"
                return f"step {self.steps}  {self._phase}  {body['ms'] / 1e3:.2f} s  {sums}{left}"
            case "returned":
                how = "" if body["ok"] else " failed"
                stood_in = f" (degraded: {body['degraded']})" if body["degraded"] else ""
                return f"  {body['name']}{how}{stood_in}: {_short(body['content'])}"
            case "called" | "refused" | "once" | "resumed" | "decided" | "child" | "waiting" | "ended":
                return None
        return f"  {event.kind}: {_short(str(body.get('text') or dict(body)))}"


def account(result: Result) -> list[str]:
    """Return the final account, line by line: how it ended, what it used, what is left, where the time went."""
    used = result.usage
    why = f" ({result.stop})" if result.stop else ""
    lines = [f"{result.status}{why}{': ' + result.message if result.message else ''}"]
    tree = result.account.get("used", {})
    tokens, usd = tree.get("tokens", used.tokens), tree.get("usd", f"{used.usd:f}")
    lines.append(f"used      {used.steps} steps, {used.tool_calls} tool calls, {tokens:,} tokens, ${usd}")
    if result.children:
        lines.append(f"children  {len(result.children)}; tokens and dollars are the whole tree's")
    if result.remaining:
        left = ", ".join(f"{name} {value}" for name, value in sorted(result.remaining.items()))
        lines.append(f"left      {left}")
    lines.append(f"time      {used.model_s:.2f} s models, {used.tool_s:.2f} s tools")
    slow = _tools(result)
    if slow:
        lines.append(f"tools     {slow}")
    lines += [f"degraded  {what}" for what in result.degraded]
    lines += [f"waits     {each.id} ({each.by}) {each.name} {each.arguments} {each.reason}" for each in result.waiting]
    return lines


def _tools(result: Result) -> str:
    ms: Counter[str] = Counter()
    for event in result.events:
        if event.kind == "returned":
            ms[event.body["name"]] += round(event.body["ms"])
    return ", ".join(f"{name} {spent / 1e3:.2f} s" for name, spent in ms.most_common(5))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TEXT_CHARS_MAX else f"{line[:TEXT_CHARS_MAX]}…"
