"""Single pass: one model call that writes the answer and calls its tools in it (after Toolformer, arXiv:2302.04761).

The model puts `{1}`, `{2}` … where the results of its calls belong, and they are filled in without asking it again: the
cheapest and fastest pattern, and the least able to look at what came back.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from ..event import Note, answer
from ..run import Run

_HOW = (
    "Answer in one message. Call the tools you need in this very message, and write {1}, {2} and so on in your text"
    " where the result of the first, second call belongs; you will not see the results."
)


@dataclass(frozen=True, slots=True)
class SinglePass:
    """One model call, whatever happens."""

    name: str = "single-pass"

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        """Ask once, use the tools, fill the results in."""
        talk = run.talk(instructions=f"{run.agent.instructions}\n\n{_HOW}".strip())
        reply = await talk.ask("answer")
        if not reply.calls:
            yield answer(reply.text)
            return
        results = [outcome.content for outcome in await talk.act(reply)]
        text = reply.text or "\n".join(f"{{{number}}}" for number in range(1, len(results) + 1))
        for number, result in enumerate(results, 1):
            text = text.replace(f"{{{number}}}", result)
        yield answer(text)
