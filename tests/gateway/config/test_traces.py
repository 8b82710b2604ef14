from pathlib import Path

import pytest

from gateway.config import ConfigError
from gateway.config.load import parse
from gateway.config.tree import Config
from gateway.config.values import Reading

UPSTREAM = "upstreams: [{name: up, kind: openai}]\n"


def read(folder: Path, traces: str) -> Config:
    return parse(f"{UPSTREAM}traces: {{{traces}}}\n", Reading(folder, {"TOKEN": "secret"}))


def test_nothing_is_sent_anywhere_unless_it_is_configured(tmp_path: Path) -> None:
    traces = parse("", Reading(tmp_path, {})).traces
    assert (traces.endpoint, traces.pass_to, traces.sample_ratio) == (None, (), 0)


def test_a_collector_with_a_credential_is_taken(tmp_path: Path) -> None:
    traces = read(tmp_path, 'endpoint: "https://collector.example/v1/traces", credential: env/TOKEN').traces
    assert traces.credential is not None
    assert traces.credential.reveal() == "secret"
    assert "secret" not in repr(traces)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ('endpoint: "http://127.0.0.1:4318"', "whole address"),
        ('endpoint: "collector:4318/v1/traces"', "whole address"),
        ('endpoint: "https://user:word@collector.example/v1/traces"', "no user"),
        ('endpoint: "https://collector.example/v1/traces?key=1"', "no user"),
        ('endpoint: "http://collector.example/v1/traces", credential: env/TOKEN', "use https"),
        ("sample_ratio: 1.5", "sample_ratio"),
        ('header: "x y"', "header"),
        ("pass_to: [up, other]", "traces.pass_to[1]: no upstream and no tool named 'other'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(tmp_path: Path, wrong: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, wrong)
    assert sentence in str(refused.value)
