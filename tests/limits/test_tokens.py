import gzip
from pathlib import Path

import pytest

from limits import tokens
from limits.tokens import TokenCounter, VocabularyUnusable, read_vocabulary

COUNTER = TokenCounter()
URL = "https://example.invalid/o200k_base.tiktoken"


def test_known_texts_have_the_published_counts() -> None:
    assert COUNTER.count(["tiktoken is great!"], "cl100k_base") == 6
    assert COUNTER.count(["tiktoken is great!"], "o200k_base") == 6
    assert COUNTER.count(["hello world", ""], "o200k_base") == 2


def test_special_tokens_in_a_text_count_as_text_and_lone_surrogates_do_not_fail() -> None:
    assert COUNTER.count(["<|endoftext|>"], "o200k_base") > 1
    assert COUNTER.count(["\ud800"], "o200k_base") >= 1


def test_an_encoding_is_loaded_when_first_used_and_only_then() -> None:
    fresh = TokenCounter()
    assert not fresh.loaded("cl100k_base")
    fresh.load("cl100k_base")
    fresh.load("cl100k_base")
    assert fresh.loaded("cl100k_base")


def test_an_unknown_encoding_is_an_error() -> None:
    with pytest.raises(KeyError):
        COUNTER.count(["x"], "p50k_base")


def test_an_altered_vocabulary_is_refused_with_both_digests(tmp_path: Path) -> None:
    (tmp_path / "o200k_base.tiktoken.gz").write_bytes(gzip.compress(b"aGk= 0\n"))
    with pytest.raises(VocabularyUnusable, match="expected abc"):
        read_vocabulary(URL, "abc", tmp_path)


def test_a_missing_or_broken_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VocabularyUnusable, match="cannot read"):
        read_vocabulary(URL, "abc", tmp_path)
    (tmp_path / "o200k_base.tiktoken.gz").write_bytes(b"not gzip")
    with pytest.raises(VocabularyUnusable, match="cannot read"):
        read_vocabulary(URL, "abc", tmp_path)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "PACKAGE", "no_such_package_here")
    with pytest.raises(VocabularyUnusable, match="not installed"):
        read_vocabulary(URL, "abc")
