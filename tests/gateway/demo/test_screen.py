import io

import pytest

from gateway.demo.screen import NO_BREAK, Screen


def test_claims_are_counted_and_shown_with_their_figure_at_the_right(screen: Screen, out: io.StringIO) -> None:
    assert screen.claim("it holds", holds=True, figure="7 of 7")
    assert not screen.claim("it does not", holds=False)
    assert (screen.claims, screen.broken) == (2, 1)
    first, second = out.getvalue().splitlines()
    assert first.startswith("   ✓ it holds  ")
    assert first.endswith("  7 of 7")
    assert second == "   ✗ it does not"


def test_the_end_tells_how_many_claims_did_not_hold(screen: Screen, out: io.StringIO) -> None:
    screen.claim("it holds", holds=True)
    screen.end(1.25)
    assert "1 of 1 claims hold, 1.2 s" in out.getvalue()
    screen.claim("it does not", holds=False)
    screen.end(1.25)
    assert "1 of 2 claims did not hold, 1.2 s" in out.getvalue()


def test_no_line_is_longer_than_the_terminal_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    out = io.StringIO()
    screen = Screen(out, colour=False)
    screen.act("An act")
    screen.say("told", " ".join([f"act{NO_BREAK}4,711"] * 20))
    screen.claim("a sentence that goes on and on " * 4, holds=True, figure="and its figure")
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 72
    assert all(line.endswith("4,711") for line in lines if "act 4" in line)


def test_colour_is_for_terminals_and_never_changes_the_words() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    for out, colour in ((plain, False), (coloured, True)):
        screen = Screen(out, colour=colour)
        screen.title("Tollhouse", "a scene")
        screen.act("An act")
        screen.claim("it holds", holds=True, figure="7")
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[" not in plain.getvalue()


def test_nothing_is_coloured_where_the_user_wants_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for wanted in (True, False):
        if not wanted:
            monkeypatch.setenv("NO_COLOR", "1")
        else:
            monkeypatch.delenv("NO_COLOR", raising=False)
        out = Terminal()
        Screen(out).act("An act")
        assert ("\x1b[" in out.getvalue()) == wanted


def test_a_terminal_without_the_marks_gets_words() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as out:
        screen = Screen(out, colour=False)
        screen.claim("it holds", holds=True)
        screen.say("text", "naïve")
        out.flush()
        assert raw.getvalue().decode("ascii").splitlines()[0] == "   ok it holds"
