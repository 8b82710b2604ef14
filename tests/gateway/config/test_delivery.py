"""Receivers in the file."""

from pathlib import Path

import pytest

from gateway.config import ConfigError, load


@pytest.mark.parametrize(
    ("receiver", "sentence"),
    [
        ("name: a, url: 'ftp://x'", "begins with https"),
        ("name: a, url: 'http://x', kinds: [odd]", "no records of kind odd"),
        ("name: a, url: 'http://x'}, {name: a, url: 'http://y'", "is there twice"),
    ],
)
def test_what_cannot_be_delivered_is_refused(tmp_path: Path, receiver: str, sentence: str) -> None:
    path = tmp_path / "tollhouse.yaml"
    path.write_text(f"delivery: [{{{receiver}}}]")
    with pytest.raises(ConfigError, match=sentence):
        load(path)


def test_a_receiver_has_defaults(tmp_path: Path) -> None:
    path = tmp_path / "tollhouse.yaml"
    path.write_text("delivery: [{name: a, url: 'https://x', kinds: [refusal]}]")
    [receiver] = load(path).delivery
    assert (receiver.format, receiver.batch_max, receiver.kinds) == ("json", 500, ("refusal",))
