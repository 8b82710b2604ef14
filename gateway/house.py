"""The folder and who owns it: locks it, opens the book, makes on a first start what is missing, loads who is who.

<folder>/book.sqlite     the book and `state`           <folder>/signing.key(.pub)   signs the book's checkpoints
                         (or both on a PostgreSQL server, `shared`: then each process has a folder for the rest)
<folder>/owner.lock      held while it is served        <folder>/admin.sock          commands to the owner
<folder>.master.key      unless the file names another: never in the folder whose payloads it opens
"""

import base64
import logging
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from audit import record
from audit.book import Book
from audit.keeping import check_opens
from audit.keys import create_signing_key, load_signing_key, read_secret, write_secret
from audit.master import KEY_BYTES, MasterKey
from audit.note import Signer
from audit.place import File, Place
from limits.clock import Clock

from . import optional
from .config import Config
from .directory import Directory
from .directory.said import said_key
from .directory.tokens import digest, mint_key, run_secret
from .papers import HOUSE, Key
from .state import rows
from .state.feed import FEED_SCHEMA, LAST
from .state.load import load
from .state.schema import SCHEMA

log = logging.getLogger("tollhouse.house")

BOOK_NAME = "book.sqlite"
SIGNING_KEY_NAME = "signing.key"


class HouseError(Exception):
    """The folder cannot be used as it is; the sentence says why and what to do."""


@dataclass(slots=True)
class House:
    """An owned folder.

    `seen` is the last change of a shared `state` that the directory was loaded with; `made` says what a first start
    made, `admin_token` is the admin key that it made.
    """

    config: Config = field(repr=False)
    book: Book
    directory: Directory
    master_key: bytes = field(repr=False)
    signer: Signer = field(repr=False)
    made: tuple[str, ...] = ()
    admin_token: str | None = field(default=None, repr=False)
    complaints: Sequence[str] = ()
    seen: int = 0

    def close(self) -> None:
        """Write what is queued, sign a last checkpoint, give up the lock."""
        self.book.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_house(config: Config, clock: Clock) -> House:
    """Own the configuration's folder, making on a first start what is missing.

    Raises HouseError (master key), `audit.errors.BookError` (locked by another process, damaged, keys) and
    `gateway.state.load.StateUnreadable`. The caller closes what it got.
    """
    made: list[str] = []
    folder = config.folder
    if not folder.is_dir():
        try:
            folder.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise HouseError(f"the folder {folder} cannot be made: {error.strerror}") from None
        made.append(str(folder))
    signer = _signer(folder / SIGNING_KEY_NAME, made)
    master_key = _master_key(config, made)
    master = MasterKey(master_key)
    book = Book.open(place_of_book(config), signer=signer, now_us=clock.utc_us, schema=schema_of(config), master=master)
    try:
        check_opens(book, master)
        # Before the papers are read: what changes meanwhile is then read once more, and not missed.
        seen = 0 if config.shared is None else int(book.query(LAST)[0][0])
        standing = load(config, book.query, clock.utc_us())
        token = None
        if not any(key.role == "admin" for key in standing.keys.values()):
            public, token = mint_key()
            # Administrators speak under no policy: the profile is there because every key has one.
            key = Key(public, "first-admin", HOUSE, standing.profiles["default"], "admin")
            hashed, now = digest(token.encode()), clock.utc_us()
            change = {"object": "key", "id": key.id, "old": None, "new": said_key(key)}
            book.append_now(
                record.admin(actor="system", change=change, reason="first start"),
                tenant=HOUSE.id,
                statements=rows.put_key(key, hashed, now),
            )
            standing.keys[hashed] = key
        for complaint in standing.complaints:
            log.warning("%s", complaint)
        directory = Directory(standing, run_secret=run_secret(master_key), clock=clock, runs_max=config.bounds.runs_max)
    except BaseException:
        book.close()
        raise
    return House(config, book, directory, master_key, signer, tuple(made), token, standing.complaints, seen)


def place_of_book(config: Config) -> Place:
    """Return where a configuration's book and `state` lie. Raises HouseError if the address is none."""
    if config.shared is None:
        return File(config.folder / BOOK_NAME)
    url = config.shared.postgres.reveal()
    if not url.startswith(("postgresql://", "postgres://")):
        raise HouseError(f"shared.postgres: {config.shared.postgres.source} is no postgresql:// address")
    return optional.book_server(url)


def schema_of(config: Config) -> Sequence[str]:
    """Return the statements that make `state`."""
    return SCHEMA if config.shared is None else (*SCHEMA, *FEED_SCHEMA)


def _signer(path: Path, made: list[str]) -> Signer:
    if path.exists():
        return load_signing_key(path)
    if path.with_name(BOOK_NAME).exists():
        raise HouseError(f"{path} is missing, and the book beside it was signed with it; put the key back")
    signer = create_signing_key(path, f"tollhouse/{_host()}/{secrets.token_hex(4)}")
    made.append(f"{path} (signs the book; its public half for auditors: {path}.pub)")
    return signer


def _host() -> str:
    name = "".join(char for char in socket.gethostname() if char.isascii() and (char.isalnum() or char in "-."))
    return name or "host"


def _master_key(config: Config, made: list[str]) -> bytes:
    if config.master_key is not None:
        try:
            return _decoded(config.master_key.reveal(), config.master_key.source)
        except ValueError as error:
            raise HouseError(f"master_key: {error}") from None
    path = config.master_key_path
    if not path.exists():
        if (config.folder / BOOK_NAME).exists():
            raise HouseError(
                f"{path} is missing, but the folder was used with a master key; put it back, or name it as master_key"
            )
        write_secret(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        made.append(f"{path} (master key: keep it safe, and away from the folder)")
    return _decoded(read_secret(path).decode("ascii", "replace"), str(path))


def _decoded(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise HouseError(f"{source} does not give {KEY_BYTES} bytes in base64 (openssl rand -base64 {KEY_BYTES})")
    return key
