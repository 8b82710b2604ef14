"""Sounds and images in OpenAI's usage reports."""

from gateway.dialects.media import has_media, media_of
from gateway.dialects.openai_chat import usage_of as chat_usage
from gateway.dialects.responses_reply import usage_of as responses_usage
from limits.pricelist import PriceOverride


def test_sounds_and_images_are_parts_of_the_totals_without_what_was_read_from_a_cache() -> None:
    inward = {"audio_tokens": 40, "image_tokens": 7, "cached_tokens_details": {"audio_tokens": 30}}
    outward = {"audio_tokens": 9, "image_tokens": 3}
    assert has_media(inward, outward)
    assert not has_media({"audio_tokens": 0}, {"cached_tokens": 3})
    assert media_of(inward, outward, 50, 20) == {
        "input_audio_tokens": 10,
        "input_image_tokens": 7,
        "output_audio_tokens": 9,
        "output_image_tokens": 3,
    }


def test_no_part_is_larger_than_the_room_it_has() -> None:
    parts = media_of({"audio_tokens": 90, "image_tokens": 90}, {"audio_tokens": 90, "image_tokens": 90}, 50, 20)
    assert list(parts.values()) == [50, 0, 20, 0]


def test_a_chat_and_a_response_with_sound_are_charged_at_sound_s_price() -> None:
    price = PriceOverride("1", "2", input_audio="40", output_audio="80").price("m")
    chat = chat_usage(
        {
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "prompt_tokens_details": {"audio_tokens": 60, "cached_tokens": 0},
            "completion_tokens_details": {"audio_tokens": 30},
        }
    )
    assert chat is not None
    assert price.cost(chat) == (40 * 1 + 60 * 40 + 20 * 2 + 30 * 80) * 1_000
    response = responses_usage(
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "input_tokens_details": {"image_tokens": 60},
            "output_tokens_details": {"image_tokens": 30},
        }
    )
    assert response is not None
    assert (response.input_image_tokens, response.output_image_tokens) == (60, 30)
    assert chat_usage({"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": "x"}) is None
