"""Evidence: figures of a period, requirement by requirement."""

from pathlib import Path

from audit.evidence import EXAMPLES_MAX, REQUIREMENTS, Tally, tally
from audit.reader import Reader
from tests.audit.runs import write_run


def of_run(folder: Path) -> Tally:
    with Reader.open(write_run(folder, said=b"x")) as reader:
        return tally(reader.records())


def test_what_happened_is_counted_by_what_it_was(tmp_path: Path) -> None:
    found = of_run(tmp_path)
    assert (found.records, found.nano_usd, found.payloads) == (11, 1_234_567, 2)
    assert found.codes == {"tool_call_invalid": 1, "strange": 1}
    assert found.tools["wire: withheld"] == found.tools["wire: refused"] == 1
    assert found.changes == {"run": 2, "cap": 2}
    assert found.examples["code strange"] == [5]
    assert found.last_us - found.first_us == 10_000_000


def test_every_requirement_has_figures_also_of_a_period_in_which_nothing_happened(tmp_path: Path) -> None:
    assert {each.text for each in REQUIREMENTS} == {"SOC 2", "GDPR", "EU AI Act"}
    for found in (Tally(), of_run(tmp_path)):
        for each in REQUIREMENTS:
            assert each.figures(found), each.name
            assert each.query.startswith("tollhouse audit ")


def test_strangers_erasures_and_refused_rights_are_told() -> None:
    found = Tally()
    found.take(0, {"at": 1, "kind": "strangers", "counts": {"invalid_api_key": 7}})
    found.take(1, {"at": 2, "kind": "erasure", "reason": "request", "actor": "k9"})
    for index in range(9):
        found.take(index, {"at": 3, "kind": "refusal", "status": {"code": "model_not_allowed"}})
    found.take(9, {"at": 4, "kind": "outcome", "tool": {"name": "look"}})
    assert found.tools == {"look: run": 1}
    access = REQUIREMENTS[0].figures(found)
    assert access[:2] == ["model_not_allowed (9)", "7 callers without a valid key, counted by the minute"]
    assert any("request (1)" in each.figures(found) for each in REQUIREMENTS)
    assert len(found.examples["code model_not_allowed"]) == EXAMPLES_MAX
