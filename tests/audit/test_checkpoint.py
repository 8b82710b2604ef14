"""Checkpoints: the C2SP form, strictly."""

import pytest

from audit import checkpoint
from audit.checkpoint import Checkpoint
from audit.errors import NoteRefused
from audit.note import Signer

SIGNER = Signer("example.com/log", bytes(range(32)))
SPEC = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_specifications_example_is_read_and_written_back_equal() -> None:
    read = checkpoint.from_text(SPEC)
    assert (read.origin, read.size, read.root.hex()[:8]) == ("example.com/behind-the-sofa", 20852163, "0ac5186a")
    assert read.text() == SPEC


def test_a_signed_checkpoint_opens_for_its_origin_only() -> None:
    signed = Checkpoint("example.com/log", 7, b"r" * 32, ("extension",)).sign(SIGNER).encode()
    assert checkpoint.open_checkpoint(signed, "example.com/log", [SIGNER.verifier]).extensions == ("extension",)
    with pytest.raises(NoteRefused, match=r"is of 'example\.com/log', expected 'other'"):
        checkpoint.open_checkpoint(signed, "other", [SIGNER.verifier])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SPEC[:-1], "three lines"),
        ("origin\n1\n", "three lines"),
        (SPEC + "\n", "none of them empty"),
        (SPEC.replace("20852163", "020852163"), "no tree size"),
        (SPEC.replace("20852163", "-1"), "no tree size"),
        (SPEC.replace("20852163", "\u0661"), "no tree size"),
        (SPEC.replace("20852163", "9223372036854775808"), "above"),
        (SPEC.replace("CsUY", "C!UY"), "not base64"),
        (SPEC.replace("CsUY", ""), "must be 32 bytes"),
        (SPEC.replace("q2I=", "q2J="), "plain base64"),
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str, words: str) -> None:
    with pytest.raises(NoteRefused, match=words):
        checkpoint.from_text(text)


def test_an_origin_that_smuggles_a_line_is_not_written() -> None:
    with pytest.raises(NoteRefused, match="read as a different one"):
        Checkpoint("evil\n999\n" + SPEC.split("\n")[2], 1, b"r" * 32).text()
