"""Claims that are no figures: each is played by tests, through the gateway where it is the gateway that must hold."""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_SECONDS_MAX = 600
_DRILLS = "tests.agents.drills.test_drills"
_PATTERNS = "tests.agents.patterns"

CLAIMS = {
    ("ReAct", "hallucinated tools and bad arguments are rejected before execution"): (
        f"{_DRILLS}.test_a_hallucinated_tool_is_refused_and_the_model_is_told_which_there_are",
        f"{_DRILLS}.test_malformed_json_from_the_model_never_reaches_a_tool",
    ),
    ("ReAct", "semantic stopping: same arguments, drifting arguments and honest polling told apart"): (
        f"{_DRILLS}.test_an_infinite_loop_is_ended_after_four_equal_calls",
        "tests.limits.test_loops.test_drifting_arguments_with_the_same_result_are_told_apart_from_searching",
        "tests.gateway.stages.test_firewall.test_the_fifth_identical_call_is_refused_and_a_polling_tool_is_not",
    ),
    ("Plan and execute", "the plan is validated against the tools; at most 3 replans"): (
        f"{_PATTERNS}.test_plan.test_a_plan_with_an_unknown_tool_is_corrected_before_anything_runs",
        f"{_PATTERNS}.test_plan.test_after_three_new_plans_it_stops_with_what_was_done",
        f"{_DRILLS}.test_a_failed_step_makes_a_plan_adapt",
    ),
    ("Reflection", "reflections are kept in episodic memory and recalled"): (
        f"{_PATTERNS}.test_reflect.test_the_next_run_starts_with_the_lesson_of_the_last",
        "tests.agents.test_memory.test_what_is_written_is_masked",
    ),
    ("Swarm", "at most 10 agents, one shared budget, a bounded bus"): (
        f"{_PATTERNS}.test_swarm.test_a_swarm_has_at_most_ten_members_each_with_its_name",
        f"{_PATTERNS}.test_swarm.test_members_share_one_budget_at_the_gateway",
        f"{_PATTERNS}.test_swarm.test_more_members_than_the_run_may_have_agents_stop_it",
        f"{_DRILLS}.test_an_overloaded_bus_refuses_instead_of_growing",
    ),
    ("Hierarchy", "nested supervisors; a child that overspends is stopped by its parent's remainder"): (
        f"{_PATTERNS}.test_hierarchy.test_a_head_asks_a_supervisor_who_asks_a_worker",
        f"{_PATTERNS}.test_hierarchy.test_a_worker_that_overspends_is_stopped_by_its_parents_remainder",
    ),
    ("all", "a vector store's time-out: keyword search; a tool's 500: tried again, then a labelled stand-in"): (
        f"{_DRILLS}.test_when_the_vector_store_times_out_keyword_search_answers_labelled",
        f"{_DRILLS}.test_a_tool_that_answers_500_is_tried_again_and_then_stood_in_for_and_labelled",
    ),
    ("all", "a jailbreak in a tool's result calls nothing that was not offered"): (
        f"{_DRILLS}.test_a_jailbreak_in_a_tool_result_cannot_call_what_was_not_offered",
    ),
    ("all", "a person after three reasoning steps where the risk is high, for every pattern"): (
        f"{_PATTERNS}.test_escalate.test_after_three_reasoning_steps_a_risky_case_goes_to_a_person",
        f"{_PATTERNS}.test_escalate.test_the_policy_holds_for_any_pattern",
    ),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One claim, the sentences of the tests that play it, and whether all of them hold."""

    pattern: str
    claim: str
    sentences: tuple[str, ...]
    holds: bool


def played() -> list[Scene]:
    """Run all tests of CLAIMS once and judge every claim. A test that did not run counts as one that failed."""
    names = [name for tests in CLAIMS.values() for name in tests]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        nodes = [_node(name) for name in names]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", *nodes]
        subprocess.run(command, cwd=_ROOT, stdout=subprocess.DEVNULL, timeout=_SECONDS_MAX, check=False)
        held = _held(report)
    return [
        Scene(pattern, claim, tuple(map(sentence, tests)), all(name in held for name in tests))
        for (pattern, claim), tests in CLAIMS.items()
    ]


def sentence(name: str) -> str:
    """Return a test's name as the sentence it is."""
    return name.rpartition(".test_")[2].replace("_", " ")


def _node(name: str) -> str:
    module, _, test = name.rpartition(".")
    return f"{module.replace('.', '/')}.py::{test}"


def _held(report: Path) -> set[str]:
    """Return the names of the tests that passed."""
    cases = ET.parse(report).iter("testcase")
    return {f"{case.get('classname')}.{case.get('name')}" for case in cases if len(case) == 0}
