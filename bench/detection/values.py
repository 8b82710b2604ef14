# ruff: noqa: E501, E731, SIM905, UP030, Q003 - tables of samples
"""Random values of every kind, valid by their own checks, and look-alikes that are none. Seeded by the caller."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable

from gateway.guards.kinds import checks_europe as europe
from gateway.guards.kinds import checks_world as world
from gateway.guards.kinds.checksums import luhn

FIRST = (
    "anna bob carla david elena farid greta hiro ines jan kofi lucia marek nadia olga pedro qing rosa sven tara".split()
)
LAST = "smith mueller garcia rossi tanaka novak dubois silva kowalski jensen okafor patel ivanov yilmaz haddad".split()
HOSTS = "example.com mail.example.org acme.io corp.example.net uni-bonn.de orange.fr posteo.net firma.co.uk empresa.com.br".split()
B62 = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def text_of(rng: random.Random, alphabet: str, size: int) -> str:
    """Characters drawn from an alphabet."""
    return "".join(rng.choices(alphabet, k=size))


def digits(rng: random.Random, size: int) -> str:
    """Digits that do not begin with zero."""
    return rng.choice("123456789") + text_of(rng, string.digits, size - 1)


def until(rng: random.Random, size: int, valid: object, prefix: str = "") -> str:
    """Return a number of `size` digits that passes a check."""
    while True:
        number = prefix + text_of(rng, string.digits, size - len(prefix))
        if callable(valid) and valid(number):
            return number


def with_luhn(body: str) -> str:
    """Return the body and its check digit."""
    return next(body + char for char in string.digits if luhn(body + char))


def email(rng: random.Random) -> str:
    """Return an address."""
    name = rng.choice(["{f}.{l}", "{f}{n}", "{f}_{l}", "{f}.{l}+news", "{l}-{f}", "{f}"])
    return name.format(f=rng.choice(FIRST), l=rng.choice(LAST), n=rng.randrange(99)) + "@" + rng.choice(HOSTS)


def phone(rng: random.Random) -> str:
    """Return a number as people of some country write it."""
    d: Callable[[int], str] = lambda n: text_of(rng, string.digits, n)
    nanp = f"{rng.randrange(201, 989)}", f"{rng.randrange(200, 999)}", d(4)
    return rng.choice(
        [
            "+1 {0}-{1}-{2}".format(*nanp), "({0}) {1}-{2}".format(*nanp), "{0}-{1}-{2}".format(*nanp), "{0}.{1}.{2}".format(*nanp),
            f"+44 20 {digits(rng, 4)} {d(4)}", f"07{digits(rng, 3)} {d(6)}", f"+49 30 {digits(rng, 7)}", f"+49 (0) 171 {digits(rng, 7)}",
            f"+33 6 {d(2)} {d(2)} {d(2)} {d(2)}", f"06 {d(2)} {d(2)} {d(2)} {d(2)}", f"+34 6{d(2)} {d(3)} {d(3)}", f"+55 (11) 9{d(4)}-{d(4)}",
            f"+81 90-{digits(rng, 4)}-{d(4)}", f"+91 9{d(4)} {d(5)}", f"+48 {digits(rng, 3)} {d(3)} {d(3)}", f"030/{digits(rng, 8)}",
        ]
    )  # fmt: skip


def card(rng: random.Random) -> str:
    """Return a card number of a real network's range."""
    prefix, size = rng.choice(
        [
            ("4", 16),
            ("51", 16),
            ("55", 16),
            ("2300", 16),
            ("34", 15),
            ("37", 15),
            ("6011", 16),
            ("3530", 16),
            ("36", 14),
        ]
    )
    number = with_luhn(prefix + text_of(rng, string.digits, size - len(prefix) - 1))
    if size == 16 and rng.random() < 0.6:
        return rng.choice(" -").join(number[at : at + 4] for at in range(0, 16, 4))
    return number


def iban(rng: random.Random) -> str:
    """Return an IBAN of a few countries, grouped or not."""
    country, size = rng.choice(
        [
            ("DE", 22),
            ("FR", 27),
            ("GB", 22),
            ("ES", 24),
            ("NL", 18),
            ("IT", 27),
            ("PL", 28),
            ("AT", 20),
            ("CH", 21),
            ("NO", 15),
        ]
    )
    body = text_of(rng, string.digits, size - 4)
    if country in {"GB", "NL"}:
        body = text_of(rng, string.ascii_uppercase, 4) + body[4:]
    plain = int("".join(str(int(char, 36)) for char in body + country + "00"))
    number = f"{country}{98 - plain % 97:02d}{body}"
    return " ".join(number[at : at + 4] for at in range(0, size, 4)) if rng.random() < 0.5 else number


