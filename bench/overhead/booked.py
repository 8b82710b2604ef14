"""What a gateway's book says of the calls that were just made, read from outside of it."""

import orjson

from audit.place import Place
from audit.reader import Reader


class NotBookedError(Exception):
    """The book does not hold what the gateway is measured for."""


def booked(book: Place, calls: int, *, contents: bool) -> str:
    """Return what the book holds of so many calls, for the table. Raises NotBookedError if it is not enough."""
    with Reader.open(book) as reader:
        records = [orjson.loads(body) for _, body in reader.records()]
        kept = reader.db.execute("SELECT count(*) FROM book_payload").fetchone()[0]
    found = {kind: sum(record["kind"] == kind for record in records) for kind in ("intent", "outcome")}
    if min(found.values()) < calls:
        raise NotBookedError(f"of {calls} calls the book has {found['intent']} intents, {found['outcome']} outcomes")
    if contents and kept < calls:
        raise NotBookedError(f"of {calls} calls the book has the contents of {kept}")
    return "2 records a call" + (", contents kept" if contents else "")
