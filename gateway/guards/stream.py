# ruff: noqa: E501 - a pattern is read in one line
"""One lane of a streamed reply: scanned and restored as it flows, however it was cut.

    held text -> [no value can be open before here] -> scanned with what stood before -> restored -> released

Only what could be the beginning of a value is held: the last word, and the number, spelt address or key block that the
text may be in the middle of. A lane is one choice's text or one tool call's arguments; it is not shared.
"""

from __future__ import annotations

import re

import re2

from .findings import Finding
from .normalise import normalise
from .policy import Direction, Policy
from .redact import Redactor, is_placeholder, mask
from .restore import NO_HOSTS, restore
from .surroundings import Surroundings
from .vault import Vault

# The end of a text, from where a value could be open: any word, then words a number, date or spelt address goes on with.
_WORD = r"[^\s\x{e00}-\x{e4f}\x{3000}-\x{d7ff}]"
_OPEN = re2.compile(
    (
        rf"{_WORD}*(?:[ \t]{{1,4}}(?:{_WORD}*\d{_WORD}*|[A-Za-z]{{1,2}}|[^\sA-Za-z]{{1,8}}|[\[({{<]{_WORD}*|(?i:dot|punkt|punto|point|arroba|and|"
        r"jan\w*|feb\w*|m\w?r\w*|apr\w*|ma[iy]\w*|jun\w*|jul\w*|aug\w*|a\w*t|sep\w*|o[ck]t\w*|nov\w*|de[cz]\w*)|"
        rf"(?i:at|dot|punkt|punto|arroba|@|\.|[\[({{<]\s?(?:at|dot|@|\.)\s?[\])}}>])[ \t]{{1,4}}{_WORD}*))*\s{{0,4}}\z"
    ).encode()
)
_BEGIN, _END, _END_LINE = "-----BEGIN", "-----END", "-----"
_REST_OF_END = re.compile(r"[A-Z0-9 ]{0,48}-----")
_BEGIN_LINE_CHARS = 64
_LEAD_CHARS = 160
_TAIL_CHARS = 1_024


def is_plain(redactor: Redactor, text: str, policy: Policy, vault: Vault, direction: Direction = "reply") -> bool:
    """Whether a whole text goes on as it came: nothing to restore, nothing found. Spares most replies their lane."""
    if "_" in text and len(vault):
        return False
    return not redactor.detector.scan(text, policy.actions[direction])


