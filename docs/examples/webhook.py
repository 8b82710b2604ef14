"""Takes the gateway's webhooks, and only those: `approvals.webhook` or `delivery` with `secret: env/HOOK_SECRET`.

The form is Standard Webhooks; its libraries do the same. Run it as `HOOK_SECRET=… python webhook.py PORT`.
"""

import base64
import hmac
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = os.environ["HOOK_SECRET"]
KEY = base64.b64decode(SECRET.removeprefix("whsec_")) if SECRET.startswith("whsec_") else SECRET.encode()
OLD_S = 300
seen: set[str] = set()  # a real receiver keeps them where they outlive it


def verified(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the gateway sent this body, and just now."""
    name, at_s = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at_s)) > OLD_S:
        return False
    digest = hmac.digest(KEY, f"{name}.{at_s}.".encode() + body, "sha256")
    own = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(own, theirs) for theirs in headers["webhook-signature"].split())


class Hook(BaseHTTPRequestHandler):
    """Answers 204 to what is the gateway's, 401 to the rest."""

    def do_POST(self) -> None:
        """Take one message."""
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            is_ours = verified(self.headers, body)
        except (KeyError, TypeError, ValueError, AttributeError):
            is_ours = False
        if is_ours and self.headers["webhook-id"] not in seen:  # an attempt whose answer was lost comes again
            seen.add(self.headers["webhook-id"])
            print(body.decode(), flush=True)
        self.send_response(204 if is_ours else 401)
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()
