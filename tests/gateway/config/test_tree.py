"""The whole tree: what one part names, another part has; what is not for production is said."""

from pathlib import Path

import pytest

from gateway.config import ConfigError, load, warnings

UPSTREAM = "upstreams: [{name: u, kind: openai_compatible, base_url: https://x}]\n"
MODEL = UPSTREAM + "models: [{name: m, targets: [{upstream: u, model: m}]%s}]\n"
HASH = "a" * 64


def complaints(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    return caught.value.complaints


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "models: [{name: m, targets: [{upstream: x, model: m}]}]",
            "models[0].targets[0].upstream: no upstream named 'x'",
        ),
        (MODEL % ", fallbacks: [n]", "models[0].fallbacks[0]: no model named 'n'"),
        (MODEL % ", fallbacks: [m]", "models[0].fallbacks[0]: a model cannot be its own fallback"),
        (MODEL % "" + "profiles: [{name: p, models: [n]}]", "profiles[0].models[0]: no model named 'n'"),
        (UPSTREAM.replace("]", ", {name: u, kind: openai}]"), "upstreams[1].name: 'u' is there twice"),
        ("profiles: [{name: p}, {name: p}]", "profiles[1].name: 'p' is there twice"),
        (
            f"tenants: [{{name: a, keys: [{{name: k, sha256: {HASH}, profile: p}}]}}]",
            "tenants[0].keys[0].profile: no profile named 'p'",
        ),
        (
            f"tenants: [{{name: a, keys: [{{name: k, sha256: {HASH}, models: [m]}}]}}]",
            "tenants[0].keys[0].models: no model named 'm'",
        ),
        (
            f"tenants: [{{name: a, keys: [{{name: k, sha256: {HASH}}}, {{name: l, sha256: {HASH}}}]}}]",
            "tenants[0].keys[1].sha256: another key has the same hash",
        ),
        ("admin: {port: 4000}", "admin.port: this is the clients' own port; leave `admin` out to share it"),
    ],
)
def test_what_one_part_names_another_part_has(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in complaints(tmp_path, text)


def test_the_folder_stands_beside_the_file_and_the_master_key_outside_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("folder: ./house")
    config = load(path)
    assert config.folder == tmp_path / "house"
    assert config.admin_socket == tmp_path / "house" / "admin.sock"
    assert config.master_key_path == tmp_path / "house.master.key"


def test_an_empty_file_is_a_configuration_with_the_built_in_profiles(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("")
    assert [profile.name for profile in load(path).profiles] == ["default", "support", "research"]


def test_what_is_not_for_production_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(MODEL % "" + "listen: {host: 0.0.0.0}\nadmin: {host: localhost}\n")
    said = "\n".join(warnings(load(path)))
    for place in ("master_key:", "listen.host:", "models[0]:"):
        assert place in said
    assert "admin.host" not in said
    path.write_text("listen: {host: some.name}")
    assert [each.partition(":")[0] for each in warnings(load(path))] == [
        "master_key",
        "anchors",
        "listen.host",
        "models",
    ]
