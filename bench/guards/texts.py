# ruff: noqa: E501 - samples are read in one line; the secrets are invented
"""The texts that are timed: what a gateway sees every day, what is full of private values, and what tries to be slow."""

from __future__ import annotations

from bench.overhead.workloads import letter

SIZE = 1_500
SYSTEM = "You answer letters for a shop. Case 00000012."
DENSE_VALUES = (
    "maria.lindqvist@example.com", "+1 212 555 0123", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "219-09-9999",
    "joe.doe@mail.example.org", "(415) 555-2671", "5500 0000 0000 0004", "FR14 2004 1010 0505 0001 3M02 606", "192.0.2.44",
    "tom+shop@example.net", "+49 30 901820", "3782 822463 10005", "GB29 NWBK 6016 1331 9268 19", "529.982.247-25",
    "ana@correo.example.es", "06 12 34 56 78", "6011 1111 1111 1117", "NL91 ABNA 0417 1643 00", "2001:db8::8a2e:370:7334",
    "li.wei@example.cn", "+44 20 7946 0958", "943 476 5919", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "12345678Z",
)  # fmt: skip
_PROSE = (
    "Please write a short and friendly answer that says what happens next, names no internal system, and promises "
    "nothing that the terms of sale do not promise. Keep the tone of the earlier letters of this conversation. "
)
_CHAT = (
    "In 2023 we moved 1,204 of our 3,500 stores to version 2.4.1 of the till; the roll-out took from 3 March to 12 May 2023. "
    "The token limit of the model is 128000, and the password reset page was seen 14,302 times. See page 12 of the report. "
)
_CODE = """def settle(call: Call, amounts: list[int]) -> int:
    total = sum(amounts[1:]) + 0x7F
    if call.token is None or total > 1_000_000:
        raise ValueError(f"call {call.id} has no token, total {total:>12}")
    return max(total, call.budget["usd"] * 10**9) @ WEIGHTS[0]

"""
_RESULT = (
    '{"id": "550e8400-e29b-41d4-a716-446655440000", "created_at": "2024-03-12T10:33:21.123456Z", "total": 1249.50, '
    '"status": "shipped", "items": [{"sku": "AB-1293", "quantity": 2}, {"sku": "CD-77120", "quantity": 14}], "page": 3}, '
)
_LOG = "2024-03-12 10:33:21,123 INFO worker-7 [req 9fceb02d0ae5] GET /v1/orders/1182 200 in 34 ms (1,204 bytes) from cache\n"
_CHINESE = "请写一封简短而友好的回信,说明接下来会发生什么,不要提及任何内部系统,也不要承诺销售条款没有承诺的任何事情。保持以往信件的语气。"


def _sized(unit: str, size: int = SIZE) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def dense() -> str:
    """Return 1.5 KB with 25 values of fifteen kinds."""
    words = _PROSE.split()
    return " ".join(f"{' '.join(words[at % 20 : at % 20 + 5])} {value}" for at, value in enumerate(DENSE_VALUES))[:SIZE]


CLASSES = {
    "call (benchmark's letter)": letter(),
    "dense (25 values)": dense(),
    "prose": _sized(_PROSE),
    "chat with numbers": _sized(_CHAT),
    "code": _sized(_CODE),
    "JSON tool result": "[" + _sized(_RESULT, 1_400).rpartition("}, ")[0] + "}]",
    "log lines": _sized(_LOG),
    "Chinese": _sized(_CHINESE, 500),
}

# Units repeated to a megabyte: each has made some detector or other slow.
SLOW = (
    "1234 ", "4111 1111 1111 1111 ", "1 2 3 ", "1", "12-34-", "(1 2 3", "+1 ", "1.", "06 12 ", "19.12.", "a", "a@", "a@b.", "a@b.cd ",
    " at a", "a dot b at ", "DE89 ", "DE89 3704 ", "GB29NWBK", "-----BEGIN PRIVATE KEY-----", "password=", "password is ", "token: a1", "eyJ", "eyJhbGciOi.",
    "QUJD", "a:", "::", "1:", "://a:", "://a:b@", "sk-", "AKIA", "0x", "born 1", "passport ", "vat ", "curl -u a:", "\u200b4", "\uff14", "中", "é", "1.2.3.",
    '{"a":', "\\u0041", "&#64;", "%40", "aws secret ", "[at]", "1 (", "bc1q", "1A1zP1eP",
)  # fmt: skip
