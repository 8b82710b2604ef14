"""The calls of a choice pass together or not at all, and the book is told what was decided of each."""

import anyio

from gateway.call import Text, ToolCall, ToolDefinition, ToolResult
from gateway.config.rule import Rule
from gateway.errors import LoopDetected, ToolCallInvalid
from gateway.tools.check import CALLS_MAX, check
from gateway.tools.proposals import Proposal
from gateway.tools.schema import Schemas, Toolset
from gateway.tools.trail import Trail
from limits.loops import LoopPolicy

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}


def toolset() -> Toolset:
    return anyio.run(Schemas().of, [ToolDefinition("find", SCHEMA), ToolDefinition("note", None, free=True)])


def trail() -> Trail:
    return Trail(b"s" * 32, LoopPolicy())


def test_what_fits_is_authorised_and_told_without_its_arguments() -> None:
    found = check([Proposal("a", "find", '{"q":"secret"}'), Proposal("", "note", "free text")], toolset(), trail())
    assert found.refusal is None
    first, second = (checked.told() for checked in found.calls)
    assert (first["name"], first["id"], first["decision"]) == ("find", "a", "authorised")
    assert "secret" not in str(first)
    assert "id" not in second


def test_one_that_does_not_fit_withholds_the_others() -> None:
    found = check([Proposal("a", "find", '{"q":"x"}'), Proposal("b", "find", "{}")], toolset(), trail())
    assert isinstance(found.refusal, ToolCallInvalid)
    assert [(checked.decision, checked.rule) for checked in found.calls] == [("withheld", ""), ("refused", "required")]
    assert found.rule == "required"


def test_calls_without_an_id_are_not_taken_for_duplicates() -> None:
    for call_id, rule in (("", ""), ("a", "id")):
        calls = [Proposal(call_id, "find", '{"q":"x"}'), Proposal(call_id, "find", '{"q":"y"}')]
        assert check(calls, toolset(), trail()).rule == rule


def test_a_name_that_cannot_be_printed_or_is_too_long_is_not_repeated() -> None:
    for name in ("a\nb", "x" * 300):
        found = check([Proposal("a", name, "{}")], toolset(), trail())
        assert found.rule == "unknown"
        assert name not in str(found.refusal)


def test_a_loop_is_refused_with_its_figures() -> None:
    run = trail()
    for at in range(4):
        call = ToolCall(f"c{at}", "find", '{"q":"x"}')
        run.read([call], [ToolResult(call.id, (0,))], [Text(("t",), "nothing", "tool")])
    found = check([Proposal("z", "find", '{ "q": "x" }')], toolset(), run)
    assert isinstance(found.refusal, LoopDetected)
    assert (found.rule, found.refusal.limit, found.refusal.actual) == ("identical", 4, 5)


def test_too_many_calls_are_refused_unread() -> None:
    found = check([Proposal(str(at), "find", "{") for at in range(CALLS_MAX + 1)], toolset(), trail())
    assert (found.rule, found.calls) == ("calls", ())


def test_a_rule_that_does_not_hold_or_cannot_be_judged_refuses_and_says_which() -> None:
    rules = {"find": (Rule("length(q) <= 9"), Rule("q matches '^[a-z]+$'"))}
    for q, rule in (("ok", ""), ("much too long", "rules[0]"), ("NO", "rules[1]")):
        found = check([Proposal("a", "find", f'{{"q":"{q}"}}')], toolset(), trail(), rules)
        assert found.rule == rule
        assert q not in str(found.refusal)
    assert check([Proposal("a", "note", "free text")], toolset(), trail(), {"note": rules["find"]}).rule == "rules[0]"
