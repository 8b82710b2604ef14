"""The entry point: makes sure that it is our own packages that will be imported, then runs the command.

`agents` and `limits` are also names of other people's packages. If one of those is found first, nothing works in ways
that nobody understands, so it is said at once.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGES = ("gateway", "limits", "audit", "agents")


def strangers(packages: Sequence[str] = PACKAGES) -> list[str]:
    """Return a sentence for each package that is not found beside this one."""
    home = Path(__file__).resolve().parents[1]
    found = []
    for name in packages:
        spec = importlib.util.find_spec(name)
        place = None if spec is None or spec.origin is None else Path(spec.origin).resolve().parents[1]
        if place != home:
            found.append(f"the package {name!r} is found at {place}, Tollhouse's own is at {home}")
    return found


def main() -> None:
    """Run the command `tollhouse`."""
    if wrong := strangers():
        sys.exit(
            "\n".join(wrong) + "\nAnother package of that name is installed. Tollhouse is an application: install it "
            "into an environment of its own, and do not start it in a folder that has such a package."
        )
    # Not an import at the top: that would already run into the stranger.
    importlib.import_module("gateway.cli").main(prog_name="tollhouse")


if __name__ == "__main__":
    main()
