"""What is asked and what must come back: chats of 1.5 KB and 32 KB with personal data, 100 events, a tool call.

Every call's text carries its own serial number, so that nothing can answer it from a memory of the one before.
"""

from dataclasses import dataclass

import orjson

EVENTS = 100
SERIAL_DIGITS = 8
# Valid in form and checksum, invented or from the vendors' test ranges: what a guard has to find.
PERSONAL = {
    "email": "maria.lindqvist@example.com",
    "phone": "+1 212 555 0123",
    "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00",
}
_LETTER = (
    "The customer {email} wrote again about the order of last week. She asks to be called back at {phone} in the "
    "afternoon, since nobody answered the first two messages. The amount was taken twice from her card {card}, once on "
    "Monday and once on Tuesday, and the second payment shall go back to her account {iban} as soon as possible. "
)
_FILLER = (
    "Please write a short and friendly answer that says what happens next, names no internal system, and promises "
    "nothing that the terms of sale do not promise. Keep the tone of the earlier letters of this conversation. "
)
PLAIN_ANSWER = (
    "Thank you for your patience; the second payment goes back to your account within three working days. " * 4
)
STREAM_PIECES = [f"word{at:03d} " for at in range(EVENTS)]
STREAM_ANSWER = "".join(STREAM_PIECES)
TOOL = "look_up_payment"
TOOL_ARGUMENTS = '{"order":"A-1047","days":3}'
_TOOL_SCHEMA = {
    "type": "object",
    "properties": {"order": {"type": "string", "description": "the order"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["order"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of call.

    ``model`` tells the upstream what to do. The body is ``before`` + a serial number of 8 digits + ``after``;
    ``answer`` is the whole text that the client must have received, as JSON-escaped bytes; it stands in the member of
    this name (in each event's, if it is a stream).
    """

    name: str
    model: str
    stream: bool
    before: bytes
    after: bytes
    answer: bytes
    member: str = "content"

    def body(self, serial: int) -> bytes:
        """Return the request's body with its own number, always of the same length."""
        return b"%b%08d%b" % (self.before, serial % 10**SERIAL_DIGITS, self.after)


def letter() -> str:
    """Return the user's text: about 1,200 characters with one value of each kind of PERSONAL."""
    return _LETTER.format(**PERSONAL) + _FILLER * 4


def _workload(
    name: str, model: str, *, stream: bool = False, answer: str, earlier: int = 0, tool: bool = False
) -> Workload:
    """Make a workload of about 1,500 bytes, and 1,250 more for each of the ``earlier`` turns of its conversation.

    With ``tool`` one is offered, and the answer is a call of it.
    """
    mark = "#" * SERIAL_DIGITS
    turns = [{"role": "user", "content": _FILLER * 3}, {"role": "assistant", "content": _FILLER * 3}] * earlier
    tree: dict[str, object] = {
        "model": model,
        "messages": [
            {"role": "system", "content": f"You answer letters for a shop. Case {mark}."},
            *turns,
            {"role": "user", "content": letter()},
        ],
        "max_tokens": 256,
        "stream": stream,
    }
    if tool:
        function = {"name": TOOL, "description": "Finds a payment.", "parameters": _TOOL_SCHEMA}
        tree["tools"] = [{"type": "function", "function": function}]
    before, after = orjson.dumps(tree).split(mark.encode())
    member = "arguments" if tool else "content"
    return Workload(name, model, stream, before, after, orjson.dumps(answer)[1:-1], member)


PLAIN = _workload("plain", "bench-plain", answer=PLAIN_ANSWER)
LARGE = _workload("large", "bench-large", answer=PLAIN_ANSWER, earlier=23)
TOOLS = _workload("tools", "bench-tools", answer=TOOL_ARGUMENTS, tool=True)
BURST = _workload("burst", "bench-burst", stream=True, answer=STREAM_ANSWER)
PACED = _workload("paced", "bench-paced", stream=True, answer=STREAM_ANSWER)
# The upstream answers with the user's own text: what was masked on the way out must come back as itself.
ECHO = _workload("echo", "bench-echo", answer=letter())
MODELS = [workload.model for workload in (PLAIN, LARGE, TOOLS, BURST, PACED, ECHO)]