class Lane:
    """Feed pieces, release what comes back, flush at the end. Any cutting gives the same whole.

    `hold_chars_max` bounds what is held; a longer open value is masked and swallowed to its end, never let through.
    With a finding whose action is `block`, `blocked` turns true and nothing more is released.
    """

    __slots__ = (
        "_actions", "_around", "_direction", "_held", "_hold_chars_max", "_hosts", "_lead", "_pieces", "_redactor",
        "_swallow", "_vault", "_whole_open", "blocked", "findings",
    )  # fmt: skip

    def __init__(
        self,
        redactor: Redactor,
        policy: Policy,
        vault: Vault,
        *,
        hosts: frozenset[str] = NO_HOSTS,
        direction: Direction = "reply",
        hold_chars_max: int = 16_384,
    ) -> None:
        self._redactor = redactor
        self._actions = policy.actions[direction]
        self._direction: Direction = direction
        self._vault = vault
        self._hosts = hosts
        self._hold_chars_max = hold_chars_max
        self._around = Surroundings()
        self._pieces: list[str] = []
        self._held = 0
        self._lead = ""
        self._swallow = ""
        self._whole_open = False
        self.findings: list[Finding] = []
        self.blocked = False

    @property
    def held(self) -> str:
        """What was taken and not yet released."""
        return "".join(self._pieces)

    def feed(self, text: str) -> str:
        """Take a piece; what may be released now, possibly nothing."""
        if self.blocked or not text:
            return ""
        if self._swallow:
            text = self._swallowed(text)
        self._pieces.append(text)
        self._held += len(text)
        if self._whole_open and self._held < self._hold_chars_max and text.isascii() and not _breaks(text):
            return ""
        held = "".join(self._pieces)
        return self._release(held, self._open_from(held))

    def flush(self) -> str:
        """Return the rest, at the end of the lane."""
        if self.blocked:
            return ""
        return self._release("".join(self._pieces), self._held)

    def _open_from(self, held: str) -> int:
        """From where on a value could still be open, in characters of `held`."""
        begin = held.rfind(_BEGIN)
        if begin >= 0 and _END not in held[begin:]:
            line = held[begin : begin + _BEGIN_LINE_CHARS]
            if "PRIVATE KEY" in line or len(held) - begin < _BEGIN_LINE_CHARS:
                return self._bounded(held, self._spaced(held, begin))
        tail_at = max(0, len(held) - _TAIL_CHARS)
        while tail_at and not held[tail_at - 1].isspace():
            tail_at = held.rfind(" ", 0, tail_at) + 1
        return self._bounded(held, tail_at + self._spaced(held[tail_at:], None))

    @staticmethod
    def _spaced(text: str, begin: int | None) -> int:
        if begin is not None:
            return begin
        view = normalise(text)
        match = _OPEN.search(view.buf)
        start = len(view.buf) if match is None else match.start()
        if start >= len(view.buf):
            return len(text)
        return view.spans([(start, start + 1)])[0][0]

    def _bounded(self, held: str, start: int) -> int:
        """No more than the bound is held; the overflow is let go, or swallowed if a value touches the end."""
        self._whole_open = start == 0
        if len(held) - start < self._hold_chars_max:
            return start
        hits = self._redactor.detector.scan(self._lead + held, self._actions)
        if hits and hits[-1].end - len(self._lead) >= len(held) - 1:
            self._swallow = _END if _BEGIN in held else " "
            return len(held)
        return len(held) - self._hold_chars_max // 2

    def _release(self, held: str, safe: int) -> str:
        if safe <= 0:
            return ""
        lead = self._lead
        hits = self._redactor.detector.scan(lead + held, self._actions) if self._actions else []
        pieces: list[str] = []
        last = 0
        for hit in hits:
            start, end = max(hit.start - len(lead), 0), hit.end - len(lead)
            if end <= 0:
                continue
            if start >= safe:
                break
            if end > safe:
                safe = start
                break
            if is_placeholder(held[start:end], self._vault):
                continue
            action = self._actions[hit.kind]
            self.findings.append(Finding(hit.kind, hit.rule, self._direction, "", start, end, action))
            if action == "observe":
                continue
            pieces.append(restore(held[last:start], self._vault, self._hosts, self._around))
            last = end
            if action == "block":
                self.blocked = True
                return "".join(pieces)
            replaced = mask(hit.kind)
            self._around.advance(replaced)
            pieces.append(replaced)
        pieces.append(restore(held[last:safe], self._vault, self._hosts, self._around))
        self._lead = (lead + held[:safe])[-_LEAD_CHARS:]
        self._pieces = [held[safe:]]
        self._held = len(held) - safe
        return "".join(pieces)

    def _swallowed(self, text: str) -> str:
        """Say what is left of a piece once the value that was too long for the lane has ended."""
        if self._swallow != " ":
            return self._after_block(text)
        parts = text.split(None, 1)
        if text[0].isspace() or not parts:
            self._swallow = ""
            return text
        if len(parts) == 1 and not text[-1].isspace():
            return ""
        self._swallow = ""
        return text[len(parts[0]) :]

    def _after_block(self, text: str) -> str:
        """Nothing, until a key block's last line is through; `_lead` keeps what is looked at."""
        self._lead += text
        if self._swallow == _END:
            at = self._lead.find(_END)
            if at < 0:
                self._lead = self._lead[-len(_END) :]
                return ""
            self._lead = self._lead[at + len(_END) :]
            self._swallow = _END_LINE
        match = _REST_OF_END.match(self._lead)
        if match is None and len(self._lead) < _BEGIN_LINE_CHARS:
            return ""
        text = self._lead if match is None else self._lead[match.end() :]
        self._lead = self._swallow = ""
        return text


def _breaks(text: str) -> bool:
    return len(text.split(None, 1)) != 1 or text[0].isspace() or text[-1].isspace()
