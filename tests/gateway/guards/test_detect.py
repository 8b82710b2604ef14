# ruff: noqa: RUF001, E501 - odd characters are the subject; a sample is one line
"""What is found in texts as people and programs write them, and what is left alone."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.guards import Detector
from gateway.guards.policy import KINDS

DETECTOR = Detector()
ALL = frozenset(KINDS)


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in DETECTOR.scan(text, ALL)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("mail joe.doe+x@mail.example.co.uk now", "email", "joe.doe+x@mail.example.co.uk"),
        ("to jörg@müller.de", "email", "jörg@müller.de"),
        ("?email=joe%40example.org&x=1", "email", "joe%40example.org"),
        ("joe at example dot org", "email", "joe at example dot org"),
        ("joe.doe [at] example [dot] org", "email", "joe.doe [at] example [dot] org"),
        ("ｊｏｅ＠ｅｘａｍｐｌｅ．ｏｒｇ", "email", "ｊｏｅ＠ｅｘａｍｐｌｅ．ｏｒｇ"),
        ("jo\u200be@exam\u200bple.org", "email", "jo\u200be@exam\u200bple.org"),
        ("call +1 (415) 555-2671", "phone", "+1 (415) 555-2671"),
        ("415-555-2671", "phone", "415-555-2671"),
        ("06 12 34 56 78", "phone", "06 12 34 56 78"),
        ("phone: 5552671", "phone", "5552671"),
        ('{"mobile": "4155552671"}', "phone", "4155552671"),
        ("电话13800138000。", "phone", "13800138000"),
        ("4111111111111111", "card", "4111111111111111"),
        ("3782 822463 10005", "card", "3782 822463 10005"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "card", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
        ("４１１１-１１１１-１１１１-１１１１", "card", "４１１１-１１１１-１１１１-１１１１"),
        ("DE89 3704 0044 0532 0130 00", "iban", "DE89 3704 0044 0532 0130 00"),
        ("gb82west12345698765432", "iban", "gb82west12345698765432"),
        ("ssn 219-09-9999", "ssn", "219-09-9999"),
        ("my social security number is 219099999", "ssn", "219099999"),
        ("from 203.0.113.7:8080", "ip", "203.0.113.7"),
        ("host 203[.]0[.]113[.]7", "ip", "203[.]0[.]113[.]7"),
        ("at 2001:db8::8a2e:370:7334.", "ip", "2001:db8::8a2e:370:7334"),
        ("mac 00:1b:44:11:3a:b7", "mac", "00:1b:44:11:3a:b7"),
        ("postgres://bob:s3cret!@db.example.com/x", "login", "bob:s3cret!"),
        ("born on 12 March 1980 in Rome", "birth_date", "12 March 1980"),
        ('"date_of_birth": "1980-03-12"', "birth_date", "1980-03-12"),
        ("passport number C01X00T47", "passport", "C01X00T47"),
        ("driver's license: D1234567", "licence", "D1234567"),
        ("pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "wallet", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "wallet", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        ("0x52908400098527886E0F7030069857D2E4169EE7", "wallet", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("password: hunter2!", "secret", "hunter2!"),
        ("DB_PASSWORD='c0rrect-horse'", "secret", "c0rrect-horse"),
        ("Authorization: Bearer abc123def456ghi789", "secret", "abc123def456ghi789"),
        ("AccountKey=YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY3ODkw==;", "secret", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY3ODkw=="),
    ],
)  # fmt: skip
def test_values_are_found_whole(text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("CPF 529.982.247-25", "br_cpf"), ("DNI 12345678Z", "es_dni"), ("RSSMRA85T10A562S", "it_cf"), ("PESEL 44051401359", "pl_pesel"),
        ("BSN: 111222333", "nl_bsn"), ("Aadhaar 2341 2341 2346", "in_aadhaar"), ("Steuer-ID 86095742719", "de_idnr"), ("身份证 11010519491231002X", "cn_ric"),
        ("personnummer 811218-9876", "se_pnr"), ("hetu 131052-308T", "fi_hetu"), ("SIN 046 454 286", "ca_sin"), ("NHS number 943 476 5919", "gb_nhs"),
        ("AB 12 34 56 C", "gb_nino"), ("RUT 12.345.678-5", "cl_rut"), ("756.9217.0769.85", "ch_ahv"), ("TC kimlik 10000000146", "tr_kimlik"),
        ("S1234567D", "sg_nric"), ("A123456789", "tw_id"), ("HKID A123456(3)", "hk_id"), ("SA ID 8001015009087", "za_id"), ("TFN 123456782", "au_tfn"),
        ("ABN 51 824 753 556", "au_abn"), ("ИНН 7707083893", "ru_inn"), ("СНИЛС 112-233-445 95", "ru_snils"), ("CUIT 20-12345678-6", "ar_cuit"),
        ("OIB 33392005961", "hr_oib"), ("isikukood 37605030299", "ee_ik"), ("CNP 1630615123457", "ro_cnp"), ("rodné číslo 710319/2745", "cz_rc"),
        ("fødselsnummer 01010750160", "no_fnr"), ("CPR 070761-4285", "dk_cpr"), ("1234567T", ""), ("NIF 123456789", "pt_nif"),
        ("주민등록번호 880101-1234567", "kr_rrn"), ("rijksregister 85.07.30-033.28", "be_nn"), ("EIN 12-3456789", "us_ein"), ("GSTIN 27AAPFU0939F1ZV", "in_gstin"),
    ],
)  # fmt: skip
def test_national_and_tax_numbers_are_told_by_country(text: str, rule: str) -> None:
    if rule:
        assert [hit.rule.partition(".")[2] for hit in DETECTOR.scan(text, ALL)] == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112 shipped", "550e8400-e29b-41d4-a716-446655440000", "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "2024-03-12T10:33:21.123456Z", "ts 1700000000 and 1700000000000", "v1.2.3.4", "version 10.0.19041.1", "Chrome/120.0.6099.109",
        "ISBN 978-0-306-40615-7", "std::vector<int> v", "git@github.com:org/repo.git", "icon@2x.png", "password: string", "api_key = os.environ['KEY']",
        "the token limit is 128000", "pi is 3.14159265358979", "10:33:21", "we met at noon", "127.0.0.1", "$1,234,567.89", "see PEP 484 and RFC 9110",
        "x = a[1234:5678] @ b.T", "your password is required", "Server=tcp;Password=${PW}", "1/2/2024", "left-pad@1.3.0", "sha256:" + "ab" * 32,
    ],
)  # fmt: skip
def test_look_alikes_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_one_level_of_base64_is_looked_into_and_the_whole_run_is_the_span() -> None:
    run = base64.b64encode(b"to joe@example.org please").decode()
    assert found(f"data {run} end") == [("email", run)]
    assert found(base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(200))).decode()) == []


def test_a_long_table_of_years_or_amounts_is_no_number_of_anybody() -> None:
    assert found("years " + " ".join(str(year) for year in range(1990, 2060))) == []
    assert found("if call.total > 1_000_000 or size == 12_500_000:") == []


def test_a_hash_or_identifier_is_not_taken_for_encoded_text() -> None:
    assert (
        found(
            "550e8400-e29b-41d4-a716-446655440000 snake_case_name_of_something_long 9fceb02d0ae598e95dc970b74767f19372d61af8"
        )
        == []
    )


def test_overlapping_finds_become_one() -> None:
    assert found("postgres://u:p4ss@x.example.org/db")[0] == ("login", "u:p4ss")
    assert len(found("IBAN DE89370400440532013000")) == 1


def test_kinds_that_are_not_asked_for_are_not_told() -> None:
    assert DETECTOR.scan("joe@example.org", frozenset({"phone"})) == []


@pytest.mark.parametrize(
    "unit",
    ["a", "1", "1 2 3 ", "1234 ", "(1 2 3", "+1 ", "(", "a@", " at a", "a dot b at ", "DE89 ", "-----BEGIN PRIVATE KEY-----", "password=", "eyJ", "QUJD", "a:", "1.", "\u200b4", "中", "sk-", "::", "://a:"],
)  # fmt: skip
def test_no_input_is_slow(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    DETECTOR.scan(text, ALL)
    assert time.process_time() - began < 4


def test_replacing_a_value_in_json_text_leaves_its_escapes_whole() -> None:
    assert found(r'{"a": "line\njoe@example.org\ttom@example.org"}') == [
        ("email", "joe@example.org"),
        ("email", "tom@example.org"),
    ]


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=st.sampled_from('0123456789+-./() @aAxX:\n="%é４\u200b'), max_size=60))
def test_no_text_breaks_the_detector_and_every_hit_lies_in_it(text: str) -> None:
    last = 0
    for hit in DETECTOR.scan(text, ALL):
        assert last <= hit.start < hit.end <= len(text)
        last = hit.end
