"""What the scripts beside this one share: what is asked, how a failure is told, and how acts are run.

    python SCRIPT plain stream tools error budget

writes one JSON object: what each act told. `plain` and `stream` tell the answer's text, `tools` the arguments that the
tool got and the last answer, `error` and `budget` what was raised. Model `m` answers, `dear` costs more than there is,
`nobody` does not exist. No script says where the gateway is: its environment does.
"""

import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

TEXT = "write to bob@example.com"
QUESTION = "what is the weather?"
LAUNCH = "launch it"  # the model then calls a tool that nobody offered
RESULT = "rain"
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def caught(act: Callable[[], Any]) -> dict[str, Any]:
    """Return what an act raised: its type as the client names it, and the HTTP status it or its cause carries."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - what a client raises is what is asked
        status = getattr(error, "status_code", None) or getattr(error.__cause__, "status_code", None)
        return {"kind": type(error).__name__, "status": status, "words": str(error)}
    return {"kind": None}


def run(acts: Mapping[str, Any]) -> None:
    """Run the acts that are named on the command line; what clients print is not what they tell."""
    with contextlib.redirect_stdout(sys.stderr):
        told = {name: acts[name]() for name in sys.argv[1:]}
    sys.stdout.write(json.dumps(told))
