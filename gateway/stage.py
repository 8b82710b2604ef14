"""What a stage is: a step of a call's life that may admit, inspect and settle.

`admit` runs down the list before anything is sent, `inspect` up the list for each event of the reply, `settle` up the
list once the call (or attempt) has ended: for each stage whose `admit` began, exactly once, also if another's fails.
A stage holds its collaborators and nothing of a call: what it must remember of one lives on the call. The pipeline
leaves out a method that a stage does not override, so an empty one costs nothing. `admit` and `settle` return
what they have, or something to await where they must wait: most calls wait for nothing but the book and the upstream.
"""

from collections.abc import Awaitable, Iterable

from .call import Attempt, Call, Event, Reply


class AskAgain(Exception):
    """Raised by `inspect`: ask the model once more, before anything was released.

    `answer` is the refused answer with its values restored (it is appended to the clear request), `message` says to the
    model what was wrong with it.
    """

    def __init__(self, answer: str, message: str) -> None:
        super().__init__(message)
        self.answer = answer
        self.message = message


class CallStage:
    """A stage of the CALL list: once a call."""

    def admit(self, call: Call) -> Reply | Awaitable[Reply | None] | None:
        """Let the call pass (None), answer in its stead (a Reply), or raise an Ending."""

    def inspect(self, call: Call, event: Event) -> Iterable[Event]:  # noqa: ARG002
        """Return what goes on in the event's place: the same, changed, none, or more."""
        return (event,)

    def inspect_batch(self, call: Call, events: list[Event]) -> list[Event]:
        """Inspect events that arrived together; a stage may override this where together is cheaper."""
        inspect = self.inspect
        return [after for event in events for after in inspect(call, event)]

    def settle(self, call: Call) -> Awaitable[None] | None:
        """Give back what was taken and note the outcome. Runs in a task that nobody cancels."""


class AttemptStage:
    """A stage of the ATTEMPT list: once for each billable send."""

    def admit(self, attempt: Attempt) -> Reply | Awaitable[Reply | None] | None:
        """Let the attempt pass (None), answer it (a Reply), or raise an Ending."""

    def inspect(self, attempt: Attempt, event: Event) -> Iterable[Event]:  # noqa: ARG002
        """Return what goes on in the event's place."""
        return (event,)

    def settle(self, attempt: Attempt) -> Awaitable[None] | None:
        """Settle the attempt. Runs in a task that nobody cancels."""
