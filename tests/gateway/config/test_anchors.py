"""Anchors in the file: one place each, outside the folder that they vouch for."""

from pathlib import Path

import pytest

from audit.cosignature import Cosigner
from audit.note import Signer
from gateway.config import ConfigError, load
from gateway.config.anchors import AnchorSettings

KEY = Cosigner("witness/w1", b"w" * 32).verifier.vkey()


def read(folder: Path, text: str) -> tuple[AnchorSettings, ...]:
    path = folder / "tollhouse.yaml"
    path.write_text(text)
    return load(path).anchors


def test_a_file_is_beside_the_configuration_and_a_witness_has_a_key(tmp_path: Path) -> None:
    text = f"anchors: [{{name: a, file: elsewhere}}, {{name: b, witness: 'https://w.example/x/', witness_key: {KEY}}}]"
    file, witness = read(tmp_path, text)
    assert file.file == tmp_path / "elsewhere"
    assert (witness.witness, witness.every_s) == ("https://w.example/x", 30)


@pytest.mark.parametrize(
    ("anchor", "sentence"),
    [
        ("name: a", "either `file`, or `bucket`, or `witness`"),
        (f"name: a, file: x, witness: 'http://w', witness_key: {KEY}", "either `file`, or `bucket`, or `witness`"),
        ("name: a, witness: 'http://w'", "either `file`, or `bucket`, or `witness`"),
        ("name: a, file: x, bucket: 's3://b/p'", "either `file`, or `bucket`"),
        ("name: a, bucket: 'gs://b/p'", "s3://"),
        ("name: a, file: x, endpoint: 'http://s'", "`endpoint` goes with `bucket`"),
        (f"name: a, witness: 'ftp://w', witness_key: {KEY}", "begins with https"),
        ("name: a, witness: 'http://w', witness_key: nothing", "name\\+id\\+base64"),
        (f"name: a, witness: 'http://w', witness_key: {Signer('l', b's' * 32).verifier.vkey()}", "has type '01'"),
        ("name: a, file: x, every_s: 61", "less than or equal to 60"),
        ("name: a, file: tollhouse-data/x", "lies in the folder that it is to vouch for"),
    ],
)
def test_what_vouches_for_nothing_is_refused(tmp_path: Path, anchor: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read(tmp_path, f"anchors: [{{{anchor}}}]")


def test_a_name_is_there_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'a' is there twice"):
        read(tmp_path, "anchors: [{name: a, file: x}, {name: a, file: y}]")
