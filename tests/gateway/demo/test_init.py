import pytest

from gateway import demo


def test_without_the_official_client_it_says_so_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(client="a_package_that_is_not_there") == 1
    assert "make demo" in capsys.readouterr().err
