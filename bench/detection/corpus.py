# ruff: noqa: E501, UP031, PLW0108 - tables of samples
"""A seeded corpus of labelled documents: clean prose, agent traffic, obfuscated values, hard negatives.

`documents(seed, count)` yields Document(tier, text, spans); a span is (start, end, kind). The same seed gives the same
documents, so the generator is kept in the tree and not what it makes.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

from bench.detection import values

KINDS = ("email", "phone", "card", "iban", "ssn", "national_id", "ip", "secret")
FILLER = (
    "The delivery was late again and the customer is not happy.", "Please summarise the attached notes for the team.", "Wir haben das gestern im Team besprochen.",
    "Gracias por su mensaje, lo revisaremos pronto.", "Merci de votre patience, nous revenons vers vous.", "In 2023 revenue rose by 14.2 % to 3,400 units.", "Can you check what happened on 12 March?",
    "明日の会議は三時からです。", "It costs $49.99 a month, billed yearly.", "See chapter 4, pages 120-134.",
)  # fmt: skip
LEADS = {
    "email": ("Write to {}.", "My e-mail is {}", "contact: {}", "Bitte an {} senden", "{} asked for a refund"),
    "phone": ("Call me at {}", "Tel.: {}", "phone {}", "Sie erreichen mich unter {}", "My number is {} , thanks"),
    "card": ("Charge {} please", "card number {}", "pay with {} exp 04/27", "Kreditkarte {}"),
    "iban": ("Überweisung an {}", "IBAN: {}", "transfer to {} today", "my account {}"),
    "ssn": ("SSN {}", "my social security number is {}", "ssn: {}", "Social Security Number: {}"),
    "ip": ("from {} at noon", "host {} is down", "client {} connected", "IP: {}"),
}
_WIDE = {ord(char): 0xFF10 + at for at, char in enumerate("0123456789")}


@dataclass(frozen=True)
class Document:
    """One labelled text."""

    tier: str
    text: str
    spans: tuple[tuple[int, int, str], ...]


def sample(rng: random.Random, kind: str) -> tuple[str, str]:
    """Return a value and the sentence part that leads to it, with {} for the value."""
    if kind == "national_id":
        value, word = values.national_id(rng)
        return value, rng.choice([f"{word}: {{}}", f"my {word} is {{}}", f"{word} {{}}"])
    if kind == "secret":
        value, lead = values.secret(rng)
        return value, f"{lead}{{}}" if lead else rng.choice(["key {}", "use {} for that", "token: {}", "{}"])
    value = getattr(values, kind)(rng)
    return value, rng.choice(LEADS[kind])


class Writer:
    """Text that remembers where values were put."""

    def __init__(self) -> None:
        self.text = ""
        self.spans: list[tuple[int, int, str]] = []

    def put(self, text: str) -> None:
        """Plain text."""
        self.text += text

    def value(self, text: str, kind: str) -> None:
        """Return a value of a kind."""
        self.spans.append((len(self.text), len(self.text) + len(text), kind))
        self.text += text

    def lead(self, pattern: str, value: str, kind: str) -> None:
        """Return a value in its sentence."""
        before, after = pattern.split("{}")
        self.put(before)
        self.value(value, kind)
        self.put(after)

    def document(self, tier: str) -> Document:
        """Say what was written."""
        return Document(tier, self.text, tuple(self.spans))


def clean(rng: random.Random) -> Document:
    """Prose with a few values."""
    out = Writer()
    for _ in range(rng.randrange(1, 4)):
        out.put(rng.choice(FILLER) + " ")
        kind = rng.choice(KINDS)
        value, pattern = sample(rng, kind)
        out.lead(pattern, value, kind)
        out.put(rng.choice([". ", "\n", "; "]))
    out.put(rng.choice(FILLER))
    return out.document("clean")


def agent(rng: random.Random) -> Document:
    """Tool results, logs, tables, configuration."""
    out = Writer()
    kinds = rng.sample(KINDS, 3)
    form = rng.choice(["json", "log", "csv", "env", "yaml"])
    keys = {
        "email": "email",
        "phone": "phone",
        "card": "card_number",
        "iban": "iban",
        "ssn": "ssn",
        "national_id": "national_id",
        "ip": "ip_address",
        "secret": "secret",
    }
    if form == "json":
        out.put('{"id": %d, "created_at": %d' % (rng.randrange(10**6), rng.randrange(16 * 10**8, 18 * 10**8)))
    for kind in kinds:
        value, pattern = sample(rng, kind)
        key = keys[kind]
        if kind == "national_id":
            key = pattern.split("{}")[0].strip(": ").removeprefix("my ").removesuffix(" is").lower().replace(" ", "_")
        if kind == "secret":
            key = rng.choice(["api_key", "password", "token", "client_secret"])
        if form == "json":
            out.put(f', "{key}": "')
            out.value(json.dumps(value)[1:-1], kind)
            out.put('"')
        elif form == "log":
            out.put(
                f"2024-05-0{rng.randrange(1, 9)}T10:2{rng.randrange(9)}:11.{rng.randrange(999):03d}Z INFO req={values.text_of(rng, values.HEX, 16)} {key}="
            )
            out.value(value, kind)
            out.put(" status=200\n")
        elif form == "csv":
            out.put(f"id,{key},active\n{rng.randrange(10**7)},")
            out.value(value, kind)
            out.put(",true\n")
        elif form == "env":
            out.put(f'export {key.upper()}="')
            out.value(value, kind)
            out.put('"\n')
        else:
            out.put(f"- {key}: ")
            out.value(value, kind)
            out.put(f"\n  seen: {rng.randrange(100)}\n")
    if form == "json":
        out.put(', "ok": true}')
    return out.document("agent")


def disguised(rng: random.Random, kind: str, value: str) -> str:
    """Return the value, changed at the level of characters, separators or encoding."""
    ways = [
        lambda: "\u200b".join(value[at : at + 3] for at in range(0, len(value), 3)),
        lambda: base64.b64encode(f"data {value} end".encode()).decode(),
    ]
    if kind == "email":
        name, _, host = value.partition("@")
        spelt = host.replace(".", " dot ")
        ways += [
            lambda: f"{name} at {spelt}", lambda: f"{name} [at] {host.replace('.', ' [dot] ')}", lambda: f"{name}(at){host}", lambda: value.replace("@", " @ "), lambda: value.replace("@", "%40"), lambda: value.replace("@", "\uff20"),
            lambda: value.replace("@", "&#64;"),
        ]  # fmt: skip
    if kind in {"card", "ssn", "phone", "national_id"} and value.replace(" ", "").replace("-", "").isdigit():
        plain = value.replace(" ", "").replace("-", "")
        ways += [
            lambda: " ".join(plain),
            lambda: value.translate(_WIDE),
            lambda: "-".join(plain),
            lambda: value.replace(" ", "\u00a0").replace("-", "\u2011"),
            lambda: plain.translate(_WIDE),
        ]
    if kind == "ip" and "." in value:
        ways += [
            lambda: value.replace(".", "[.]"),
            lambda: value.translate(_WIDE),
            lambda: value.replace(".", " . "),
            lambda: value.replace(".", "[dot]"),
        ]
    if kind == "iban":
        plain = value.replace(" ", "")
        ways += [
            lambda: " ".join(plain),
            lambda: "-".join(plain[at : at + 4] for at in range(0, len(plain), 4)),
            lambda: plain.lower(),
            lambda: plain.translate(_WIDE),
        ]
    return rng.choice(ways)()


def obfuscated(rng: random.Random) -> Document:
    """Values written so that a pattern misses them."""
    out = Writer()
    kind = rng.choice(KINDS)
    value, pattern = sample(rng, kind)
    out.put(rng.choice(FILLER) + " ")
    out.lead(pattern, disguised(rng, kind, value), kind)
    out.put(". " + rng.choice(FILLER))
    return out.document("obfuscated")


def negative(rng: random.Random) -> Document:
    """Nothing private, much that looks like it."""
    parts = [rng.choice(FILLER), values.lookalike(rng), rng.choice(FILLER), values.lookalike(rng)]
    return Document("negative", "\n".join(parts), ())


def documents(seed: int = 1, count: int = 4_000) -> Iterator[Document]:
    """Return the corpus; a quarter of each tier."""
    rng = random.Random(seed)
    makers = (clean, agent, obfuscated, negative)
    for number in range(count):
        yield makers[number % len(makers)](rng)
