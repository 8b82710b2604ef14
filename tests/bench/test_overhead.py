"""The benchmark's own instruments: its callers notice every wrong answer, its readings of /proc are true."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.overhead.client import PATIENCE_S
from bench.overhead.measure import Load, WorkError, provider
from bench.overhead.processes import Running, StartError, free_port, running, tree
from bench.overhead.workloads import BURST, ECHO, EVENTS, PACED, PERSONAL, PLAIN, Workload

# A server that gives the same wrong answer to everyone.
_WRONG = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = sys.argv[3].encode()
        self.send_response(200 if self.command == "GET" else int(sys.argv[2]))
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def _one(port: int, workload: Workload) -> Load:
    return Load(port, "none", workload, callers=1, seconds=PATIENCE_S, calls=2)


@pytest.mark.parametrize("workload", [PLAIN, BURST, PACED, ECHO], ids=lambda workload: workload.name)
def test_a_right_answer_is_taken_whole(workload: Workload) -> None:
    with provider() as upstream:
        figures, _ = _one(upstream.port, workload).run()
    assert (figures.calls, figures.failed) == (2, 0)
    assert figures.p99_ms >= figures.p50_ms > 0


def _stream(events: int, *, end: str = "data: [DONE]\n\n") -> str:
    chunks: list[dict[str, Any]] = [{"choices": [{"delta": {"content": f"word{at:03d} "}}]} for at in range(events)]
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + end


@pytest.mark.parametrize(
    ("workload", "status", "body", "told"),
    [
        (PLAIN, 500, "{}", "status 500"),
        (PLAIN, 200, '{"choices": [{"message": {"content": "short"}}]}', "text differs"),
        (BURST, 200, _stream(EVENTS - 1), "text differs"),
        (BURST, 200, _stream(EVENTS, end=""), "no end of stream"),
    ],
    ids=["status", "text", "one event lost", "end lost"],
)
def test_a_wrong_answer_fails_the_measurement(
    tmp_path: Path, workload: Workload, status: int, body: str, told: str
) -> None:
    port = free_port()
    command = [sys.executable, "-c", _WRONG, str(port), str(status), body]
    with running(command, port, tmp_path, ready="/", env={}), pytest.raises(WorkError, match=told):
        _one(port, workload).run()


def test_a_server_that_ends_at_its_start_is_told_with_its_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    with pytest.raises(StartError, match="no such thing"), running(command, free_port(), tmp_path, ready="/", env={}):
        pass


def test_cpu_time_counts_children_and_only_what_was_spent() -> None:
    """A parent that sleeps and a child that works for half a second of CPU."""
    work = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}], stdout=sys.stdout)"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        reading = Running(process, 0, 0.0)
        pids = tree(process.pid)
        spent, memory = reading.cpu_s(), reading.memory_mb()
        for pid in reversed(pids):
            subprocess.run(["kill", str(pid)], check=True)
    assert len(pids) == 2
    assert 0.45 <= spent <= 1.0
    assert 5 < memory < 200


def test_every_call_differs_and_carries_personal_data() -> None:
    first, second = PLAIN.body(1), PLAIN.body(2)
    assert first != second
    assert len(first) == len(second)
    assert 1_200 <= len(first) <= 1_800
    assert all(value.encode() in first for value in PERSONAL.values())


def test_a_free_port_is_free(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "bench.overhead.upstream", "--port", str(port)]
    began = time.perf_counter()
    with running(command, port, tmp_path, ready="/seen", env={}) as upstream:
        assert 0 < upstream.start_ms <= (time.perf_counter() - began) * 1000
