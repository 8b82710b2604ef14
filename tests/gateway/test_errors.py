import inspect

from gateway import errors
from gateway.errors import TABLE, Ending, Failure, Refusal

_CLIENTS_REPEAT = {408, 409, 429}


def test_the_table_holds_every_ending_once() -> None:
    defined = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Ending) and kind not in (Ending, Refusal, Failure)
    }
    assert set(TABLE) == defined
    assert len(TABLE) == len(defined)


def test_a_refusal_that_is_final_has_no_status_that_clients_repeat() -> None:
    for kind in TABLE:
        if issubclass(kind, Refusal) and not kind.retry:
            assert kind.status not in _CLIENTS_REPEAT, kind
            assert kind.status < 500, kind


def test_codes_are_stable_names() -> None:
    for kind in TABLE:
        assert kind.code.replace("_", "").isalpha()
        assert kind.code == kind.code.lower()
