import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limits.bound import FAMILIES, Parts, Unbounded, family_of, input_bound, input_counted
from limits.tokens import ENCODINGS, TokenCounter

COUNTER = TokenCounter()


@settings(deadline=None)
@given(st.lists(st.text(max_size=200), max_size=5), st.sampled_from(ENCODINGS))
def test_the_bound_is_never_below_the_exact_count_with_its_frame(texts: list[str], name: str) -> None:
    parts = Parts(sum(len(text.encode()) for text in texts), messages=len(texts))
    exact = COUNTER.count(texts, name)
    counted = input_counted(parts, FAMILIES[name], exact)
    # OpenAI's published framing of a chat: four tokens a message, three to prime the answer.
    assert exact + 4 * len(texts) + 3 <= counted <= input_bound(parts, FAMILIES[name])


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-4o-mini", "o200k_base"),
        ("openai/gpt-5", "o200k_base"),
        ("o3", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("claude-sonnet-4-5", "anthropic"),
        ("gemini-2.5-pro", "gemini"),
        ("llama3", "other"),
    ],
)
def test_a_model_s_name_tells_its_family(model: str, family: str) -> None:
    assert family_of(model).name == family


def test_images_without_a_known_maximum_cannot_be_bounded() -> None:
    parts = Parts(10, messages=1, images=2)
    with pytest.raises(Unbounded, match="image"):
        input_bound(parts, FAMILIES["other"])
    with_policy = input_bound(parts, FAMILIES["other"], image_tokens_max=100)
    assert with_policy == input_bound(Parts(10, messages=1), FAMILIES["other"]) + 200


def test_a_family_s_factor_rounds_up() -> None:
    empty = input_bound(Parts(0), FAMILIES["other"])
    assert input_bound(Parts(1), FAMILIES["other"]) == empty + 2


def test_tools_add_their_constant() -> None:
    plain, tooled = (input_bound(Parts(0, tools=tools), FAMILIES["anthropic"]) for tools in (0, 3))
    assert tooled == plain + 3 * FAMILIES["anthropic"].tool
