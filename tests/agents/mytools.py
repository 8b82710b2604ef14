"""Tools as a user writes them, for tests that start other processes; each call leaves a line in $EFFECTS."""

import os
import time
from pathlib import Path


def note(text: str) -> str:
    """Write a line, slowly."""
    with Path(os.environ["EFFECTS"]).open("a") as file:
        file.write(f"{text}\n")
    time.sleep(0.05)
    return f"noted {text}"


def hang(text: str) -> str:
    """Write a line and take ten seconds."""
    note(text)
    time.sleep(10)
    return "slept"
