"""What Guard asks of a text beyond kinds of values: topics, hidden orders, the format asked for, leaks of the prompt.

No stage of its own: Guard calls it on the way down with the clear request, on the way up with what is released.
"""

import base64
import hmac
from typing import Any

import orjson

from ..call import Call, Event, Part, Request
from ..errors import ContentBlocked, OutputInvalid
from ..guards.denials import Denials
from ..guards.injected import labels
from ..papers import Profile
from ..shelf import Shelf
from ..stage import AskAgain
from ..tools.schema import SCHEMA_BYTES_MAX, Schema, Unfit
from ..tools.weigh import SchemaRefused

_TAIL_CHARS = 256
_LETTERS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"BCDFGHJKLMNPQRSTBCDFGHJKLMNPQRST")
_CHECKED_AS_ANY_OBJECT = Schema(None)


class Screen:
    """Bounded memories of compiled lists and schemas; `secret` is 32 bytes. For one event loop."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._denials: Shelf[tuple[str, str], Denials] = Shelf(entries_max=1_024, bytes_max=0)
        self._formats: Shelf[bytes, Schema] = Shelf(entries_max=1_024, bytes_max=32 << 20)

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
            self._formed(call, event, call.clear)

    def _formed(self, call: Call, event: Event, clear: Request) -> None:
        asked = _format(clear.tree)
        if asked is None or call.degraded or (call.reply is not None and call.reply.cached):
            return
        if event.finish not in {None, "stop"} or any(part.kind in {"refusal", "arguments"} for part in event.parts):
            # Cut off, refused or a tool call: the finish reason says so, and no JSON was promised.
            call.decide("guard", "format_not_checked", finish=event.finish or "refusal")
            return
        schema = self._schema(asked)
        for part in event.parts:
            if part.kind == "text":
                unfit = schema.read(part.text) if part.text else Unfit("empty")
                if isinstance(unfit, Unfit):
                    self._refuse(call, part, unfit)

    @staticmethod
    def _refuse(call: Call, part: Part, unfit: Unfit) -> None:
        where = f" at {unfit.place}" if unfit.place else ""
        again = call.profile.guarding.response_format == "ask_again" and not (call.asked_again or call.released)
        call.decide("guard", "asked_again" if again else "refused", rule=f"response_format.{unfit.rule}")
        if again:
            raise AskAgain(
                part.text, f"Your answer is not in the format asked for ({unfit.rule}{where}). Answer again."
            )
        raise OutputInvalid(
            f"the answer is not in the format that was asked for ({unfit.rule}{where}); ask again",
            param="response_format",
        )

    def _schema(self, asked: dict[str, Any]) -> Schema:
        """Return the compiled schema; for one that cannot be compiled any object will do."""
        if not asked:
            return _CHECKED_AS_ANY_OBJECT
        said = orjson.dumps(asked)
        schema = self._formats.get(said)
        if schema is None:
            try:
                schema = Schema(asked) if len(said) <= SCHEMA_BYTES_MAX else _CHECKED_AS_ANY_OBJECT
            except SchemaRefused:
                schema = _CHECKED_AS_ANY_OBJECT
            self._formats.put(said, schema, len(said))
        return schema


def _format(tree: dict[str, Any]) -> dict[str, Any] | None:
    """Return the JSON Schema that a request asks its answer to fit ({}: any object), None if it asks for none."""
    asked = tree.get("response_format")
    if asked is None and type(tree.get("text")) is dict:
        asked = tree["text"].get("format")
    if type(asked) is not dict or asked.get("type") not in {"json_object", "json_schema"}:
        return None
    inner = asked.get("json_schema", asked)
    schema = inner.get("schema") if type(inner) is dict else None
    return schema if type(schema) is dict else {}
