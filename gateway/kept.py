"""What is kept of a request beside the book, encrypted, if the profile asks for it: its texts, redacted or all.

It lies with the intent of a call's first attempt. Whose it is, is what the caller declares (`x-tollhouse-subject`, else
`safety_identifier`), else the tenant's: erasing that subject or tenant destroys it.
"""

import orjson

from audit.payload import PAYLOAD_BYTES_MAX, Payload

from .call import Attempt

_SUBJECT_HEADER = "x-tollhouse-subject"
_SUBJECT_CHARS_MAX = 256


def kept_of(attempt: Attempt) -> Payload | None:
    """Return what is to be kept with an attempt's intent; None for all but the first, and where nothing is kept."""
    call = attempt.call
    mode = call.profile.guarding.payloads
    if mode == "off" or attempt.number > 1 or call.clear is None:
        return None
    request = call.clear if mode == "full" else attempt.request
    content = orjson.dumps({"mode": mode, "texts": [[text.role, text.value] for text in request.texts]})
    if len(content) > PAYLOAD_BYTES_MAX:
        call.decide("guard", "payload_not_kept", bytes=len(content), limit=PAYLOAD_BYTES_MAX)
        return None
    subject = call.caller.headers.get(_SUBJECT_HEADER) or call.clear.tree.get("safety_identifier")
    return Payload(content, subject[:_SUBJECT_CHARS_MAX] if type(subject) is str and subject else None)
