"""What Guard asks of a text beyond kinds of values: topics, hidden orders, the format asked for, leaks of the prompt.

No stage of its own: Guard calls it on the way down with the clear request, on the way up with what is released.
"""

import base64
import hmac

from ..call import Call, Event, Request
from ..errors import ContentBlocked
from ..guards.denials import Denials
from ..guards.injected import labels
from ..papers import Profile
from ..shelf import Shelf
from .formats import Formats

_TAIL_CHARS = 256
_LETTERS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"BCDFGHJKLMNPQRSTBCDFGHJKLMNPQRST")


class Screen:
    """Bounded memories of compiled lists and schemas; `secret` is 32 bytes. For one event loop."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._denials: Shelf[tuple[str, str], Denials] = Shelf(entries_max=1_024, bytes_max=0)
        self.formats = Formats()

    def request(self, call: Call, clear: Request) -> None:
        """Refuse what the profile does not let pass; note what nobody looked into, and what seems to give orders."""
        guarding = call.profile.guarding
        if clear.images or clear.files:
            call.decide("guard", "unscanned", place="request", images=clear.images, files=clear.files)
            if guarding.unscanned == "block":
                raise ContentBlocked(
                    f"{clear.images} images and {clear.files} files cannot be looked into, and profile "
                    f"{call.profile.name} does not let such inputs pass (guards.unscanned)"
                )
        if guarding.deny:
            self._denied(call, "\n".join([text.value for text in clear.texts]), "request")
        if guarding.injected != "off" and clear.results:
            self._injected(call, [text.value for text in clear.texts if text.role == "tool"])

    def _injected(self, call: Call, results: list[str]) -> None:
        found = labels("\n".join(results))
        for label in found:
            name = f"injected.{label}.tool_result"
            call.findings[name] = call.findings.get(name, 0) + 1
        if found:
            blocks = call.profile.guarding.injected == "block"
            call.decide("guard", "blocked" if blocks else "labelled", rule=f"injected.{found[0]}", count=len(found))
            if blocks:
                raise ContentBlocked(
                    f"a tool result seems to give the model orders (injected.{found[0]}), which profile "
                    f"{call.profile.name} does not let pass"
                )

    def _denied(self, call: Call, text: str, where: str) -> None:
        denied = {entry.name: entry for entry in call.profile.guarding.deny if where in entry.where}
        if not denied:
            return
        name = (call.profile.version, where)
        denials = self._denials.get(name)
        if denials is None:
            denials = Denials((entry.name, entry.pattern, entry.words) for entry in denied.values())
            self._denials.put(name, denials)
        for found in denials.found(text):
            told = f"denied.{found}.{where}"
            call.findings[told] = call.findings.get(told, 0) + 1
            if denied[found].blocks:
                call.decide("guard", "blocked", rule=f"denied.{found}", place=where)
                raise ContentBlocked(
                    f"the {where} touches {found}, which profile {call.profile.name} denies (guards.deny)"
                )

    def marked(self, call: Call, request: Request) -> Request:
        """Return the request with the canary at the end of its first system text, if the profile wants one.

        The mark is the same in all calls of a tenant under one policy, so cached prompt prefixes stay.
        """
        if not call.profile.guarding.canary:
            return request
        for index, text in enumerate(request.texts):
            if text.role == "system":
                return request.replace({index: f"{text.value}\n{self.canary(call.tenant.id, call.profile)}"})
        return request

    def canary(self, tenant: str, profile: Profile) -> str:
        """Return the mark; the rule `secret.canary` finds it in replies."""
        digest = hmac.digest(self._secret, f"canary\0{tenant}\0{profile.version}".encode(), "sha256")
        return f"THCANARY_{base64.b32encode(digest)[:16].translate(_LETTERS).decode()}"

    def reply(self, call: Call, event: Event) -> None:
        """Check what an event releases; AskAgain once, or OutputInvalid, where a format was asked for."""
        if call.profile.guarding.deny:
            tails: dict[str, str] = call.kept.setdefault("screen", {})
            for part in event.parts:
                if part.kind in {"text", "refusal"} and part.text and not part.repeats:
                    said = tails.get(part.lane, "") + part.text
                    self._denied(call, said, "reply")
                    tails[part.lane] = said[-_TAIL_CHARS:]
        if event.whole and call.profile.guarding.response_format != "off" and call.clear is not None:
            self.formats.plain(call, event, call.clear)
