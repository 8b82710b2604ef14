"""A tool as anybody writes it: a plain function with types and a docstring. It knows nothing of any gateway."""

COMPLAINTS = ("the invoice came late", "the invoice came twice", "the parcel was wet", "nobody answers the phone")


def read_ticket(number: int) -> str:
    """Read a ticket.

    Args:
        number: the ticket's number
    """
    return (
        f"Ticket {number}: {COMPLAINTS[number % len(COMPLAINTS)]}. "
        + "Customer 4711 paid 18.40 euros on 3 May, and waits. " * 40
    )
