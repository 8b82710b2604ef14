from pathlib import Path

import pytest

from agents.scripted import Fault, Reply, Rule, Script, ToolCall, load

PLAY = """
seed: 7
latency: {first_token_s_median: 0.1, tokens_per_s_median: 200}
prices: {gpt-4o: {input_pico: 2500000, output_pico: 10000000}}
steps:
  - text: first
rules:
  - name: weather
    match: "weather in (?i:paris)"
    role: user
    replies:
      - tool_calls: [{name: look, arguments: {place: Paris}}]
      - text: "It rains: {text}"
        fault: {kind: reset, after_events: 2}
"""


def test_a_play_is_read_from_yaml_with_every_part(tmp_path: Path) -> None:
    file = tmp_path / "play.yaml"
    file.write_text(PLAY, encoding="utf-8")
    script = load(file)
    assert script.steps == (Reply("first"),)
    assert script.rules == (
        Rule(
            name="weather",
            match="weather in (?i:paris)",
            role="user",
            replies=(
                Reply(tool_calls=(ToolCall("look", {"place": "Paris"}),)),
                Reply("It rains: {text}", fault=Fault("reset", after_events=2)),
            ),
        ),
    )
    assert script.prices["gpt-4o"].output_pico == 10_000_000
    assert script.latency is not None
    assert script.latency.tokens_per_s_median == 200


def test_an_empty_file_is_the_echo(tmp_path: Path) -> None:
    file = tmp_path / "play.json"
    file.write_text("", encoding="utf-8")
    assert load(file) == Script()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("steps: [{txt: a}]", "txt"),
        ("rules: [{match: '(', replies: [{}]}]", "not a regular expression"),
        ("rules: [{match: a, replies: []}]", "at least one reply"),
        ("steps: [{fault: {kind: explode}}]", "explode"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "play.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        load(file)
