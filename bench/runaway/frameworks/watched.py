"""What the scripts beside this one share: the tool, which counts, and what is told of a run's end, as JSON.

The frameworks are used as their first page says, with every limit as it comes. OPENAI_BASE_URL and OPENAI_API_KEY say
where the model is.
"""

import contextlib
import json
import sys
from collections.abc import Callable

TASK = "What do customers complain about most? Search the tickets."
MODEL = "gpt-4o-mini"
FOUND = "Nothing fits these words exactly; 40 tickets come near. " + "Ticket: the invoice came late, and twice. " * 48
executed = [0]


def search(query: str) -> str:
    """Search the tickets.

    Args:
        query: the words to look for
    """
    del query  # whatever is looked for, the same is found
    executed[0] += 1
    return FOUND


def tell(run: Callable[[], object]) -> None:
    """Run an agent; write how often the tool was executed and how the run ended."""
    with contextlib.redirect_stdout(sys.stderr):
        try:
            said, ended = str(run()), "answer"
        except Exception as error:  # noqa: BLE001 - however it ends is what is asked
            said, ended = str(error), type(error).__name__
    sys.stdout.write(json.dumps({"executed": executed[0], "ended": ended, "said": said[-300:]}))
