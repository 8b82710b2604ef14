"""CPU time of the guards per class of text: `python -m bench.guards [--runs N] [--slow]`.

Figures are the median of the runs in µs of this process' CPU time (`time.process_time`), so other processes on the
machine disturb little. A call is a system text and the class' text, redacted under the default policy with a vault of
its own; `--slow` times one megabyte of each unit that is meant to be slow.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from bench.overhead.workloads import PLAIN_ANSWER, STREAM_PIECES
from gateway.call import Text
from gateway.guards import Policy, Redactor, Vault, redact_cargo
from gateway.guards.stream import Lane, is_plain

from .texts import CLASSES, SLOW, SYSTEM

_MEGABYTE = 1_000_000


def median_us(work: Callable[[], object], *, runs: int, times: int) -> float:
    """Return the median of `runs` runs of `times` calls each, in µs of CPU a call."""
    work()
    taken = []
    for _ in range(runs):
        began = time.process_time()
        for _ in range(times):
            work()
        taken.append((time.process_time() - began) / times * 1e6)
    return statistics.median(taken)


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(prog="python -m bench.guards", description=__doc__)
    options.add_argument("--runs", type=int, default=15)
    options.add_argument("--times", type=int, default=200)
    options.add_argument("--slow", action="store_true", help="one megabyte of each input that is meant to be slow")
    chosen = options.parse_args()
    redactor, policy = Redactor(), Policy()
    if chosen.slow:
        for unit in SLOW:
            text = unit * (_MEGABYTE // len(unit.encode()))
            began = time.process_time()
            redactor.redact(text, policy, Vault(), "request")
            print(f"{unit!r:32} {(time.process_time() - began):7.3f} s of CPU for 1 MB")
        return

    def call(name: str, text: str) -> None:
        role = "tool" if name.startswith("JSON") else "user"
        texts = (
            Text(("messages", 0, "content"), SYSTEM, "system"),
            Text(("messages", 1, "content"), text, role),
        )
        spent = median_us(lambda: redact_cargo(redactor, texts, policy, Vault()), runs=chosen.runs, times=chosen.times)
        found = len(redact_cargo(redactor, texts, policy, Vault())[1])
        print(f"{name:28} {len(text):6} characters {found:3} found {spent:8.1f} us")

    for name, text in CLASSES.items():
        call(name, text)
    vault = Vault()
    vault.placeholder("email", "joe@example.org")

    def stream() -> None:
        lane = Lane(redactor, policy, vault)
        for piece in STREAM_PIECES:
            lane.feed(piece)
        lane.flush()

    plain = median_us(lambda: is_plain(redactor, PLAIN_ANSWER, policy, vault), runs=chosen.runs, times=chosen.times)
    print(f"{'plain reply':28} {len(PLAIN_ANSWER):6} characters {'':9} {plain:8.1f} us")
    spent = median_us(stream, runs=chosen.runs, times=20)
    print(f"{'stream of 100 pieces':28} {len(''.join(STREAM_PIECES)):6} characters {'':9} {spent:8.1f} us")


if __name__ == "__main__":
    main()
