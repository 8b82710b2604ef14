"""Loading: YAML without surprises, and one sentence for each thing that is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config, ConfigError, load, parse
from gateway.config.load import FILE_BYTES_MAX
from gateway.config.values import Reading

READING = Reading(Path("/nowhere"), {})


def complaints(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, READING)
    return caught.value.complaints


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lisen: {}", "lisen: there is no such setting"),
        ("listen: {port: 99999}", "listen.port: input should be less than or equal to 65535"),
        ("upstreams: [{name: a}]", "upstreams[0].kind: is missing"),
        ("upstreams: [{name: a, kind: openai, api_key: sk-1}]", "upstreams[0].api_key: name the secret's place as"),
        (
            "upstreams: [{name: a, kind: openai, api_key: env/NOPE}]",
            "upstreams[0].api_key: the environment variable NOPE",
        ),
        ("- a\n- b", "must be a mapping of settings"),
        ("listen: {port: 1, port: 2}", "line 1: 'port' is there twice"),
        ("1: x", "line 1: 1 is not a name"),
        ("a: &x {}\nb: *x", "aliases are not understood"),
        ("a: [", "line 1:"),
        ("a: !!python/object:os.system {}", "line 1:"),
        ("a: \x00", "is not YAML"),
        ("a: " + "[" * 100 + "]" * 100, "deeper than 32 levels"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_names_the_place(text: str, complaint: str) -> None:
    assert complaint in "\n".join(complaints(text))


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert len(complaints("lisen: 1\nlisten: {port: x}\nbounds: {depth_max: 1}")) == 3


def test_off_and_no_are_words_and_true_is_not() -> None:
    config = parse("profiles: [{name: p, guards: {request: {email: off}}, degraded: {last_good: true}}]", READING)
    assert config.profiles[0].guards.request["email"] == "off"
    assert config.profiles[0].degraded.last_good is True
    assert "boolean" in complaints("profiles: [{name: p, degraded: {stored: 'x'}}]")[0]


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "big").write_bytes(b"#" * (FILE_BYTES_MAX + 1))
    for name, sentence in (("none", "cannot be read"), ("binary", "not UTF-8"), ("big", "longer than")):
        with pytest.raises(ConfigError, match=sentence):
            load(tmp_path / name)


def test_a_secret_that_is_refused_is_never_in_the_sentence() -> None:
    secret = "sk-live-9876543210"
    for text in (
        f"upstreams: [{{name: a, kind: openai, api_key: {secret}}}]",
        f"master_key: [{secret}]",
        f"upstreams: [{{name: a, kind: {secret}, connections_max: {secret}}}]",
    ):
        assert secret not in "\n".join(complaints(text))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*Config.model_fields, "name"]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_any_tree_is_a_configuration_or_a_list_of_sentences(tree: object) -> None:
    said = []
    try:
        parse(repr(tree), READING)
    except ConfigError as error:
        said = [bool(sentence) for sentence in error.complaints]
    assert all(said)
