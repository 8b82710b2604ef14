"""OCSF events: what the class API Activity requires is there, and each event leads back to its leaf."""

import io
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from audit.book import Book
from audit.export import Selection
from audit.merkle import leaf_hash
from audit.note import Signer
from audit.ocsf import export_ocsf
from audit.reader import Reader

SIGNER = Signer("example.com/log", b"s" * 32)

NAMED: dict[str, Any] = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
EVENT = jsonschema_rs.validator_for(
    {
        "type": "object",
        "required": [
            *("activity_id", "actor", "api", "category_uid", "class_uid", "metadata", "severity_id", "src_endpoint"),
            *("time", "type_uid"),
        ],
        "properties": {
            "activity_id": {"enum": [0, 1, 2, 3, 4, 99]},
            "actor": {"type": "object", "minProperties": 1},
            "api": {"type": "object", "required": ["operation"], "properties": {"service": NAMED}},
            "category_uid": {"const": 6},
            "class_uid": {"const": 6003},
            "metadata": {
                "type": "object",
                "required": ["product", "version"],
                "properties": {"product": NAMED, "version": {"const": "1.6.0"}, "sequence": {"type": "integer"}},
            },
            "severity_id": {"enum": [0, 1, 2, 3, 4, 5, 6, 99]},
            "src_endpoint": NAMED,
            "status_id": {"enum": [0, 1, 2, 99]},
            "time": {"type": "integer", "minimum": 1_000_000_000_000},
            "type_uid": {"type": "integer", "minimum": 600_300, "maximum": 600_399},
            "raw_data": {"type": "string"},
            "resources": {"type": "array", "items": NAMED},
        },
    }
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    records: list[dict[str, Any]] = [
        {"kind": "intent", "call": "c1", "key": "k", "model": "m", "route": "chat", "session": "s", "run": "r"},
        {"kind": "outcome", "call": "c1", "key": "k", "status": {"http": 200, "code": None}},
        {"kind": "outcome", "call": "c2", "key": "k", "status": {"http": 502, "code": "upstream_error"}},
        {
            "kind": "refusal",
            "call": "c3",
            "status": {"http": 402, "code": "budget_exceeded"},
            "reason": "spent",
        },
        {"kind": "admin", "actor": "local:0", "change": {"object": "tenant", "id": "a"}},
        {"kind": "erasure", "actor": "local:0", "reason": "request"},
    ]
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        for record in records:
            book.append_now(record, tenant="a")
    return tmp_path / "book.sqlite"


def exported(path: Path, selection: Selection) -> list[dict[str, Any]]:
    out = io.BytesIO()
    with Reader.open(path) as reader:
        assert export_ocsf(reader, out, selection) == len(out.getvalue().splitlines())
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


def test_every_record_becomes_an_event_of_the_class_that_leads_back_to_its_leaf(path: Path) -> None:
    events = exported(path, Selection())
    for each in events:
        EVENT.validate(each)
        assert leaf_hash(each["raw_data"].encode()).hex() == each["metadata"]["uid"]
        assert each["metadata"]["tenant_uid"] == "a"
    assert [each["metadata"]["sequence"] for each in events] == list(range(len(events)))


def test_what_went_wrong_is_a_failure_and_who_asked_is_the_actor(path: Path) -> None:
    sent, went, broke, refused, changed, destroyed = exported(path, Selection())
    assert (sent["actor"], sent["api"]["operation"]) == ({"user": {"uid": "k"}, "session": {"uid": "s"}}, "chat")
    assert (sent["resources"], sent["metadata"]["correlation_uid"]) == ([{"type": "model", "name": "m"}], "r")
    assert (went["status_id"], went["severity_id"]) == (1, 1)
    assert (broke["status_id"], broke["status_code"], broke["api"]["response"]["code"]) == (2, "upstream_error", 502)
    assert (refused["severity_id"], refused["api"]["response"]["message"]) == (2, "spent")
    assert (changed["activity_id"], changed["type_uid"], changed["actor"]["user"]["uid"]) == (3, 600_303, "local:0")
    assert (destroyed["activity_id"], destroyed["severity_id"]) == (4, 3)


def test_a_selection_is_exported_and_progress_told(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        for number in range(1_001):
            book.append_now({"kind": "intent", "call": f"c{number}"}, tenant="ab"[number % 2])
    told: list[int] = []
    with Reader.open(tmp_path / "book.sqlite") as reader:
        assert export_ocsf(reader, io.BytesIO(), Selection(), progress=told.append) == 1_001
    assert (told, len(exported(tmp_path / "book.sqlite", Selection(tenant="a")))) == ([1_000], 501)
