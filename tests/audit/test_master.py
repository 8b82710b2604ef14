"""master."""


def test_a_master_key_comes_from_a_file_the_environment_or_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = MasterKey.create(tmp_path / "master")
    wrapped = made.wrap(b"secret", b"a")
    monkeypatch.setenv("MASTER", (tmp_path / "master").read_text())
    for source in (f"file/{tmp_path}/master", "env/MASTER", f"command/cat {tmp_path}/master"):
        assert MasterKey.load(source).unwrap(wrapped, b"a") == b"secret"
    with pytest.raises(KeyMissing, match="does not open"):
        made.unwrap(wrapped, b"b")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("env/TOLLHOUSE_NOT_SET", "does not give 32 bytes"),
        ("env/SHORT", "does not give 32 bytes"),
        ("env/NO_BASE64", "does not give 32 bytes"),
        ("command/false", "command for the master key failed"),
        ("command/no-such-program", "command for the master key failed"),
        ("vault/secret", "not from 'vault/secret'"),
    ],
)
def test_a_master_key_that_is_not_there_is_refused(source: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", base64.b64encode(b"short").decode())
    monkeypatch.setenv("NO_BASE64", "!")
    with pytest.raises(KeyMissing, match=words):
        MasterKey.load(source)
