"""Memories: by words, by meaning, and by words when the meaning does not come in time."""

import asyncio
from pathlib import Path

import pytest

from agents import KeywordMemory, VectorMemory

pytestmark = pytest.mark.anyio


async def embed(text: str) -> list[float]:
    return [float("cat" in text or "kitten" in text), float("car" in text.split()), 0.1]


async def test_words_find_the_texts_that_share_them_best_first(tmp_path: Path) -> None:
    with KeywordMemory(tmp_path / "m") as memory:
        await memory.add("refunds need an order number")
        await memory.add("shipping takes three days")
        await memory.add("shipping takes three days")
        assert (await memory.search("which order number for refunds?")).texts[0] == "refunds need an order number"
        assert (await memory.search("shipping")).texts == ("shipping takes three days",)
        assert (await memory.search("?! a 'OR' \"")).texts == ()


async def test_what_is_written_is_masked(tmp_path: Path) -> None:
    with KeywordMemory(tmp_path / "m") as memory:
        await memory.add("jane@example.com likes refunds")
        assert (await memory.search("refunds")).texts == ("[email] likes refunds",)


async def test_meaning_finds_what_no_word_shares(tmp_path: Path) -> None:
    with KeywordMemory(tmp_path / "m") as words:
        memory = VectorMemory(words, embed)
        await memory.add("feed the kitten")
        await memory.add("wash the car today")
        found = await memory.search("my cat is hungry", limit=1)
        assert (found.texts, found.degraded) == (("feed the kitten",), "")


async def test_without_vectors_in_time_words_answer_and_say_so(tmp_path: Path) -> None:
    async def late(text: str) -> list[float]:
        await asyncio.sleep(30)
        return await embed(text)

    async def broken(text: str) -> list[float]:
        raise ConnectionError(text)

    with KeywordMemory(tmp_path / "m") as words:
        for slow in (late, broken):
            memory = VectorMemory(words, slow, timeout_s=0.02)
            await memory.add("wash the car")
            found = await memory.search("the car")
            assert (found.texts, found.degraded) == (("wash the car",), "keyword")


async def test_vectors_of_another_size_are_never_nearest(tmp_path: Path) -> None:
    async def short(_: str) -> list[float]:
        return [1.0]

    async def nothing(_: str) -> list[float]:
        return [0.0, 0.0, 0.0]

    with KeywordMemory(tmp_path / "m") as words:
        await VectorMemory(words, short).add("short")
        await VectorMemory(words, nothing).add("nothing")
        await VectorMemory(words, embed).add("a cat")
        assert (await VectorMemory(words, embed).search("cat", limit=1)).texts == ("a cat",)
