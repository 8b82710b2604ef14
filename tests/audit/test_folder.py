"""folder."""


def edit_record(folder: Path) -> None:
    bundle = folder / tile_path(None, 1)
    entries = unpack_entries(bundle.read_bytes())
    entries[44] = entries[44].replace(b"c300", b"c999")
    bundle.write_bytes(pack_entries(entries))


def drop_record(folder: Path) -> None:
    bundle = folder / tile_path(None, 1)
    bundle.write_bytes(pack_entries(unpack_entries(bundle.read_bytes())[:-1]))


@pytest.mark.parametrize(
    ("attack", "kind"),
    [
        (edit_record, "altered"),
        (drop_record, "file"),
        (lambda folder: (folder / tile_path(None, 0)).unlink(), "file"),
        (lambda folder: (folder / tile_path(0, 0)).write_bytes(bytes(8192)), "tile"),
        (lambda folder: (folder / tile_path(0, 2, 88)).write_bytes(bytes(88 * 32)), "root"),
        (lambda folder: (folder / tile_path(0, 0)).write_bytes(b"short"), "file"),
    ],
)
def test_an_altered_folder_does_not_verify(folder: Path, attack: Callable[[Path], None], kind: str) -> None:
    attack(folder)
    verdict = verify_folder(folder, ORIGIN, [SIGNER.verifier])
    assert kind in {each.kind for each in verdict.problems}
    if attack is edit_record:
        assert verdict.altered() == [300]


def test_a_folder_without_a_checkpoint_of_the_known_key_is_refused(folder: Path) -> None:
    with pytest.raises(BookError, match="no checkpoint to verify against"):
        verify_folder(folder, ORIGIN, [Signer(ORIGIN, b"x" * 32).verifier])
    with pytest.raises(BookError, match="no checkpoint to verify against"):
        verify_folder(folder / "tile", ORIGIN, [SIGNER.verifier])
