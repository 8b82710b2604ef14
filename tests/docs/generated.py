"""The parts of pages that are made from the code; `python -m tests.docs.generated` writes them anew.

A generated part stands between `<!-- NAME: made from PLACE -->` and `<!-- end of NAME -->`; the sections on stages are
counted. What a person wrote into the last column of the table of errors stays.
"""

import itertools
import re
from pathlib import Path

from gateway import life
from gateway.errors import TABLE, Ending, Failure
from gateway.guards.kinds import RULES
from gateway.guards.kinds.national_digits import NUMBERINGS
from gateway.guards.kinds.tokens import TOKENS
from gateway.guards.policy import KINDS
from gateway.stage import AttemptStage, CallStage
from gateway.vendor_routes import ROUTES, VendorRoute
from tests.clients.table import CLIENTS

ROOT = Path(__file__).parents[2]
LIFE_PAGES = ("README.md",)
ERRORS_PAGE = "docs/errors.md"
STAGES_PAGE = "docs/life.md"
ROUTES_PAGE = "docs/routes.md"
CLIENTS_PAGE = "docs/clients.md"
GUARDS_PAGE = "docs/guards.md"
_METHODS = ("admit", "inspect", "settle")
_LEFT_CHARS = 87
_COMMENT = re.compile(r"^    (\w+),  # (.+)$", re.MULTILINE)


def _what_each_does() -> dict[str, str]:
    """Return the comment beside each stage in `gateway/life.py`."""
    return dict(_COMMENT.findall((ROOT / "gateway/life.py").read_text()))


def _line(left: str, marks: tuple[str, str, str]) -> str:
    return f"{left:<{_LEFT_CHARS}}{marks[0]:>5}{marks[1]:>9}{marks[2]:>8}".rstrip()


def _stage_line(stage: type, base: type, does: str) -> str:
    own = ["x" if getattr(stage, name) is not getattr(base, name) else "" for name in _METHODS]
    # Record has an `admit` that takes nothing: being there is what makes it settle.
    return _line(f"  {stage.__name__:<13} {does}", (own[0], own[1], own[2]))


def diagram() -> str:
    """Return the diagram of a call's life."""
    does = _what_each_does()
    lines = [
        _line("request", ("admit", "inspect", "settle")),
        _line("   |      CALL: once a call", ("down", "up", "up")),
        *(_stage_line(stage, CallStage, does[stage.__name__]) for stage in life.CALL),
        "   |      ATTEMPT: once for each billable send",
        *(_stage_line(stage, AttemptStage, does[stage.__name__]) for stage in life.ATTEMPT),
        "   v",
        "upstream",
    ]
    return "\n".join(["```text", *lines, "```"])


def rows() -> list[tuple[str, str, str]]:
    """Return for each error its name in the table, its columns, and its type's name."""
    return [(_name(ending), _columns(ending), ending.__name__) for ending in TABLE]


def _name(ending: type[Ending]) -> str:
    same = [other for other in TABLE if other.code == ending.code]
    return f"`{ending.code}`" + (" (the request)" if ending is not same[0] else "")


def _columns(ending: type[Ending]) -> str:
    what = "failure" if issubclass(ending, Failure) else "refusal"
    meaning = (ending.__doc__ or "").splitlines()[0]
    return f"{ending.status} | {_name(ending)} | {what} | {'yes' if ending.retry else 'no'} | {meaning}"


def advice_on(page: str) -> dict[str, str]:
    """Return what a person wrote into the last column, by the error's name."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 6 and cells[0].isdigit():
            found[cells[1]] = cells[5].removesuffix(" |")
    return found


def errors_table(advice: dict[str, str]) -> str:
    """Return the table of errors; a row without advice has an empty last column."""
    head = ["| status | code | kind | repeat | meaning | what to do |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *(f"| {columns} | {advice.get(name, '')} |" for name, columns, _ in rows())])


def clients_table() -> str:
    """Return the table of the clients that are tested."""
    head = ["| client | version | API | unknown model | budget used up |", "|---|---|---|---|---|"]
    return "\n".join(
        [
            *head,
            *(
                f"| {client.name} | {client.version()} | `{client.api}` | `{client.missing}` | `{client.stopped}` |"
                for client in CLIENTS
            ),
        ]
    )


def filled(page: str, name: str, text: str) -> str:
    """Return a page with its part `name` replaced; LookupError if it has none."""
    part = re.compile(rf"(<!-- {name}: [^>]*-->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not part.search(page):
        raise LookupError(f"no part named {name}")
    return part.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


def routes_table() -> str:
    """Return the table of the vendors' routes."""
    head = ["| route | methods | what becomes of it | |", "|---|---|---|---|"]
    return "\n".join(
        [
            *head,
            *(f"| `/v1{route.path}` | {_methods(route)} | {route.how} | {route.why} |" for route in ROUTES),
        ]
    )


def kinds_table() -> str:
    """Return the table of kinds, their rules and the rules' sources; tokens have a table of their own."""
    named = {f"secret.{name}" for name, _, _ in TOKENS}
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for numbering in NUMBERINGS:
        found[numbering.kind].append(f"`{numbering.rule}` {numbering.source}")
    for rule in RULES:
        if len(rule.kinds) == 1 and rule.name not in named:
            (kind,) = rule.kinds
            found[kind].append(f"`{rule.name.removeprefix(kind + '.')}` {rule.source}")
    found["card"].append("`card` ISO/IEC 7812-1 (Luhn)")
    found["ssn"].append("`ssn` SSA, POMS RM 10201")
    found["phone"].append("`phone` ITU-T E.164, libphonenumber's plans")
    lines = [f"| `{kind}` | {'; '.join(rules)} |" for kind, rules in found.items() if rules]
    return "\n".join(["| kind | rules and their sources |", "|---|---|", *lines])


def tokens_table() -> str:
    """Return the table of token formats."""
    lines = [f"| `secret.{name}` | {source} |" for name, _, source in TOKENS]
    return "\n".join([f"{len(TOKENS)} formats.", "", "| rule | the issuer's document |", "|---|---|", *lines])


def _methods(route: VendorRoute) -> str:
    return "any" if len(route.methods) > 4 else ", ".join(route.methods)


def pages() -> dict[str, str]:
    """Return every page that has a generated part, as it should be."""
    made = {name: filled((ROOT / name).read_text(), "life", diagram()) for name in LIFE_PAGES}
    errors = (ROOT / ERRORS_PAGE).read_text()
    made[ERRORS_PAGE] = filled(errors, "errors", errors_table(advice_on(errors)))
    made[CLIENTS_PAGE] = filled((ROOT / CLIENTS_PAGE).read_text(), "clients", clients_table())
    made[ROUTES_PAGE] = filled((ROOT / ROUTES_PAGE).read_text(), "routes", routes_table())
    guards = filled((ROOT / GUARDS_PAGE).read_text(), "kinds", kinds_table())
    made[GUARDS_PAGE] = filled(guards, "tokens", tokens_table())
    made[STAGES_PAGE] = numbered((ROOT / STAGES_PAGE).read_text())
    return made


def numbered(page: str) -> str:
    """Return the page of stages with its sections counted anew."""
    count = itertools.count(1)
    return re.sub(r"^### \d+\.", lambda _: f"### {next(count)}.", page, flags=re.MULTILINE)


if __name__ == "__main__":
    for name, text in pages().items():
        (ROOT / name).write_text(text)
