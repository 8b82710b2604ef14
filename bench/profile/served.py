"""The gateway as it is served, its stages and seams timed; SIGUSR1 starts the figures anew, the end writes them."""

import argparse
import json
import signal
import time
from pathlib import Path

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from audit.append import Append
from audit.book import Book
from audit.writer import Writer
from bench.profile.meter import Meter
from gateway import serving
from gateway.answer import Answer
from gateway.client import Client
from gateway.config import load
from gateway.head import BoundedProtocol
from gateway.life import ATTEMPT, CALL
from gateway.line import Line
from gateway.pipeline import Pipeline
from gateway.routes import Routes
from gateway.upstream.connection import Connection
from gateway.upstream.exchange import Exchange
from gateway.upstream.pool import PoolUpstream


class Profile:
    """Figures of the loop's thread by place, and of the book's thread as one."""

    def __init__(self) -> None:
        self.meter = Meter()
        self._reading_us = self.meter.reading_us()
        self._writer_ns = self._writer_began_ns = 0
        self._process_ns = time.process_time_ns()
        self._loop_ns = time.thread_time_ns()

    def start_anew(self, *_: object) -> None:
        """Forget the warming up."""
        self.meter.clear()
        self._writer_began_ns = self._writer_ns
        self._process_ns = time.process_time_ns()
        self._loop_ns = time.thread_time_ns()

    def wrap(self) -> None:
        """Time every stage and every seam between our code and others'."""
        wrap = self.meter.wrap
        for stage in (*CALL, *ATTEMPT):
            for method in ("admit", "inspect", "settle"):
                if method in vars(stage):
                    wrap(stage, method, f"{stage.__name__}.{method}")
        wrap(Pipeline, "live", "pipeline")
        for method in ("__call__", "begin"):
            wrap(Routes, method, "routes")
        wrap(Book, "append", "book: append")
        wrap(Client, "body", "client: body")
        for method in ("stream", "complete", "fail"):
            wrap(Answer, method, "answer")
        wrap(RequestResponseCycle, "send", "server: send")
        wrap(Line, "answer", "server: send")
        wrap(BoundedProtocol, "data_received", "server: receive")
        wrap(PoolUpstream, "send", "upstream: send")
        wrap(Exchange, "read", "upstream: read")
        wrap(Connection, "data_received", "upstream: receive")
        write = Writer._write  # noqa: SLF001 - the thread's own clock is read in the thread

        def timed(writer: Writer, group: list[Append]) -> None:
            write(writer, group)
            self._writer_ns = time.thread_time_ns()

        Writer._write = timed  # type: ignore[method-assign, assignment]  # noqa: SLF001

    def report(self) -> dict[str, object]:
        """Return microseconds and entries by place, and the whole process's."""
        return {
            "places": {
                label: [spent / 1e3, self.meter.entries.get(label, 0)] for label, spent in self.meter.spent_ns.items()
            },
            "reading_us": self._reading_us,
            "book_thread_us": (self._writer_ns - self._writer_began_ns) / 1e3,
            "loop_thread_us": (time.thread_time_ns() - self._loop_ns) / 1e3,
            "process_us": (time.process_time_ns() - self._process_ns) / 1e3,
        }


def main() -> None:
    """Serve until SIGTERM, then print the figures to the file that was named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--figures", type=Path, required=True)
    arguments = parser.parse_args()
    profile = Profile()
    profile.wrap()
    signal.signal(signal.SIGUSR1, profile.start_anew)
    serving.serve(load(arguments.config))
    arguments.figures.write_text(json.dumps(profile.report()))


if __name__ == "__main__":
    main()
