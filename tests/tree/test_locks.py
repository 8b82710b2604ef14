"""What is installed: locked, hashed, no name that shadows ours, and from wherever the machine gets its packages."""

import importlib.metadata
import json
import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tree.source import PACKAGES, ROOT, files

LOCKS = ("requirements.lock", "requirements-dev.lock")
OTHERS = tuple(name for name in files() if name.endswith("/requirements.lock"))
# In pieces, so that this file does not hold what it forbids.
REGISTRIES = [
    ".".join(labels)
    for labels in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("deb", "debian", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("repo", "maven", "apache", "org"),
    )
]


def _pinned(lock: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("lock", [*LOCKS, *OTHERS])
def test_every_locked_package_has_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert lock in OTHERS or len(entries) == len(_pinned(lock))  # others may have one version for each Python
    assert not [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("lock", [name for name in files() if name.endswith("package-lock.json")])
def test_every_locked_package_of_node_has_a_hash_and_no_address(lock: str) -> None:
    packages = {name: entry for name, entry in json.loads((ROOT / lock).read_text())["packages"].items() if name}
    assert packages
    assert not [name for name, entry in packages.items() if "integrity" not in entry or "resolved" in entry]


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_satisfy_the_project(lock: str) -> None:
    project = _project()
    wanted = project["project"]["dependencies"]
    if lock == "requirements-dev.lock":
        wanted = wanted + project["dependency-groups"]["dev"]
    pinned = _pinned(lock)
    requirements = [Requirement(line) for line in wanted]
    unmet = [
        str(want) for want in requirements if not want.specifier.contains(pinned.get(canonicalize_name(want.name), "0"))
    ]
    assert not unmet, "run make lock"


def test_both_locks_pin_the_same_versions() -> None:
    runtime, dev = (_pinned(lock) for lock in LOCKS)
    assert runtime.items() <= dev.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_no_locked_package_is_called_like_one_of_ours(lock: str) -> None:
    assert not set(PACKAGES) & _pinned(lock).keys()


def test_no_installed_package_brings_a_module_called_like_one_of_ours() -> None:
    owners = importlib.metadata.packages_distributions()
    assert {package: set(owners.get(package, [])) - {"tollhouse"} for package in PACKAGES} == {
        package: set() for package in PACKAGES
    }


def test_no_file_names_a_package_registry() -> None:
    """Everyone's machine knows where it gets its packages; a host in the tree would overrule that."""
    found = {
        f"{name}: {host}" for name in files() for host in REGISTRIES if host.encode() in (ROOT / name).read_bytes()
    }
    assert not found


def test_warnings_are_errors() -> None:
    """An ignored warning is a line in this list, with its reason beside it in pyproject.toml."""
    assert _project()["tool"]["pytest"]["ini_options"]["filterwarnings"] == ["error"]
