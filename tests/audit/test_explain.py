"""The page for the person whom a run is about."""

from html.parser import HTMLParser
from pathlib import Path

from audit.book import Book
from audit.explain import page, text
from audit.export import Selection, select
from audit.reader import Reader
from audit.story import Story, tell
from tests.audit.runs import RUN, SIGNER, write_run


def story(path: Path) -> Story:
    with Reader.open(path) as reader:
        records = [(index, body) for index, _, body in select(reader, Selection(run=RUN))]
        return tell(reader, RUN, records, payload=lambda _: "<b>said</b>\nand more")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_stands_alone_and_nothing_of_a_record_becomes_markup(tmp_path: Path) -> None:
    written = page(story(write_run(tmp_path, said=b"x")))
    tags = Tags()
    tags.feed(written)
    names = {tag for tag, _ in tags.seen}
    assert names & {"script", "img", "link", "iframe", "a", "b"} == set()
    assert not any(name in attributes for _, attributes in tags.seen for name in ("src", "href", "onclick", "style"))
    assert "&lt;b&gt;said&lt;/b&gt;" in written
    assert "had not been offered" in written
    assert sum(tag == "article" for tag, _ in tags.seen) == 9


def test_the_text_says_the_same_within_a_line_length(tmp_path: Path) -> None:
    written = text(story(write_run(tmp_path, said=b"x")))
    assert "    | <b>said</b>\n    | and more" in written
    assert "(records 2, 3)" in written
    assert "$0.001234567" in written
    assert "YOUR RIGHTS" in written
    assert max(len(line) for line in written.splitlines()) <= 120


def test_what_is_not_signed_yet_or_belongs_to_nobody_is_told_so(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        book.append_now({"kind": "approval", "run": RUN}, tenant=None)
        told = story(tmp_path / "book.sqlite")
    assert "not yet" in page(told)
    assert "(not signed yet)" in text(told)
    assert "No policy is named" in text(told)
