"""The record's schema is documented field by field, and the page says what the code says."""

from pathlib import Path

from audit.append import BookLimits
from audit.record import FIELDS, KINDS, admin, check_record, intent, outcome, refusal, repair

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()


def test_every_kind_field_and_setting_stands_on_the_page_with_the_same_words() -> None:
    for name, meaning in {**KINDS, **FIELDS}.items():
        assert f"| `{name}` | {meaning} |" in PAGE
    for name in BookLimits.__slots__:
        assert f"| `{name}` |" in PAGE


def test_the_builders_make_records_that_the_book_takes() -> None:
    built = [
        intent(call="c"),
        outcome(call="c"),
        refusal(call="c"),
        admin(actor="local:0", change={"object": "tenant"}),
        repair(reason="left open", size=3),
    ]
    for each in built:
        check_record(each)
        assert set(each) <= set(FIELDS)
