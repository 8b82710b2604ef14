"""Questions to approvers as rows of `state`: what a call asks with is sealed, the rest is plain."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import orjson

from audit.master import MasterKey

from .state.upsert import upsert
from .tools.approval import Approval

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Statement = tuple[str, tuple[Any, ...]]
_COLUMNS = (
    *("id", "tenant", "key", "run", "tool", "call", "arguments", "policy", "rule", "made_us", "expires_us"),
    *("status", "decided_by", "reply", "sealed"),
)
_PUT = upsert("state_approval", ", ".join(_COLUMNS), "id")
_SEALED = ("masked", "arguments", "schema", "approvers", "patches", "edited_key")


class ApprovalRows:
    """Writes and reads questions; `cipher` seals arguments, their schema and their edited form."""

    def __init__(self, cipher: MasterKey) -> None:
        self._cipher = cipher

    def load(self, query: Query, now_us: int) -> list[Approval]:
        """Return the questions that have not expired, oldest first."""
        select = f"SELECT {', '.join(_COLUMNS)} FROM state_approval WHERE expires_us > ? ORDER BY made_us"  # noqa: S608 - ours
        return [self._read(row) for row in query(select, (now_us,))]

    def some(self, query: Query, ids: Collection[str]) -> list[Approval]:
        """Return the questions of these ids that are still there."""
        marks = ", ".join("?" * len(ids))
        select = f"SELECT {', '.join(_COLUMNS)} FROM state_approval WHERE id IN ({marks})"  # noqa: S608 - ours
        return [self._read(row) for row in query(select, tuple(ids))] if ids else []

    def _read(self, row: tuple[Any, ...]) -> Approval:
        said = dict(zip(_COLUMNS, row, strict=True))
        held = orjson.loads(self._cipher.unwrap(bytes(said["sealed"]), said["id"].encode()))
        return Approval(
            id=said["id"],
            tenant=said["tenant"],
            key_id=said["key"],
            run_id=said["run"],
            tool=said["tool"],
            call_id=said["call"],
            arguments_key=said["arguments"],
            policy=said["policy"],
            rule=said["rule"],
            made_us=said["made_us"],
            expires_us=said["expires_us"],
            status=said["status"],
            voices=tuple(said["decided_by"].split()) if said["decided_by"] else (),
            reply=said["reply"],
            **{**held, "patches": tuple(held["patches"])},
        )

    def put(self, approval: Approval) -> Statement:
        """Return the statement that makes a question stand as given."""
        each = approval
        held = orjson.dumps({name: getattr(each, name) for name in _SEALED})
        row = (
            *(each.id, each.tenant, each.key_id, each.run_id, each.tool, each.call_id, each.arguments_key),
            *(each.policy, each.rule, each.made_us, each.expires_us, each.status, " ".join(each.voices) or None),
            *(each.reply, self._cipher.wrap(held, each.id.encode())),
        )
        return _PUT, row
