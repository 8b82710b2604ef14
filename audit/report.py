"""The evidence report as an HTML page of its own: what was verified first, then requirement by requirement."""

import html
from collections.abc import Sequence

from .evidence import REQUIREMENTS, Requirement, Tally
from .verdict import Verdict
from .wording import instant

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5a6575;--line:#d9dee6;--paper:#fff;--wash:#f5f7fa;--yes:#17633a;
--no:#8c2320}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a3adbb;--line:#3a4453;--paper:#161b22;--wash:#1f2630;
--yes:#8fd6ac;--no:#f0a8a4}}
body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:52rem;margin:0 auto;
padding:2.5rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}h2{font-size:1.3rem;margin:2.6rem 0 .8rem}
p.lead{color:var(--soft);margin:0 0 1.2rem}p.note{background:var(--wash);border-radius:10px;padding:.9rem 1.1rem}
code{font:13.5px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
section{border:1px solid var(--line);border-radius:10px;padding:.9rem 1.2rem;margin:0 0 1rem;break-inside:avoid}
section h3{margin:0;font-size:1.02rem}section p{margin:.3rem 0;color:var(--soft)}ul{margin:.4rem 0;padding-left:1.2rem}
.yes{color:var(--yes);font-weight:600}.no{color:var(--no);font-weight:600}
"""
_NOTE = (
    "This report is evidence. It is not a determination that a law or a standard is met, and no legal advice: it shows "
    "what the log recorded, not whether the controls were the right ones, nor what happened outside the gateway."
)


def report(tally: Tally, verdict: Verdict, *, from_us: int, until_us: int, words: Sequence[str] = ()) -> str:
    """Return the report of a period (µs UTC, `until_us` exclusive) and of the verification of the whole log."""
    mark = '<span class="yes">verified</span>' if verdict.ok else '<span class="no">NOT what was written</span>'
    sentences = "".join(f"<li>{_text(each)}</li>" for each in [*verdict.sentences(), *words])
    head = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Evidence of {_text(verdict.origin)}</title><style>{_STYLE}</style><h1>Evidence from the book</h1>"
        f'<p class="lead">{_text(verdict.origin)}, {instant(from_us)} to {instant(until_us)}</p>'
        f'<p class="note">{_NOTE}</p><h2>Can the log be relied on?</h2><p>The whole log was {mark} before anything was '
        f"counted.</p><ul>{sentences}</ul><p>Root: <code>{verdict.root.hex()}</code></p>"
    )
    parts = [head]
    for text in dict.fromkeys(each.text for each in REQUIREMENTS):
        parts.append(f"<h2>{text}</h2>")
        parts += [_requirement(each, tally) for each in REQUIREMENTS if each.text == text]
    parts.append(f"<h2>Records to look at</h2><ul>{_examples(tally)}</ul></html>\n")
    return "".join(parts)


def _requirement(each: Requirement, tally: Tally) -> str:
    figures = "".join(f"<li>{_text(line)}</li>" for line in each.figures(tally))
    return (
        f"<section><h3>{_text(each.name)}</h3><p>{_text(each.shows)}</p><ul>{figures}</ul>"
        f"<p>The records: <code>{_text(each.query)}</code></p></section>"
    )


def _examples(tally: Tally) -> str:
    lines = [
        f"<li>{_text(name)}: records {', '.join(map(str, indexes))}</li>"
        for name, indexes in sorted(tally.examples.items())
        if not name.startswith("kind ")
    ]
    return "".join(lines[:200]) or "<li>none</li>"


def _text(said: str) -> str:
    return html.escape(said)
