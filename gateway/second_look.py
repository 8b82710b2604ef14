"""A reply on its way up, as the profile's plug-ins see it: each text piece by piece, tool calls when they are whole.

    events ──▶ queue ──▶ plug-ins are asked about what is complete ──▶ what they found is replaced ──▶ events, in order

Nobody can tell a plug-in to look at half a name, so a stream flows sentence by sentence: an event waits until every
piece (`guards.pieces`) that its text belongs to was asked about. What is held is bounded: a piece of each text, and
`ARGUMENTS_CHARS_MAX` characters in all. Placeholders are not values yet, so plug-ins never see what a vault keeps.
"""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from .call import Call, Event, Part, Reply
from .errors import ContentBlocked
from .guards import Finding, Hit, Redactor
from .guards.detect import beside
from .guards.json_text import asked, overlay
from .guards.pieces import Piece, Pieces
from .guards.policy import Direction
from .guards.redact import is_placeholder, replacement
from .guards.reply import ARGUMENTS_CHARS_MAX, GuardedReply
from .papers.guarding import Extra
from .plugins import Plugins
from .policies import observing

Edit = tuple[int, int, str]
"""from, to (offsets in a part's text as it came), what stands there instead"""


class _Shown:
    """A part of an event that waits, and the stretch of its lane that it is."""

    __slots__ = ("edits", "end", "lane", "part", "start")

    def __init__(self, part: Part, lane: "_Lane") -> None:
        self.part = part
        self.lane = lane
        self.start = lane.came
        self.end = self.start + len(part.text)
        self.edits: list[Edit] = []


class _Lane:
    """A text, or the arguments of one tool call, as far as it came."""

    __slots__ = ("came", "choice", "kind", "pieces", "seen", "shown", "tool")

    def __init__(self, part: Part) -> None:
        self.choice = part.choice
        self.kind = part.kind
        self.tool = part.name
        self.came = 0
        self.seen = 0  # what plug-ins were asked about, in characters
        self.pieces = Pieces()
        self.shown: list[_Shown] = []

    def text(self) -> str:
        return "".join(each.part.text for each in self.shown)


