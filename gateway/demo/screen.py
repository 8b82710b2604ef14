"""What the demo prints: acts with a headline, figures in a column, and claims with ✓ or ✗ that are counted."""

import os
import shutil
import sys
import textwrap
from typing import TextIO

import click

NO_BREAK = "\u00a0"
"""A space at which `Screen.say` does not go on to the next line."""
_LABEL_CHARS = 14
_WIDTH_MAX = 110
_WIDTH_MIN = 60


class Screen:
    """Writes to a terminal, in colour, or to a file, without. `claims` and `broken` count what was claimed."""

    def __init__(self, out: TextIO | None = None, *, colour: bool | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._colour = (self._out.isatty() and "NO_COLOR" not in os.environ) if colour is None else colour
        self._width = max(_WIDTH_MIN, min(_WIDTH_MAX, shutil.get_terminal_size((_WIDTH_MAX, 24)).columns))
        self._acts = 0
        self._good, self._bad = ("✓", "✗") if self._can("✓✗") else ("ok", "NO")
        self.claims = 0
        self.broken = 0

    def _can(self, text: str) -> bool:
        try:
            text.encode(getattr(self._out, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            return False
        return True

    def _write(self, line: str = "") -> None:
        line = line.replace(NO_BREAK, " ")
        click.echo(line if self._can(line) else line.encode("ascii", "replace").decode(), file=self._out, color=True)

    def _style(self, text: str, **style: bool | str) -> str:
        return click.style(text, **style) if self._colour else text  # type: ignore[arg-type]

    def title(self, name: str, rest: str) -> None:
        """Open the scene."""
        self._write(f"{self._style(name, bold=True)}  {rest}")

    def act(self, headline: str) -> None:
        """Begin the next act."""
        self._acts += 1
        self._write()
        self._write(f"{self._style(str(self._acts), fg='cyan', bold=True)}  {self._style(headline, bold=True)}")

    def say(self, label: str, text: str) -> None:
        """Tell a figure or a text, in a column beside its label; long ones go on below."""
        indent = " " * (5 + _LABEL_CHARS)
        first, *more = textwrap.wrap(text, self._width - len(indent), break_on_hyphens=False) or [""]
        self._write(f"     {self._style(label.ljust(_LABEL_CHARS), dim=True)}{first}")
        for line in more:
            self._write(indent + line)

    def claim(self, sentence: str, *, holds: bool, figure: str = "") -> bool:
        """Say whether a claim holds, with the figure that shows it at the right; return it."""
        self.claims += 1
        self.broken += not holds
        mark = self._style(self._good, fg="green") if holds else self._style(self._bad, fg="red", bold=True)
        room = self._width - 5 - (len(figure) + 2 if figure else 0)
        first, *more = textwrap.wrap(sentence, max(room, _WIDTH_MIN // 2), break_on_hyphens=False) or [""]
        if figure:
            first = first.ljust(room + 2) + (self._style(figure, dim=True) if holds else self._style(figure, bold=True))
        self._write(f"   {mark} {first}")
        for line in more:
            self._write(f"     {line}")
        return holds

    def end(self, seconds: float) -> None:
        """Close the scene with the sum of it."""
        self._write()
        kept = self.claims - self.broken
        if self.broken:
            told = self._style(f"{self.broken} of {self.claims} claims did not hold", fg="red", bold=True)
        else:
            told = self._style(f"{kept} of {self.claims} claims hold", fg="green", bold=True)
        self._write(f"{told}, {seconds:.1f} s")
        if not self.broken:
            self._write("Next: tollhouse init && tollhouse serve, as README.md shows for OpenAI and for a local vLLM.")