def ssn(rng: random.Random) -> str:
    """Return a number the SSA could give."""
    return f"{rng.choice([*range(1, 666), *range(667, 900)]):03d}-{rng.randrange(1, 100):02d}-{rng.randrange(1, 10_000):04d}"


def ip(rng: random.Random) -> str:
    """Return an IPv4 or IPv6 address."""
    if rng.random() < 0.3:
        return (
            "2001:db8:" + ":".join(f"{rng.randrange(1, 65536):x}" for _ in range(6))
            if rng.random() < 0.5
            else f"fe80::{rng.randrange(4096, 65536):x}:{rng.randrange(1, 65536):x}"
        )
    return ".".join(str(rng.randrange(1, 255)) for _ in range(4))


def national_id(rng: random.Random) -> tuple[str, str]:
    """Return a number and the word people put before it."""
    day = f"{rng.randrange(50, 99)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
    cut: Callable[..., tuple[str, ...]] = lambda number, *at: tuple(
        number[a:b] for a, b in zip((0, *at), (*at, None), strict=True)
    )
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    number = rng.randrange(10_000_000, 99_999_999)
    made: list[Callable[[], tuple[str, str]]] = [
            lambda: ("{}.{}.{}-{}".format(*cut(until(rng, 11, world.br_cpf), 3, 6, 9)), "CPF"),
            lambda: (until(rng, 11, world.br_cpf), "CPF"),
            lambda: (f"{number}{letters[number % 23]}", "DNI"),
            lambda: (until(rng, 11, europe.pl_pesel, day), "PESEL"),
            lambda: ("{}-{}".format(*cut(until(rng, 10, europe.se_pnr, day), 6)), "personnummer"),
            lambda: (until(rng, 15, europe.fr_nir, "1" + day[:4]), "numéro de sécurité sociale"),
            lambda: (until(rng, 9, europe.nl_bsn), "BSN"),
            lambda: ("{} {} {}".format(*cut(until(rng, 12, world.in_aadhaar), 4, 8)), "Aadhaar"),
            lambda: (until(rng, 11, europe.de_idnr), "Steuer-ID"),
            lambda: (until(rng, 18, world.cn_ric, f"11010519{day}"), "身份证号"),
            lambda: (until(rng, 11, world.tr_kimlik), "TC kimlik no"),
            lambda: (until(rng, 13, world.za_id, day), "SA ID"),
            lambda: ("{} {} {}".format(*cut(until(rng, 9, world.ca_sin), 3, 6)), "SIN"),
            lambda: ("{} {} {}".format(*cut(until(rng, 10, europe.gb_nhs), 3, 6)), "NHS number"),
            lambda: (f"{rng.choice(['AB', 'JK', 'PW'])} {number // 1000000} {number % 100:02d} {number % 89 + 10} {rng.choice('ABCD')}", "National Insurance number"),
            lambda: ("{}-{}".format(*cut(until(rng, 13, world.kr_rrn, day), 6)), "주민등록번호"),
            lambda: ("{}.{}.{}-{}.{}".format(*cut(until(rng, 11, europe.be_nn, day), 2, 4, 6, 9)), "rijksregisternummer"),
            lambda: (until(rng, 11, europe.no_fnr, day[4:] + day[2:4] + day[:2]), "fødselsnummer"),
            lambda: (until(rng, 13, europe.ro_cnp, "1" + day), "CNP"),
            lambda: (until(rng, 12, world.jp_my_number), "マイナンバー"),
        ]  # fmt: skip
    return rng.choice(made)()


def secret(rng: random.Random) -> tuple[str, str]:
    """Return a secret and what stands before it (empty for tokens that tell themselves)."""
    b: Callable[[int], str] = lambda n: text_of(rng, B62, n)
    h: Callable[[int], str] = lambda n: text_of(rng, HEX, n)
    seg: Callable[[int], str] = lambda n: base64.urlsafe_b64encode(rng.randbytes(n)).decode().rstrip("=")
    made: list[Callable[[], tuple[str, str]]] = [
            lambda: ("ghp_" + b(36), ""), lambda: ("AKIA" + text_of(rng, string.ascii_uppercase + "234567", 16), ""), lambda: ("sk_live_" + b(24), ""),
            lambda: ("sk-proj-" + b(48) + "7", ""), lambda: (f"xoxb-{digits(rng, 12)}-{b(24)}", ""), lambda: ("AIza" + b(35), ""),
            lambda: ("glpat-" + b(20), ""), lambda: (f"SG.{b(22)}.{b(43)}", ""), lambda: ("npm_" + b(36), ""), lambda: ("hf_" + b(34), ""),
            lambda: ("sk-ant-api03-" + b(93) + "AA", ""), lambda: ("dop_v1_" + h(64), ""), lambda: ("shpat_" + h(32), ""),
            lambda: ("eyJhbGciOiJIUzI1NiJ9." + "eyJ" + seg(30) + "." + seg(32), ""),
            lambda: (f"-----BEGIN RSA PRIVATE KEY-----\n{b(64)}\n{b(64)}\n-----END RSA PRIVATE KEY-----", ""),
            lambda: (b(12) + "!7a", "password: "), lambda: (b(32) + "4", "api_key="), lambda: (h(40), "client_secret: "), lambda: (b(40) + "1", "Authorization: Bearer "),
            lambda: (b(38) + "/9", "aws_secret_access_key = "), lambda: (b(10) + "#2x", "DB_PASSWORD="), lambda: (seg(24) + "5", "access token is "),
        ]  # fmt: skip
    return rng.choice(made)()


