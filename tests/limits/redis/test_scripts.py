import pytest

from limits.redis.scripts import key_of, scripts


def test_a_call_is_one_command_with_one_key_and_one_packed_argument() -> None:
    script = scripts()["hold"]
    sent = script.call(key_of("acme"), ["7", 2**53])
    assert sent.startswith(b"*5\r\n$7\r\nEVALSHA\r\n$40\r\n" + script.sha.encode())
    assert b"$1\r\n1\r\n$11\r\nth:{acme}:g\r\n" in sent


def test_every_script_of_the_ledger_begins_with_the_check_of_the_generation() -> None:
    ledger = [script for name, script in scripts().items() if name not in ("breaker", "enter", "leave")]
    for script in ledger:
        assert script.text.index("error_reply('STALE ") < script.text.index("local function account(")


def test_a_tenant_that_would_break_out_of_its_slot_is_refused() -> None:
    with pytest.raises(ValueError, match="no braces"):
        key_of("a}b")
