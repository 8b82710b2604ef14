"""The house: a first start makes what is missing, a second one nothing, and a wrong key opens nothing."""

import base64
import os
import shutil
import stat
from pathlib import Path

import pytest

from audit.errors import BookError, FolderLocked, KeyMissing
from gateway.config import load
from gateway.house import HouseError, open_house
from limits.clock import ManualClock
from tests.gateway.operator import opened, write_config
from tests.servers.live import Postgres


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_first_start_makes_folder_keys_and_one_admin_key_and_a_second_start_nothing(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    with opened(path) as operator:
        token = operator.house.admin_token
        assert token is not None
        key = operator.directory.key_of(token)
        assert key is not None
        assert (key.role, key.tenant.id) == ("admin", "house")
        assert len(operator.house.made) == 3
        assert token not in "".join(operator.records()) + repr(operator.house)
    folder = tmp_path / "tollhouse-data"
    assert mode(folder) == 0o700
    assert mode(folder / "signing.key") == mode(tmp_path / "tollhouse-data.master.key") == 0o600
    with opened(path) as operator:
        assert operator.house.admin_token is None
        assert operator.house.made == ()
        assert operator.directory.key_of(token) is not None


def test_the_text_of_a_key_is_nowhere_in_the_folder(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        secret = (operator.house.admin_token or "")[-30:].encode()  # dashes may be part of it
    for file in (tmp_path / "tollhouse-data").iterdir():
        assert secret not in file.read_bytes()


def test_a_second_owner_is_refused_with_the_firsts_process_id(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    with opened(path), pytest.raises(FolderLocked, match=str(os.getpid())):
        open_house(load(path), ManualClock())


def test_a_folder_that_was_used_does_not_get_new_keys_in_silence(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    with opened(path):
        pass
    master = tmp_path / "tollhouse-data.master.key"
    kept = master.rename(tmp_path / "kept")
    with pytest.raises(HouseError, match="put it back"):
        open_house(load(path), ManualClock())
    kept.rename(master)
    (tmp_path / "tollhouse-data" / "signing.key").unlink()
    with pytest.raises(HouseError, match="put the key back"):
        open_house(load(path), ManualClock())


def test_a_master_key_has_256_bits_in_base64_and_is_read_by_its_owner_only(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    path.write_text(path.read_text() + "master_key: file/master\n")
    master = tmp_path / "master"
    for wrong in ("short", base64.b64encode(b"x" * 31).decode(), "é" * 44):
        master.write_text(wrong)
        with pytest.raises(HouseError, match="32 bytes in base64"):
            open_house(load(path), ManualClock())
    master.write_bytes(base64.b64encode(b"x" * 32))
    with opened(path) as operator:
        assert operator.house.master_key == b"x" * 32
    config = load(path, secrets=False)
    master.unlink()
    with pytest.raises(HouseError, match="No such file"):
        open_house(config, ManualClock())
    path.write_text(path.read_text().replace("master_key: file/master\n", ""))
    made = tmp_path / "tollhouse-data.master.key"
    made.write_bytes(base64.b64encode(b"x" * 32))
    made.chmod(0o644)
    with pytest.raises(KeyMissing, match="read by others"):
        open_house(load(path), ManualClock())


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = write_config(tmp_path, "folder: file/below")
    with pytest.raises(HouseError, match="cannot be made"):
        open_house(load(path), ManualClock())


def test_what_goes_wrong_after_the_lock_gives_the_lock_back(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    with opened(path) as operator:
        operator.house.book.change_now([("UPDATE state_meta SET value = 99", ())])
    for _ in range(2):
        with pytest.raises(Exception, match="version 99"):
            open_house(load(path), ManualClock())


def test_what_is_refused_at_a_start_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_config(tmp_path)
    with opened(path) as operator:
        operator.house.book.change_now([("UPDATE state_key SET profile = 'gone'", ())])
    with opened(path) as operator:
        assert operator.house.admin_token is not None
    assert "no longer has its profile gone" in caplog.text


def shared(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOLLHOUSE_POSTGRES", url)
    monkeypatch.setenv("TOLLHOUSE_REDIS", "redis://127.0.0.1:1/0")
    folder.mkdir(exist_ok=True)
    return write_config(folder, "shared: {postgres: env/TOLLHOUSE_POSTGRES, redis: env/TOLLHOUSE_REDIS}")


def test_houses_that_share_a_server_have_one_book_and_the_same_keys(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database()
    first, second = (shared(tmp_path / name, url, monkeypatch) for name in ("first", "second"))
    with opened(first) as operator:
        token = operator.house.admin_token
        assert token is not None
        assert not (first.parent / "tollhouse-data" / "book.sqlite").exists()
        shutil.copytree(first.parent, second.parent, dirs_exist_ok=True)
        with opened(second) as other:
            assert other.house.admin_token is None
            assert other.directory.key_of(token) is not None
            assert other.house.book.origin == operator.house.book.origin
    with pytest.raises(BookError, match="expected"), opened(shared(tmp_path / "third", url, monkeypatch)):
        pass


def test_an_address_that_is_none_of_postgresql_is_refused_without_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shared(tmp_path / "one", "mysql://root:hunter2@localhost", monkeypatch)
    with pytest.raises(HouseError, match="env/TOLLHOUSE_POSTGRES is no postgresql:// address") as refused:
        open_house(load(path), ManualClock())
    assert "hunter2" not in str(refused.value)
