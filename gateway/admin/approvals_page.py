"""The pages of approvals: plain HTML without scripts, everything that anybody said escaped."""

import base64
import datetime as dt
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h1{font-size:1.5rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem 1rem .4rem 0;"
    "vertical-align:top;border-top:1px solid #ddd}th{font-weight:600;white-space:nowrap}"
    "code,pre,textarea{font:14px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}"
    "pre,textarea{background:#f4f4f4;padding:.6rem;white-space:pre-wrap;border:0;width:100%;box-sizing:border-box}"
    "button{font:inherit;padding:.3rem 1.2rem;margin:.4rem .6rem .4rem 0;border:1px solid #888;border-radius:4px}"
    ".yes{background:#1a6b34;color:#fff}.no{background:#a12020;color:#fff}"
    ".said{border-left:4px solid #c60;padding:0 .8rem}small{color:#555}form{display:inline}"
    "input{font:inherit;padding:.3rem;width:30rem;max-width:100%}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_REFRESH_S = 15
_SHOWN = (
    *(
        ("status", "status"),
        ("tool", "tool"),
        ("rule", "why it is asked"),
        ("tenant", "tenant"),
        ("key", "asked by key"),
    ),
    *(("run", "run"), ("tool_call_id", "tool call"), ("policy", "policy"), ("arguments_key", "hash of the arguments")),
    *(("edited", "hash as edited"), ("decided_by", "decided by")),
)
Shown = Mapping[str, Any]


def entrance(said: str = "") -> str:
    """Return the page that asks for a key."""
    return _page(
        "Approvals",
        _said(said),
        '<form method=post action="/ui/enter"><p><label>Key of an approver, or of an administrator, who only looks<br>'
        "<input name=key type=password autocomplete=off required autofocus></label></p>"
        "<p><button>Enter</button></p></form>"
        "<p><small>Over plain HTTP a browser stays in only on the gateway's own machine; elsewhere use TLS.</small>",
    )


def listing(shown: Sequence[Shown], who: str, word: str, *, every: bool, said: str = "") -> str:
    """Return the page of the questions: the open ones, or all that are kept."""
    rows = "".join(
        f'<tr><td><a href="/ui/approvals/{_text(each["id"])}">{_text(each["tool"])}</a></td>'
        f"<td>{_text(each['status'])}<br><small>{_agreed(each)}</small></td>"
        f"<td>{_text(each['rule'])}</td><td>{_text(each['tenant'])}</td>"
        f"<td>{_instant(each['expires_at'])}</td><td><code>{_text(each['arguments'][:120])}</code></td></tr>"
        for each in shown
    )
    head = "".join(f"<th>{name}</th>" for name in ("tool", "status", "why", "tenant", "expires", "arguments, masked"))
    table = f"<table><tr>{head}</tr>{rows}</table>" if rows else "<p>Nothing waits for an answer.</p>"
    other = (
        '<a href="/ui/approvals">only open ones</a>' if every else '<a href="/ui/approvals?all=1">decided ones too</a>'
    )
    return _page("Approvals", _who(who, word), _said(said), table, f"<p>{other}</p>", refresh=True)


def question(shown: Shown, who: str, word: str, *, decides: bool, said: str = "") -> str:
    """Return the page of one question, with its forms if this visitor may decide and nobody has."""
    rows = "".join(
        f"<tr><th>{label}</th><td><code>{_text(shown[name])}</code></td></tr>" for name, label in _SHOWN if shown[name]
    )
    if agreed := _agreed(shown):
        rows += f"<tr><th>four eyes</th><td>{agreed}</td></tr>"
    rows += f"<tr><th>asked, expires</th><td>{_instant(shown['created_at'])}, {_instant(shown['expires_at'])}</td></tr>"
    parts = [_who(who, word), _said(said), f"<table>{rows}</table>"]
    parts.append(f"<h2>Arguments, masked</h2><pre>{_text(_pretty(shown['arguments']))}</pre>")
    if shown["status"] == "pending" and decides:
        parts.append(_forms(shown, word))
    elif shown["status"] == "pending":
        parts.append("<p>A key of role approver decides this.</p>")
    parts.append('<p><a href="/ui/approvals">all open questions</a></p>')
    return _page(f"Approval {shown['id']}", *parts)


def hash_of(shown: Shown) -> str:
    """Return the hash of the arguments that a question is about now."""
    return str(shown["edited"] or shown["arguments_key"])


def _forms(shown: Shown, word: str) -> str:
    hidden = "".join(
        f'<input type=hidden name={name} value="{_text(value)}">'
        for name, value in (("word", word), ("hash", hash_of(shown)))
    )
    begin = f'<form method=post action="/ui/approvals/{_text(shown["id"])}">{hidden}'
    return (
        f"{begin}<p><label>Change arguments before you say yes: a JSON merge patch such as "
        "<code>{&quot;amount&quot;: 50}</code>; empty leaves them as they are<br>"
        "<textarea name=edit rows=3></textarea></label></p>"
        "<button class=yes name=answer value=approve>Approve</button></form>"
        f"{begin}<button class=no name=answer value=deny>Deny</button></form>"
    )


def _who(who: str, word: str) -> str:
    return (
        f'<div><small>key {_text(who)}</small> <form method=post action="/ui/leave"><input type=hidden name=word '
        f'value="{_text(word)}"><button>Leave</button></form></div>'
    )


def _agreed(shown: Shown) -> str:
    if shown["approvers"] == 1 or shown["status"] != "pending":
        return ""
    agree = [_text(key) for key in shown["approved_by"]]
    return f"{len(agree)} of {shown['approvers']} agree{': ' if agree else ''}{', '.join(agree)}"


def _pretty(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments), indent=2, ensure_ascii=False)
    except ValueError:
        return arguments


def _said(said: str) -> str:
    return f"<p class=said role=alert>{_text(said)}</p>" if said else ""


def _instant(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _page(title: str, *parts: str, refresh: bool = False) -> str:
    again = f"<meta http-equiv=refresh content={_REFRESH_S}>" if refresh else ""
    return (
        f'<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">{again}'
        f"<title>{_text(title)} · Tollhouse</title><style>{_STYLE}</style><h1>{_text(title)}</h1>{''.join(parts)}"
    )


def _text(text: object) -> str:
    return html.escape(str(text))
