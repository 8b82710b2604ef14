"""The process that a plug-in runs in: `PYTHON gateway/detectors/worker.py module:factory`; guards/plugin.py asks it.

PYTHON has the plug-in's packages and may have nothing of the gateway's: this file is run by its path. What lies beside
it is found as `gateway.detectors.NAME`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

_OURS = "gateway.detectors."


def main() -> None:
    """Answer lines until the input ends. What the plug-in prints goes nowhere: the output is the answers' alone."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    beside = sys.path.pop(0)  # this folder: its names must not stand before the packages they are named after
    sys.path.append(beside)
    module, _, factory = sys.argv[1].partition(":")
    detect = getattr(importlib.import_module(module.removeprefix(_OURS)), factory)()
    for line in sys.stdin:
        asked = json.loads(line)
        spans = [[list(span) for span in detect(text, asked["deadline_s"])] for text in asked["texts"]]
        answers.write(json.dumps({"spans": spans}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
