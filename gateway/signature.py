"""Signs what is told to others in the form of Standard Webhooks, so that its libraries can verify it.

webhook-id         the message's, the same at each attempt: who has it already drops it
webhook-timestamp  seconds since the epoch, of this attempt: an old message cannot be played again
webhook-signature  "v1," and HMAC-SHA-256 over `id.timestamp.body`, in base64
"""

import base64
import binascii
import hmac

_PREFIX = "whsec_"
_US = 1_000_000


def signing_key(secret: str) -> bytes:
    """Return the key of a secret: what `whsec_` stands before is base64, all else is taken as it is written."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a secret that begins with {_PREFIX} goes on in base64") from None


def signed(key: bytes | None, message_id: str, body: bytes, utc_us: int) -> dict[str, str]:
    """Return the headers of one attempt at `utc_us` (µs since the epoch); without a key they carry no signature."""
    at_s = str(utc_us // _US)
    headers = {"webhook-id": message_id, "webhook-timestamp": at_s}
    if key is not None:
        said = b".".join((message_id.encode(), at_s.encode(), body))
        headers["webhook-signature"] = f"v1,{base64.b64encode(hmac.digest(key, said, 'sha256')).decode()}"
    return headers
