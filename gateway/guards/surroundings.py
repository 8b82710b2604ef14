"""Whether the place right behind a text could carry a value off: a URL, a link's target, an HTML tag, fetching code.

A restored value there leaves with the next click, render or run, so restoration asks first. The state is small, moves
only forward and is the same however the text was cut:

    plain --"<" letter--> tag --">" outside quotes--> plain
    plain --"](" ------> target --matching ")" or blank line--> plain
    a run without blanks that holds "//", "www.", "host.tld/" or a carrying scheme is a URL to its end
    a line (in a fence: the fence so far) that fetches stays fetching to its end
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"<(?=[A-Za-z/!?]|\Z)|[>\"'()]|\]\(|\n\s*\n|```")
_URL = re.compile(
    r"(?i)//|\\\\|www\.|[a-z0-9\-]+\.[a-z]{2,24}(?::\d+)?[/?#]|\b(?:https?|ftp|wss?|data|javascript|mailto|file|tel|sms|blob|intent):|url\("
)
_FETCH = re.compile(
    r"(?i)\b(?:curl|wget|iwr|invoke-(?:webrequest|restmethod))\s+[-\"'$\\h{]|\b(?:nslookup|dig)\s|"
    r"\b(?:fetch|axios(?:\.\w+)?|xmlhttprequest|sendbeacon|importscripts|eventsource|websocket|urlopen|urlretrieve|getaddrinfo|gethostbyname|"
    r"requests\.\w+|httpx\.\w+|session\.(?:get|post|put)|https?\.(?:get|request|post)|new\s+image|window\.open|import)\s*\(|"
    r"\.src\s*=|\blocation(?:\.href)?\s*=|@import\s"
)
_REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:")
_HOST = re.compile(r"(?i)//([^/?#\s\\]*)([/?#])?")
_LOOSE_TARGET = re.compile(r"(?i)www\.|(?:data|javascript|mailto|file|tel|sms|blob|intent):")
_RUN_CHARS_MAX = 4_096
_MARK_CHARS_MAX = 3
_UNREAD_CHARS_MAX = 16_384


class Surroundings:
    """What stands before the next character. Feed it all text in order; ask before a value is put there."""

    __slots__ = (
        "_angle",
        "_depth",
        "_fence",
        "_fetches",
        "_line",
        "_quote",
        "_run",
        "_size",
        "_tag",
        "_tail",
        "_unread",
    )

    def __init__(self) -> None:
        self._unread: list[str] = []
        self._size = 0
        self._run = ""
        self._line = ""
        self._tail = ""
        self._tag = self._angle = self._fence = self._fetches = False
        self._quote = ""
        self._depth = 0

    def advance(self, text: str) -> None:
        """Take the next piece of text; it is read when somebody asks, or when much has gathered."""
        if text:
            self._unread.append(text)
            self._size += len(text)
            if self._size > _UNREAD_CHARS_MAX:
                self._read()

    def placed(self, placeholder: str) -> None:
        """Take a placeholder that stands here, restored or not."""
        if self._angle:
            self._angle, self._tag = False, True
        self.advance(placeholder)

    def forbids(self, hosts: frozenset[str]) -> bool:
        """Whether a value put here could be carried off to a host that is not in `hosts` (lower case)."""
        self._read()
        if _URL.search(self._run):
            return not self._allowed(hosts)
        if self._tag or self._depth:
            return True
        return self._fetches or bool(_FETCH.search(self._line)) or bool(_REFERENCE.match(self._line))

    def _allowed(self, hosts: frozenset[str]) -> bool:
        """Every host of the run is complete, plain and listed."""
        if not hosts or len(self._run) >= _RUN_CHARS_MAX or _LOOSE_TARGET.search(self._run):
            return False
        found = _HOST.findall(self._run)
        return bool(found) and all(end and host.lower().partition(":")[0] in hosts for host, end in found)

    def _read(self) -> None:
        if not self._unread:
            return
        text = "".join(self._unread)
        self._unread.clear()
        self._size = 0
        if self._angle:
            self._angle = False
            text_tag = text[0].isalpha() or text[0] in "/!?"
            self._tag = self._tag or text_tag
        self._read_marks(text)
        words = text.split()
        if text[-1].isspace():
            self._run = ""
        elif len(words) == 1 and not text[0].isspace():
            self._run = (self._run + text)[:_RUN_CHARS_MAX]
        else:
            self._run = words[-1][:_RUN_CHARS_MAX]
        self._read_lines(text)

    def _read_marks(self, text: str) -> None:
        seen = len(self._tail)
        text = self._tail + text
        self._tail = text[-_MARK_CHARS_MAX + 1 :]
        for match in _MARKS.finditer(text):
            if match.end() <= seen:
                continue
            mark = match.group()
            if self._tag:
                if self._quote:
                    self._quote = "" if mark == self._quote else self._quote
                elif mark in {'"', "'"}:
                    self._quote = mark
                elif mark == ">":
                    self._tag = False
            elif mark == "<":
                self._angle = match.end() == len(text)
                self._tag = not self._angle
            elif mark == "](":
                self._depth += 1
            elif self._depth and mark in {"(", ")"}:
                self._depth += 1 if mark == "(" else -1
            elif mark[0] == "\n":
                self._depth = 0
            elif mark == "```":
                self._fence = not self._fence
                self._fetches = False

    def _read_lines(self, text: str) -> None:
        head, newline, _ = text.rpartition("\n")
        if not newline:
            self._line += text
            if len(self._line) > _RUN_CHARS_MAX:
                self._fetches = self._fetches or bool(_FETCH.search(self._line))
                self._line = self._line[:64] + self._line[-_RUN_CHARS_MAX // 2 :]
            return
        if self._fence:
            self._fetches = self._fetches or bool(_FETCH.search(self._line + head))
        else:
            self._fetches = False
        self._line = text[len(head) + 1 :]