def lookalike(rng: random.Random) -> str:
    """Something that is private to nobody, and near to what is."""
    d: Callable[[int], str] = lambda n: digits(rng, n)
    h: Callable[[int], str] = lambda n: text_of(rng, HEX, n)
    bad = d(15)
    bad_card = next("4" + bad[1:] + char for char in string.digits if not luhn("4" + bad[1:] + char))
    made: list[Callable[[], str]] = [
            lambda: f"order {d(rng.choice([8, 10, 12, 14, 16]))} has shipped", lambda: f"tracking number {bad_card}", lambda: f"request id {h(8)}-{h(4)}-4{h(3)}-a{h(3)}-{h(12)}",
            lambda: f"commit {h(40)}", lambda: f"sha256:{h(64)}", lambda: f"at {rng.randrange(1_600_000_000, 1_800_000_000)} the job ended", lambda: f"ts={rng.randrange(1_600_000_000_000, 1_800_000_000_000)}",
            lambda: f"upgrade to v{rng.randrange(9)}.{rng.randrange(20)}.{rng.randrange(30)}.{rng.randrange(400)}", lambda: f"Chrome/{rng.randrange(90, 130)}.0.{rng.randrange(4000, 6000)}.{rng.randrange(200)}",
            lambda: f"version {rng.randrange(9)}.{rng.randrange(20)}.{rng.randrange(30)}.{rng.randrange(200)} is out", lambda: f"ISBN 978-{d(1)}-{d(3)}-{d(5)}-{d(1)}", lambda: f"ISBN 978{d(10)}",
            lambda: f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}.{d(6)}Z",
            lambda: f"def f(x): return x[{d(3)}:{d(4)}] @ w.T  # see PEP {d(3)}", lambda: f"std::vector<int> v = {{{d(4)}, {d(4)}, {d(4)}, {d(4)}}};", lambda: "password: string; token?: string | null",
            lambda: "api_key = os.environ['API_KEY']", lambda: "set password=${DB_PASSWORD} first", lambda: f"invoice INV-{d(4)}-{d(6)}", lambda: f"SKU {text_of(rng, string.ascii_uppercase, 3)}-{d(5)}-{d(3)}",
            lambda: "git@github.com:org/repo.git", lambda: f"logo@2x.png and icon-{d(4)}.svg", lambda: f"pi is 3.14159265358979 and e 2.{d(15)}", lambda: f"the total was {d(3)},{d(3)},{d(3)}.{d(2)} EUR",
            lambda: f"ticket #{d(7)} closes PR {d(5)}", lambda: f"EAN {d(13)}", lambda: f"model GPT-4-{d(4)}-preview", lambda: f"etag \"{h(32)}\"", lambda: f"lat 52.{d(6)}, lon 13.{d(6)}", lambda: f"rows {d(4)}-{d(4)} of {d(7)}",
            lambda: f"127.0.0.1:{d(4)} and 0.0.0.0", lambda: f"section {rng.randrange(1, 9)}.{rng.randrange(1, 9)}.{rng.randrange(1, 9)}.{rng.randrange(1, 9)}", lambda: "the token limit is 128000 tokens", lambda: "your password is required, reset it at the login page",
            lambda: "we met at dot com times in the bar at noon", lambda: f"part no 5{d(2)}-{d(3)}-{d(2)}", lambda: f"port {d(5)} pid {d(6)}", lambda: f"build {d(8)}.{d(3)}", lambda: "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
            lambda: f"npm i left-pad@{rng.randrange(9)}.{rng.randrange(9)}.0", lambda: "@app.route('/users') and user@host", lambda: f"serial SN{d(10)}", lambda: f"temperature 0.{d(8)}", lambda: f"0x{h(8)} segfault at {h(12)}",
        ]  # fmt: skip
    return rng.choice(made)()
