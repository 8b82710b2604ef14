"""scrubadub as a plug-in, `gateway.detectors.scrubbing:detector`: its own detectors, as it comes, English."""

from __future__ import annotations

from collections.abc import Callable

import scrubadub  # type: ignore[import-not-found]

Span = tuple[int, int, str, str]
_KINDS = {
    "credential": "login",
    "credit_card": "card",
    "drivers_licence": "licence",
    "email": "email",
    "national_insurance_number": "national_id",
    "phone": "phone",
    "social_security_number": "ssn",
    "tax_reference_number": "tax_id",
}


def detector() -> Callable[[str, float], list[Span]]:
    """Return scrubadub as a detector; what has no kind here (names, links, plates) is left out."""
    scrubber = scrubadub.Scrubber(locale="en_US")

    def detect(text: str, _deadline_s: float) -> list[Span]:
        found = (each for filth in scrubber.iter_filth(text) for each in getattr(filth, "filths", (filth,)))
        return sorted(
            (each.beg, each.end, _KINDS[each.type], f"scrubadub.{each.detector_name}")
            for each in found
            if each.type in _KINDS
        )

    return detect
