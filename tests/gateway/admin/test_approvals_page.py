"""The pages of approvals: whatever is shown is text."""

from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.approvals_page import entrance, listing, question

NAMES = ("id", "status", "tenant", "key", "run", "tool", "tool_call_id", "arguments", "arguments_key", "policy", "rule")
TAGS = {
    "html",
    "meta",
    "title",
    "style",
    "h1",
    "h2",
    "p",
    "small",
    "form",
    "input",
    "button",
    "table",
    "tr",
    "th",
    "td",
}
TAGS |= {"code", "pre", "a", "label", "br", "textarea", "div"}


class Seen(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def shown(text: str, **more: Any) -> dict[str, Any]:
    times = {"created_at": 0, "expires_at": 3_600, "approvers": 2, "approved_by": [text], "edited": text}
    return {**dict.fromkeys(NAMES, text), **times, "decided_by": None, **more}


@given(st.text(st.sampled_from("<>&\"'/ =ab:\n;{}[]"), max_size=60) | st.just("</pre><script>x</script>"))
def test_no_text_becomes_a_tag_or_an_attribute(text: str) -> None:
    for page in (
        entrance(text),
        listing([shown(text)], text, text, every=True, said=text),
        question(shown(text, status="pending"), text, text, decides=True, said=text),
        question(shown(text), text, text, decides=False),
    ):
        seen = Seen()
        seen.feed(page)
        assert seen.tags <= TAGS
        assert not {name for name in seen.attributes if name.startswith("on") or name in ("src", "style")}


def test_arguments_are_shown_in_lines_if_they_are_json() -> None:
    page = question(shown("x", arguments='{"amount":5,"to":"ü"}'), "boss", "w", decides=True)
    assert "&quot;amount&quot;: 5,\n  &quot;to&quot;: &quot;ü&quot;" in page
    assert "1970-01-01 01:00:00 UTC" in page
