"""Counting tokens exactly with tiktoken, when the bound does not fit or a provider reports no usage.

The vocabularies are read from the package `bpe-openai` and checked against the sha256 that tiktoken itself expects;
nothing is ever downloaded. Loading one takes a few tenths of a second and tens of megabytes: `load` it ahead, in a
thread, or let the first `count` pay. Special tokens in a text are counted as the plain text they are.
"""

import base64
import gzip
import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType

from tiktoken import Encoding
from tiktoken_ext import openai_public  # type: ignore[import-untyped]

PACKAGE = "bpe_openai"
ENCODINGS = ("o200k_base", "cl100k_base")


class VocabularyUnusable(RuntimeError):
    """A vocabulary is missing or is not the one that tiktoken knows."""


class TokenCounter:
    """Encodings by name, loaded when first used."""

    __slots__ = ("_encodings",)

    def __init__(self) -> None:
        self._encodings: dict[str, Encoding] = {}

    def loaded(self, name: str) -> bool:
        """Say whether `count` with this encoding is ready without loading."""
        return name in self._encodings

    def load(self, name: str) -> None:
        """Load an encoding; safe in a thread. VocabularyUnusable as named there, KeyError for a name not known."""
        if name not in ENCODINGS:
            raise KeyError(name)
        if name not in self._encodings:
            self._encodings[name] = _build(name)

    def count(self, texts: Iterable[str], name: str) -> int:
        """Return the tokens of all texts together; lone surrogates count as U+FFFD. Errors as `load`."""
        self.load(name)
        encode = self._encodings[name].encode_ordinary
        return sum(len(encode(text)) for text in texts)


def _build(name: str) -> Encoding:
    # tiktoken's own constructor, run with a reader that looks into the installed package instead of the network.
    original = getattr(openai_public, name)
    build = FunctionType(original.__code__, vars(openai_public) | {"load_tiktoken_bpe": read_vocabulary})
    return Encoding(**build())


def read_vocabulary(url: str, expected_hash: str | None = None, folder: Path | None = None) -> dict[bytes, int]:
    """Return token bytes and ranks of the vocabulary that tiktoken would fetch from `url`.

    `folder` holds `<name>.tiktoken.gz` (None: the installed package's). VocabularyUnusable if it is not there or its
    sha256 is not `expected_hash`.
    """
    path = (folder or _packaged()) / f"{url.rpartition('/')[2]}.gz"
    try:
        text = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as unreadable:
        raise VocabularyUnusable(f"cannot read {path}: {unreadable}") from unreadable
    found = hashlib.sha256(text).hexdigest()
    if found != expected_hash:
        raise VocabularyUnusable(f"{path} is not tiktoken's vocabulary: sha256 {found}, expected {expected_hash}")
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in text.splitlines())}


def _packaged() -> Path:
    # Found without importing the package: its import costs half a second and 100 MB that we have no use for.
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise VocabularyUnusable(f"the package {PACKAGE} is not installed")
    return Path(spec.origin).parent / "data"
