"""What the pages say is what the code does: generated parts, stages, errors, links."""

import re
from pathlib import Path

import pytest

from gateway import life
from gateway.config.load import parse
from gateway.config.values import Reading
from gateway.errors import TABLE
from gateway.stage import AttemptStage, CallStage
from tests.docs import generated
from tests.docs.generated import ROOT
from tests.gateway.live import live

CODES = {ending.code for ending in TABLE}
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if path.name != "CHANGELOG.md"
)
STAGES = (*life.CALL, *life.ATTEMPT)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
_PATH = re.compile(r"`((?:gateway|limits|audit|agents|docs|tests)/[\w./]+|\.importlinter)`")


def section(stage: type) -> str:
    """Return what `docs/life.md` says of a stage."""
    page = (ROOT / "docs/life.md").read_text()
    found = re.search(rf"^### \d+\. {stage.__name__}\n(.*?)(?=^#|\Z)", page, re.DOTALL | re.MULTILINE)
    assert found, f"docs/life.md has no section on {stage.__name__}"
    return found[1]


def said(stage: type, word: str) -> str:
    """Return the sentence of a section that begins with a word."""
    found = re.search(rf"- \*\*{word}\*\*(.*?)(?=\n- \*\*|\Z)", section(stage), re.DOTALL)
    assert found, f"{stage.__name__} does not say what it {word.lower()}"
    return found[1].strip()


@pytest.mark.parametrize(
    "name",
    [
        *generated.LIFE_PAGES,
        *(generated.ERRORS_PAGE, generated.STAGES_PAGE, generated.CLIENTS_PAGE, generated.GUARDS_PAGE),
    ],
)
def test_a_generated_part_is_what_the_code_says(name: str) -> None:
    assert (ROOT / name).read_text() == generated.pages()[name], "write it anew: python -m tests.docs.generated"


def test_the_guards_page_has_at_least_sixty_token_formats_each_with_its_issuers_document() -> None:
    page = (ROOT / generated.GUARDS_PAGE).read_text()
    formats = re.findall(r"^\| `secret\.(\w+)` \| (\S.+) \|$", page, re.MULTILINE)
    assert len(dict(formats)) == len(formats) >= 60
    assert all(len(source) > 5 for _, source in formats)


def test_every_error_has_advice() -> None:
    advice = generated.advice_on((ROOT / generated.ERRORS_PAGE).read_text())
    names = [name for name, _, _ in generated.rows()]
    assert len(set(names)) == len(names)
    assert [name for name in names if not advice.get(name)] == []


def test_a_part_that_a_page_does_not_have_is_not_written() -> None:
    with pytest.raises(LookupError):
        generated.filled("no part here", "life", "text")


def test_the_page_of_stages_has_them_all_in_their_order() -> None:
    page = (ROOT / "docs/life.md").read_text()
    heads = re.findall(r"^### (\d+)\. (\w+)$", page, re.MULTILINE)
    assert heads == [(str(number), stage.__name__) for number, stage in enumerate(STAGES, 1)]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_said_to_inspect_and_settle_exactly_if_it_does(stage: type) -> None:
    base = CallStage if issubclass(stage, CallStage) else AttemptStage
    assert said(stage, "Admits")
    for method, word in (("inspect", "Inspects"), ("settle", "Settles")):
        does = getattr(stage, method) is not getattr(base, method)
        assert (said(stage, word) != "nothing.") == does, f"{stage.__name__}.{method}"


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_said_to_end_calls_with_codes_that_exist(stage: type) -> None:
    codes = {code for code in re.findall(r"`([a-z_]+)`", said(stage, "Ends with")) if "." not in code}
    assert codes or said(stage, "Ends with") == "nothing of its own."
    assert codes <= CODES


@pytest.mark.parametrize("name", PAGES)
def test_links_and_paths_on_a_page_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text()
    folder = (ROOT / name).parent
    broken = [link for link in _LINK.findall(text) if not (folder / link).exists()]
    missing = [path for path in _PATH.findall(text) if not _exists(path)]
    assert broken + missing == []


def test_settings_that_the_readme_shows_are_settings(tmp_path: Path) -> None:
    shown = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert shown
    for text in shown:
        assert parse(text, Reading(tmp_path, {})).anchors


async def test_every_route_that_is_served_is_in_the_readme(tmp_path: Path) -> None:
    served = (ROOT / "README.md").read_text().partition("\nServed: ")[2].partition("\n\n")[0]
    async with live(tmp_path) as gate:
        assert [path for path in gate.app.routes._dialects if f"`{path}`" not in served] == []
        for path in ("/livez", "/readyz", "/metrics", "/docs", "/v1/models"):
            assert f"`{path}`" in served
            assert (await gate.http.get(path)).status_code == 200, path


def _exists(path: str) -> bool:
    return (ROOT / path).exists() or (ROOT / Path(f"{path}.py")).exists()