class SecondLook:
    """Looks at the events of one reply. `kept` is Guard's: it gets the findings, and says policy and vault."""

    def __init__(self, call: Call, plugins: Plugins, redactor: Redactor, kept: GuardedReply) -> None:
        self._call = call
        self._plugins = plugins
        self._redactor = redactor
        self._kept = kept
        self._silent: set[Extra] = set()
        self._lanes: dict[str, _Lane] = {}
        self._streamed: set[str] = set()
        self._queue: deque[tuple[Event, list[_Shown]]] = deque()
        self._held_chars = 0

    def at(self, reply: Reply) -> Reply:
        """Return the reply as it is read through this look."""
        first, read = reply.batch, reply.read
        over = False

        async def looked_at() -> list[Event] | None:
            nonlocal first, over
            if over:
                return None
            events, first = first, None
            if events is None and read is not None:
                events = await read()
            if events is None:
                over = True
                return await self._rest()
            return await self._passed(events)

        return Reply(read=looked_at, degraded=reply.degraded, cached=reply.cached)

    async def _passed(self, events: Sequence[Event]) -> list[Event]:
        """Take events; return those that were looked at whole, in their order."""
        asks: list[tuple[_Lane, Piece]] = []
        for event in events:
            shown: list[_Shown] = []
            for part in event.parts:
                if part.kind != "reasoning" and part.text:
                    await self._take(event, part, shown, asks)
            self._queue.append((event, shown))
            self._held_chars += sum(each.end - each.start for each in shown)
            for name, lane in list(self._lanes.items()):
                if lane.choice in event.ends or name in event.closes:
                    await self._end(name, asks)
        await self._look(asks)
        if self._held_chars > ARGUMENTS_CHARS_MAX:
            raise ContentBlocked(f"an answer's tool calls have more than {ARGUMENTS_CHARS_MAX} characters of arguments")
        return self._released()

    async def _rest(self) -> list[Event]:
        asks: list[tuple[_Lane, Piece]] = []
        for name in list(self._lanes):
            await self._end(name, asks)
        await self._look(asks)
        return self._released()

    async def _take(self, event: Event, part: Part, shown: list[_Shown], asks: list[tuple[_Lane, Piece]]) -> None:
        is_json = part.kind == "arguments"
        if part.kind == "result" or (is_json and event.whole):
            await self._whole(part, part.name)
            return
        if part.repeats:
            if part.lane not in self._streamed:
                await self._whole(part, part.name)
            return
        lane = self._lanes.get(part.lane)
        if lane is None:
            lane = self._lanes[part.lane] = _Lane(part)
            self._streamed.add(part.lane)
        lane.tool = lane.tool or part.name
        stretch = _Shown(part, lane)
        shown.append(stretch)
        lane.shown.append(stretch)
        lane.came = stretch.end
        if not is_json:
            asks += [(lane, piece) for piece in lane.pieces.feed(part.text)]
            if event.whole:
                await self._end(part.lane, asks)

    async def _end(self, name: str, asks: list[tuple[_Lane, Piece]]) -> None:
        lane = self._lanes.pop(name)
        if lane.kind != "arguments":
            asks += [(lane, piece) for piece in lane.pieces.flush()]
            return
        text = lane.text()
        replaced = await self._overlaid(text, lane.tool, "arguments")
        if replaced != text:
            for each in lane.shown:
                each.edits = [(0, each.end - each.start, "")]
            lane.shown[0].edits = [(0, lane.shown[0].end, replaced)]
        lane.seen = lane.came

    async def _whole(self, part: Part, tool: str | None) -> None:
        text = part.text
        replaced = await self._overlaid(text, tool, part.kind)
        if replaced != text:
            part.text = replaced

    async def _overlaid(self, text: str, tool: str | None, kind: str) -> str:
        """Return a text that is there whole as plug-ins leave it."""
        kept = self._kept
        direction: Direction = {"arguments": "tool_arguments", "result": "tool_result"}.get(kind, "reply")  # type: ignore[assignment]
        policy = kept.policy if self._call.run is not None else observing(kept.policy)
        if kind == "arguments":
            terms = kept.terms(tool or "")
            policy, direction = terms.kinds, "memory" if terms.remembers else direction
        told = await self._plugins.ask(self._call, asked(text, direction), "reply", self._silent)
        if not any(told):
            return text
        replaced, findings = overlay(self._redactor, text, policy, kept.vault, direction, told=told)
        kept.findings += findings
        return replaced

    async def _look(self, asks: list[tuple[_Lane, Piece]]) -> None:
        """Ask about pieces, all at once; note what is to be replaced."""
        texts = [piece.shown for _, piece in asks]
        told = await self._plugins.ask(self._call, texts, "reply", self._silent)
        kept, actions = self._kept, self._kept.policy.actions["reply"]
        for (lane, piece), hits in zip(asks, told, strict=True):
            lane.seen = piece.start + len(piece.text)
            wanted = [hit for hit in hits if hit.kind in actions]
            if not wanted:
                continue
            for hit in beside(wanted, self._redactor.detector.scan(piece.shown, actions), piece.shown):
                here = piece.of_text(hit)
                if here is None or is_placeholder(piece.shown[hit.start : hit.end], kept.vault):
                    continue
                replaced, action = replacement(hit.kind, "", actions[hit.kind], kept.vault)
                kept.findings.append(Finding(hit.kind, hit.rule, "reply", "", here.start, here.end, action))
                if replaced is not None:
                    _put(lane, here, replaced)

    def _released(self) -> list[Event]:
        out: list[Event] = []
        while self._queue and all(each.end <= each.lane.seen for each in self._queue[0][1]):
            event, shown = self._queue.popleft()
            for each in shown:
                self._held_chars -= each.end - each.start
                each.lane.shown.remove(each)
                if each.edits:
                    _write(each, event)
            out.append(event)
        return out


def _put(lane: _Lane, hit: Hit, replaced: str) -> None:
    """Replace a stretch of a lane: the mark stands in the first part that has some of it."""
    for each in lane.shown:
        start, end = max(hit.start, each.start), min(hit.end, each.end)
        if start < end:
            each.edits.append((start - each.start, end - each.start, replaced if start == hit.start else ""))


def _write(shown: _Shown, event: Event) -> None:
    part = shown.part
    text = part.text
    bounds = [(0, 0, ""), *shown.edits, (len(text), len(text), "")]
    part.text = "".join(text[one[1] : two[0]] + two[2] for one, two in pairwise(bounds))
    if not part.text and part.alone and len(event.parts) == 1:
        event.silent = not event.terminal  # nothing is left of it: the client need not see that
