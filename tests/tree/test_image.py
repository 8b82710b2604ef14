"""The image, as far as it can be checked where no container engine runs: by what its Dockerfile says."""

import fnmatch
import re
import shlex

import pytest
import yaml

from gateway.config import load
from tests.tree.source import PACKAGES, ROOT

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def stages() -> list[list[Instruction]]:
    """Each build stage as its instructions, continued lines joined."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    kept = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: list[list[Instruction]] = []
    for line in kept:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest.strip()))
    return found


def _values(stage: list[Instruction], word: str) -> list[str]:
    return [rest for instruction, rest in stage if instruction == word]


def _copied(stage: list[Instruction]) -> list[str]:
    """Name what a stage copies out of the tree (not out of another stage)."""
    return [path for rest in _values(stage, "COPY") if "--from" not in rest for path in shlex.split(rest)[:-1]]


def test_everything_that_is_copied_exists_and_is_let_through(stages: list[list[Instruction]]) -> None:
    copied = {path for stage in stages for path in _copied(stage)}
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(PACKAGES) <= copied
    assert not [path for path in copied if not (ROOT / path).exists()]
    assert copied == let_through


def test_the_context_leaves_out_what_nobody_listed() -> None:
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] not in "#!"]
    assert any(fnmatch.fnmatch("tollhouse-data", pattern) for pattern in patterns)


def test_every_stage_starts_from_the_same_small_python(stages: list[list[Instruction]]) -> None:
    bases = {_values(stage, "FROM")[0].partition(" ")[0] for stage in stages}
    assert bases == {"python:3.11-slim"}


def test_every_installation_is_hashed_or_local(stages: list[list[Instruction]]) -> None:
    commands = [part for stage in stages for rest in _values(stage, "RUN") for part in rest.split("&&")]
    installations = [part for part in commands if "pip install" in part]
    assert installations
    assert all("--require-hashes" in part or "--no-index" in part for part in installations)


def test_the_process_is_nobody(stages: list[list[Instruction]]) -> None:
    (user,) = _values(stages[-1], "USER")
    assert int(user.partition(":")[0]) > 0
    words = [word for word, _ in stages[-1]]
    assert words.index("USER") < words.index("ENTRYPOINT")


def test_the_image_tells_its_port_its_health_and_its_volume(stages: list[list[Instruction]]) -> None:
    last = stages[-1]
    assert _values(last, "EXPOSE") == ["4000"]
    assert _values(last, "VOLUME") == ["/data"]
    (health,) = _values(last, "HEALTHCHECK")
    (program,) = re.findall(r'"(import urllib[^"]*)"', health)
    compile(program, "healthcheck", "exec")
    assert "http://127.0.0.1:4000/livez" in program


def test_compose_publishes_on_loopback_only_and_gives_nothing_away() -> None:
    (service,) = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"].values()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_the_container_s_configuration_is_valid_and_keeps_everything_in_the_volume() -> None:
    config = load(ROOT / "deploy" / "tollhouse.yaml", secrets=False)
    assert config.listen.port == 4000
    assert config.folder.is_relative_to("/data")
    assert config.master_key_path.is_relative_to("/data")
