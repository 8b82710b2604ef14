"""What the book raises. Every message says what happened, with the figures, to a person who has to act on it.

BookError
├── BookUnavailable    it cannot be written now: the caller answers 503 and sends nothing upstream
├── RecordRefused      this record breaks a rule of the format (type, size); others are not affected
├── StatementFailed    a state change of this append was refused by the database; nothing of this append was kept
├── Fenced             what the append rests on was replaced meanwhile (`Book.fence`); nothing of it was kept
├── BookDamaged        what is stored contradicts itself; the book is not opened for writing
├── FolderLocked       another process owns the folder
├── NoteRefused        a signed note, checkpoint, head or key text is malformed or not signed by the key
├── ProofRefused       an inclusion or consistency proof does not hold
├── KeyMissing         a master, wrapping or signing key is absent, unreadable or wrong
└── Shredded           the payload's key was destroyed
"""


class BookError(Exception):
    """Anything the book refuses or fails at."""


class BookUnavailable(BookError):
    """The book cannot be written at this moment; nothing of the append may be taken as kept."""


class RecordRefused(BookError):
    """A record that the format does not allow: wrong types, too large, a reserved field."""


class StatementFailed(BookError):
    """A state change was refused by the database (a constraint, for example); `__cause__` is its error."""


class Fenced(BookError):
    """The append names a generation that has ended: whatever granted it is not to be trusted any more."""


class BookDamaged(BookError):
    """Stored hashes, records and checkpoints contradict each other."""


class FolderLocked(BookError):
    """Another process holds the folder's lock."""


class NoteRefused(BookError):
    """A note, checkpoint, head or key text is malformed, or no known key signed it."""


class ProofRefused(BookError):
    """A Merkle proof does not lead to the expected root."""


class KeyMissing(BookError):
    """A key is absent, unreadable, of the wrong form, or does not open what it should."""


class Shredded(BookError):
    """The key of this payload was destroyed; its content is gone for good."""
