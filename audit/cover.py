"""The page that goes with a bundle: what it holds, what it proves, and how anyone checks that without us."""

import html
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from .export import Selection
from .verdict import Verdict
from .wording import instant

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5a6575;--line:#d9dee6;--paper:#fff;--wash:#f5f7fa}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a3adbb;--line:#3a4453;--paper:#161b22;--wash:#1f2630}}
body{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:48rem;margin:0 auto;
padding:2.5rem 1.25rem 4rem}h1{font-size:1.8rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
p.lead{color:var(--soft)}code,pre{font:13.5px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--wash);padding:.8rem 1rem;border-radius:8px;white-space:pre-wrap}
td,th{text-align:left;padding:.25rem 1.2rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
"""
_CHECKS = (
    "The signature: the statement below is a C2SP signed note; golang.org/x/mod/sumdb/note and other tools verify it.",
    "Each record: SHA-256 of a zero byte and its text is its leaf hash; RFC 6962 leads from it to the signed root.",
    "A tenant's whole bundle: the numbers tseq run from 1 without a gap to the one in the tenant's signed head.",
)


def cover(bundle: Path, verdict: Verdict, selection: Selection, checkpoint: str, vkey: str) -> str:
    """Return the page of a bundle that was just verified."""
    rows = [
        ("file", bundle.name),
        ("SHA-256 of the file", _digest(bundle)),
        ("log", verdict.origin),
        ("records", f"{verdict.size:,}, each with its proof"),
        ("log as of", f"{verdict.signed_size:,} records"),
        ("chosen by", _chosen(selection)),
        ("tenants", ", ".join(f"{name} ({count:,})" for name, count in verdict.tenants.items()) or "none"),
        ("log's public key", vkey),
    ]
    told = "".join(f"<tr><th>{head}<td><code>{html.escape(said)}</code>" for head, said in rows)
    sentences = "".join(f"<p>{html.escape(each)}</p>" for each in verdict.sentences())
    checks = "".join(f"<li>{html.escape(each)}</li>" for each in _CHECKS)
    command = f"tollhouse audit verify --bundle {bundle.name} --public-key KEY"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Bundle of {html.escape(verdict.origin)}</title><style>{_STYLE}</style>"
        "<h1>Records, and their proof</h1>"
        '<p class="lead">Part of an audit log that cannot be changed unnoticed, handed over with all that is needed to '
        f"check it.</p><table>{told}</table><h2>Result when it was written</h2>{sentences}"
        "<h2>Check it yourself, offline</h2>"
        "<p>Take the log's public key from somebody you trust, not from this page.</p>"
        f"<pre>{html.escape(command)}</pre><p>Or without our program:</p><ol>{checks}</ol>"
        f"<h2>The signed statement</h2><pre>{html.escape(checkpoint)}</pre><p>It does not show what was never written, "
        "nor, without an anchor kept elsewhere, what the owner of the signing key may have rewritten.</p></html>\n"
    )


def _digest(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def _chosen(selection: Selection) -> str:
    said = {name: value for name, value in asdict(selection).items() if value is not None}
    for name in ("from_us", "until_us"):
        if name in said:
            said[name] = instant(said[name])
    return ", ".join(f"{name.removesuffix('_us')} {value}" for name, value in said.items()) or "nothing: all records"
