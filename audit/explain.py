"""A run's story as a page for the person it is about: HTML that needs nothing from elsewhere, or plain text."""

import base64
import html
import textwrap
from collections.abc import Iterator

from .story import Chapter, Story
from .wording import instant

_WIDTH = 96
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5a6575;--line:#d9dee6;--paper:#fff;--wash:#f5f7fa;--yes:#17633a;
--yesbg:#e6f4ec;--no:#8c2320;--nobg:#fbeaea}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a3adbb;--line:#3a4453;--paper:#161b22;--wash:#1f2630;
--yes:#8fd6ac;--yesbg:#17372a;--no:#f0a8a4;--nobg:#422021}}
body{font:17px/1.6 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:46rem;margin:0 auto;
padding:2.5rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem}h2{font-size:1.25rem;margin:2.6rem 0 .8rem}
p.lead{color:var(--soft);margin:0 0 1.6rem}code,pre{font:13.5px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
ul.summary{background:var(--wash);border-radius:10px;padding:1rem 1.2rem 1rem 2.3rem;margin:0}
article{border:1px solid var(--line);border-radius:10px;padding:1rem 1.2rem;margin:0 0 1rem;break-inside:avoid}
article h3{margin:0;font-size:1.05rem;display:flex;gap:.6rem;justify-content:space-between;align-items:baseline}
article p{margin:.45rem 0 0}time,.where{color:var(--soft);font-size:.87rem}
.mark{font-size:.78rem;font-weight:600;padding:.1rem .6rem;border-radius:99px;white-space:nowrap}
.answered{color:var(--yes);background:var(--yesbg)}.refused,.failed{color:var(--no);background:var(--nobg)}
pre{background:var(--wash);padding:.7rem .9rem;border-radius:8px;white-space:pre-wrap;margin:.5rem 0 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;padding:.3rem .6rem .3rem 0;
border-bottom:1px solid var(--line);vertical-align:top}details summary{cursor:pointer;color:var(--soft);margin:.6rem 0}
"""
_LEAD = "What an automated assistant was asked, what it did, what was decided and why."
_PROVEN = (
    "Each step above is a record in a log that cannot be changed unnoticed. The table lists the records; the long "
    "number is the fingerprint of a record's exact words. With the signed statement below it proves that the record "
    "stood in the log, unaltered, when the statement was signed."
)
_LIMITS = (
    "This page is made from the log alone. It shows what passed through the gateway, not what people or other programs "
    "did with it. It is no assessment of whether a decision was right."
)
_RIGHTS = (
    "If a decision in this run concerns you, you may ask whoever runs this service to explain it, to correct data "
    "about you, or to have a person look at it again. Name the run and the numbers of the records."
)


def page(story: Story) -> str:
    """Return the story as an HTML page of its own: no script, nothing loaded from elsewhere."""
    summary = "".join(f"<li>{_text(each)}</li>" for each in story.summary)
    chapters = "".join(map(_article, story.chapters))
    rows = "".join(
        f"<tr><td>{each.index}</td><td><code>{each.leaf.hex()}</code></td><td>{_signed(signed=each.signed)}</td></tr>"
        for each in story.proofs
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Run {_text(story.run)}</title><style>{_STYLE}</style>"
        f'<h1>What happened in this run</h1><p class="lead">{_LEAD}<br>Run <code>{_text(story.run)}</code>'
        f"{_whose(story)}</p>"
        f'<h2>In short</h2><ul class="summary">{summary}</ul>'
        f"<h2>Step by step</h2>{chapters}"
        f"<h2>The rules in force</h2><p>{_policies(story)}</p>"
        f"<h2>Your rights</h2><p>{_RIGHTS}</p><p>{_LIMITS}</p>"
        f"<h2>Proof</h2><p>{_PROVEN}</p><table><tr><th>Record<th>Fingerprint<th>Signed{rows}</table>"
        f"<details><summary>The signed statement, and how to check it</summary><pre>{_text(story.checkpoint)}</pre>"
        f"<p>{_text(_check(story))}</p><pre>{_text(_paths(story))}</pre></details></html>\n"
    )


def text(story: Story) -> str:
    """Return the story as plain text."""
    return "\n".join(_lines(story)) + "\n"


def _article(chapter: Chapter) -> str:
    mark = f'<span class="mark {chapter.ended}">{chapter.ended}</span>' if chapter.ended else ""
    told = "".join(f"<p>{_text(each)}</p>" for each in chapter.told)
    texts = "".join(f"<details><summary>The text</summary><pre>{_text(each)}</pre></details>" for each in chapter.texts)
    return (
        f"<article><h3><span>{_text(chapter.title)}</span>{mark}</h3><time>{instant(chapter.at_us)}</time>{told}{texts}"
        f'<p class="where">{_where(chapter)}</p></article>'
    )


def _lines(story: Story) -> Iterator[str]:
    yield from ("WHAT HAPPENED IN THIS RUN", _LEAD, f"Run {story.run}{_whose(story, plain=True)}", "", "IN SHORT")
    for each in story.summary:
        yield from _wrapped(each, "  - ")
    yield from ("", "STEP BY STEP")
    for chapter in story.chapters:
        ended = f" [{chapter.ended}]" if chapter.ended else ""
        yield f"{instant(chapter.at_us)}: {chapter.title}{ended}"
        for each in chapter.told:
            yield from _wrapped(each, "    ")
        for each in chapter.texts:
            yield from textwrap.indent(each, "    | ").splitlines()
        yield from (f"    ({_where(chapter).lower()})", "")
    yield "THE RULES IN FORCE"
    yield from _wrapped(_policies(story, plain=True), "  ")
    yield from ("", "YOUR RIGHTS", *_wrapped(_RIGHTS, "  "), *_wrapped(_LIMITS, "  "), "", "PROOF")
    yield from _wrapped(_PROVEN, "  ")
    yield from (f"  {each.index}  {each.leaf.hex()}  {_signed(signed=each.signed)}" for each in story.proofs)
    yield from ("", story.checkpoint, *_wrapped(_check(story), "  "), "", _paths(story))


def _where(chapter: Chapter) -> str:
    return f"Record{'s' if len(chapter.indexes) > 1 else ''} {', '.join(map(str, chapter.indexes))}"


def _wrapped(told: str, indent: str) -> list[str]:
    return textwrap.wrap(told, _WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent))


def _signed(*, signed: bool) -> str:
    return "yes" if signed else "not yet"


def _whose(story: Story, *, plain: bool = False) -> str:
    if story.tenant is None:
        return ""
    return f" of {story.tenant}" if plain else f" of <code>{_text(story.tenant)}</code>"


def _policies(story: Story, *, plain: bool = False) -> str:
    if not story.policies:
        return "No policy is named in these records."
    shown = ", ".join(story.policies if plain else (f"<code>{_text(each)}</code>" for each in story.policies))
    return f"The configuration in force is fixed by its fingerprint: {shown}. A changed rule has another fingerprint."


def _check(story: Story) -> str:
    return (
        f"The statement is a C2SP checkpoint of the log {story.origin}, signed with Ed25519. Ask for the log's public "
        "key from somebody you trust, not from this page. Hash a record's bytes with a zero byte before them "
        "(SHA-256), combine the result with the hashes below as RFC 6962 says, and compare with the third line."
    )


def _paths(story: Story) -> str:
    lines = []
    for each in story.proofs:
        lines.append(f"record {each.index}:")
        lines += [f"  {base64.b64encode(one).decode()}" for one in each.hashes] or ["  (not signed yet)"]
    return "\n".join(lines)


def _text(said: str) -> str:
    return html.escape(said)
