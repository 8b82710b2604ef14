"""The process a plug-in runs in: `python -m gateway.guards.worker module:factory`; plugin.py draws the lines."""

from __future__ import annotations

import importlib
import json
import os
import sys


def main() -> None:
    """Answer lines until the input ends. What the plug-in prints goes nowhere: the output is the answers' alone."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    module, _, factory = sys.argv[1].partition(":")
    detect = getattr(importlib.import_module(module), factory)()
    for line in sys.stdin:
        asked = json.loads(line)
        spans = [[list(span) for span in detect(text, asked["deadline_s"])] for text in asked["texts"]]
        answers.write(json.dumps({"spans": spans}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
