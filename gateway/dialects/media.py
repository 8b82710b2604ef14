"""The parts of an OpenAI usage report that are sounds and images, where a report has any."""

from typing import Any


def media_of(inward: dict[str, Any], outward: dict[str, Any], input_room: int, output_room: int) -> dict[str, Any]:
    """Return the parts for `limits.prices.Usage`, without those that were read from a cache.

    `inward` and `outward` are the report's details; the rooms are what the totals leave beside cached and reasoning
    tokens. TypeError, AttributeError for a report that cannot be read.
    """
    cached = inward.get("cached_tokens_details") or {}
    sound = max(0, min((inward.get("audio_tokens") or 0) - (cached.get("audio_tokens") or 0), input_room))
    image = max(0, min((inward.get("image_tokens") or 0) - (cached.get("image_tokens") or 0), input_room - sound))
    said = max(0, min(outward.get("audio_tokens") or 0, output_room))
    drawn = max(0, min(outward.get("image_tokens") or 0, output_room - said))
    return {
        "input_audio_tokens": sound,
        "input_image_tokens": image,
        "output_audio_tokens": said,
        "output_image_tokens": drawn,
    }


def has_media(inward: dict[str, Any], outward: dict[str, Any]) -> bool:
    """Tell whether a report has any such part."""
    return bool(
        inward.get("audio_tokens")
        or outward.get("audio_tokens")
        or inward.get("image_tokens")
        or outward.get("image_tokens")
    )
