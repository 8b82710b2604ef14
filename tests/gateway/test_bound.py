"""Sockets that were bound early are closed together."""

from gateway.bound import Bound
from gateway.server import listen


def test_closing_closes_all_that_are_there() -> None:
    clients = listen("127.0.0.1", 0)
    bound = Bound(clients)
    bound.close()
    bound.close()
    assert clients.fileno() == -1
