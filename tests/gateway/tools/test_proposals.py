"""Held calls: what carries them is released in an order that any client reads, and not before their choice ends."""

from gateway.call import Event, Part
from gateway.tools.proposals import Held, Proposal, of_whole


def part(
    lane: str, *, call_id: str | None = None, name: str | None = None, text: str = "", clear: str | None = None
) -> Part:
    made = Part("arguments", int(lane[0]), lane, {"arguments": text}, "arguments")
    made.call_id, made.name, made.clear = call_id, name, clear
    return made


def test_openings_come_before_arguments_whenever_they_came() -> None:
    held = Held()
    arguments, opening = Event({}, [part("0t0", clear="{}")]), Event({}, [part("0t0", call_id="a", name="find")])
    held.take(arguments)
    held.take(opening)
    assert held.calls == {"0t0": Proposal("a", "find", "{}")}
    assert list(held.released()) == [opening, arguments]
    assert opening.terminal
    assert arguments.terminal


def test_arguments_that_nobody_opened_have_no_name() -> None:
    held = Held()
    held.take(Event({}, [part("0t7", clear="{}")]))
    assert held.calls == {"0t7": Proposal("", "", "{}")}


def test_a_plain_replys_calls_are_found_by_choice() -> None:
    text = Part("text", 0, "0", {}, "c")
    parts = [part("0t0", call_id="a", name="f", text="{}"), part("1t0", text="x", clear="y"), text]
    assert of_whole(Event({}, parts, whole=True)) == {0: [Proposal("a", "f", "{}")], 1: [Proposal("", "", "y")]}
