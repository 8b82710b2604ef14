"""Records as OCSF events for a SIEM: JSON lines of class API Activity (6003), Open Cybersecurity Schema Framework 1.6.

What the class has a place for is mapped; the record itself stands in `raw_data`, in its canonical bytes, and its leaf
hash in `metadata.uid`, so that an event can be held against the book. Times are milliseconds, as OCSF has them.
"""

from typing import IO, Any

import orjson

from .export import PAGE_ROWS, Progress, Selection, select
from .reader import Reader

VERSION = "1.6.0"
CLASS_UID = 6003
_CATEGORY_UID = 6  # Application Activity
_OTHER, _CREATE, _READ, _UPDATE, _DELETE = 99, 1, 2, 3, 4
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = 1, 2, 3, 4
_SUCCESS, _FAILURE = 1, 2
_ACTIVITIES = {"admin": _UPDATE, "erasure": _DELETE, "reload": _UPDATE}
_SEVERITIES = {"refusal": _LOW, "strangers": _MEDIUM, "repair": _MEDIUM, "erasure": _MEDIUM}
_HTTP_ERROR = 400


def export_ocsf(reader: Reader, out: IO[bytes], selection: Selection, *, progress: Progress | None = None) -> int:
    """Write the selected records as OCSF events, one a line; return their number."""
    count = 0
    for index, leaf, body in select(reader, selection):
        out.write(orjson.dumps(event(index, leaf, body, origin=reader.origin), option=orjson.OPT_APPEND_NEWLINE))
        count += 1
        if progress is not None and count % PAGE_ROWS == 0:
            progress(count)
    return count


def event(index: int, leaf: bytes, body: bytes, *, origin: str) -> dict[str, Any]:
    """Return a record's event."""
    record: dict[str, Any] = orjson.loads(body)
    kind, status = record["kind"], record.get("status") or {}
    activity = _ACTIVITIES.get(kind, _OTHER)
    failed = kind in ("refusal", "strangers") or (status.get("http") or 0) >= _HTTP_ERROR or bool(status.get("code"))
    who = record.get("actor") or record.get("key") or "system"
    response = {"code": status.get("http"), "error": status.get("code"), "message": record.get("reason")}
    made: dict[str, Any] = {
        "category_uid": _CATEGORY_UID,
        "class_uid": CLASS_UID,
        "activity_id": activity,
        "activity_name": kind,
        "type_uid": CLASS_UID * 100 + activity,
        "time": record["at"] // 1_000,
        "severity_id": max(_SEVERITIES.get(kind, _INFORMATIONAL), _LOW if failed else _INFORMATIONAL),
        "status_id": _FAILURE if failed else _SUCCESS,
        "status_code": status.get("code"),
        "actor": {"user": {"uid": who}, "session": _given(uid=record.get("session"))},
        "src_endpoint": {"name": who},
        "api": {
            "operation": record.get("route") or kind,
            "service": {"name": "tollhouse"},
            "request": _given(uid=record.get("call")),
            "response": _given(**response),
        },
        "resources": [
            {"type": what, "name": str(record[what])} for what in ("model", "target") if record.get(what) is not None
        ],
        "metadata": {
            "version": VERSION,
            "product": {"name": "Tollhouse", "vendor_name": "Tollhouse"},
            "uid": leaf.hex(),
            "sequence": index,
            "log_name": origin,
            "event_code": kind,
            "tenant_uid": record.get("tenant"),
            "correlation_uid": record.get("run") or record.get("call"),
        },
        "raw_data": body.decode(),
    }
    return _given(**{name: _given(**value) if isinstance(value, dict) else value for name, value in made.items()})


def _given(**members: Any) -> dict[str, Any]:
    """Return the members that have a value: OCSF leaves out what is not known."""
    return {name: value for name, value in members.items() if value not in (None, {}, [])}
