"""Sockets that were bound before the application was made, and which worker serves them, if it is one of several."""

import socket
from dataclasses import dataclass

from .workers import Worker


@dataclass(frozen=True, slots=True)
class Bound:
    """For clients, for operators on a port of their own, for operators of this machine; None: the application binds."""

    clients: socket.socket | None = None
    admin: socket.socket | None = None
    local: socket.socket | None = None
    worker: Worker | None = None

    def close(self) -> None:
        """Close all."""
        for each in (self.clients, self.admin, self.local):
            if each is not None:
                each.close()
