"""The benchmark's own instruments: its callers notice every wrong answer, its readings of /proc are true."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.overhead import goals, kept, report
from bench.overhead.booked import NotBookedError, booked
from bench.overhead.client import PATIENCE_S, Heads
from bench.overhead.disk import sync_ms
from bench.overhead.measure import DIRECT, Cell, Load, Row, WorkError, provider, told, verify
from bench.overhead.processes import Running, StartError, free_port, running, tree
from bench.overhead.targets.target import Launch
from bench.overhead.targets.tollhouse import Tollhouse
from bench.overhead.workloads import BURST, ECHO, EVENTS, PACED, PERSONAL, PLAIN, TOOLS, Workload

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


def _one(port: int, workload: Workload, launch: Launch = DIRECT) -> Load:
    return Load(port, launch, workload, callers=1, seconds=PATIENCE_S, calls=2)


@pytest.mark.parametrize("workload", [PLAIN, TOOLS, BURST, PACED, ECHO], ids=lambda workload: workload.name)
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


def test_a_gateway_whose_streams_end_without_a_mark_must_still_finish_them(tmp_path: Path) -> None:
    port, unmarked = free_port(), replace(DIRECT, done=False)
    finish = 'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
    with running(
        [sys.executable, "-c", _WRONG, str(port), "200", _stream(EVENTS, end=finish)], port, tmp_path, ready="/", env={}
    ):
        assert _one(port, BURST, unmarked).run()[0].calls == 2
    with (
        running(
            [sys.executable, "-c", _WRONG, str(port), "200", _stream(EVENTS, end="")], port, tmp_path, ready="/", env={}
        ),
        pytest.raises(WorkError, match="no end of stream"),
    ):
        _one(port, BURST, unmarked).run()


def test_a_thinking_upstream_answers_that_much_later() -> None:
    with provider() as upstream:
        told(upstream, "/think/30")
        figures, _ = _one(upstream.port, PLAIN).run()
    assert figures.p50_ms >= 30


def test_keys_and_runs_take_turns() -> None:
    heads = Heads(1, ["one", "two"], ["x-more: yes"], runs=3)
    said = [heads.of(serial, 7) for serial in range(6)]
    assert [b"Bearer one" in head for head in said] == [True, False] * 3
    assert [head.split(b"x-run-id: ")[1][:7] for head in said] == [b"bench-0", b"bench-1", b"bench-2"] * 2
    assert all(
        head.endswith(b"x-more: yes\r\nx-run-id: bench-%d\r\ncontent-length: 7\r\n\r\n" % (n % 3))
        for n, head in enumerate(said)
    )
    assert b"x-run-id" not in Heads(1, ["one"], [], runs=0).of(0, 7)


def test_callers_that_pause_ask_no_more_often_than_that() -> None:
    with provider() as upstream:
        load = Load(upstream.port, DIRECT, PLAIN, callers=2, seconds=0.5, pause_s=0.1)
        figures, _ = load.run()
        assert told(upstream, "/seen")["calls"] == figures.calls
    assert 2 <= figures.calls <= 12


def test_a_kept_run_goes_on_where_it_ended(tmp_path: Path) -> None:
    """Rows are kept in the gateways' order, a new one takes the place of its gateway's old one."""
    cell = Cell("plain", 0, 1, calls=3, cpu_us=1.5, beside_us={"Redis": 2.0})
    kept.keep({"cores": "2"}, [Row("b", cells=[cell])], tmp_path)
    assert kept.rows(tmp_path) == [Row("b", cells=[cell])]
    after = kept.merged(kept.rows(tmp_path), Row("a", problem="no"), ["a", "b"])
    assert [row.name for row in after] == ["a", "b"]
    assert kept.merged(after, Row("b"), ["a", "b"])[1].cells == []
    assert kept.rows(tmp_path / "none") == []
    assert kept.machine(tmp_path) == {"cores": "2"}


def test_the_report_says_what_a_gateway_could_not_do() -> None:
    cells = [
        Cell("plain", 0, 64, calls=9, cpu_us=100.0, beside_us={"Redis": 7.0}, calls_per_s=10, added_p50_ms=1.5),
        Cell("plain", 50, 64, calls=9, cpu_us=90.0, calls_per_s=10, added_p50_ms=0.5),
        Cell("burst", 0, 64, problem="status 500"),
    ]
    rows = [Row("one", cells=cells, lacks="no end"), Row("two", problem="not installed\nat all")]
    told_text = report.text({"cores": "2"}, rows)
    assert "| one | 100 + 7 | 10 | 1.50 / 0.00 / 0.00 | 1.50 / 0.00 / 0.00 |" in told_text
    assert "- one, not measured: burst 64 at 0 ms: status 500" in told_text
    assert "100 events (burst)" not in told_text
    assert "not measured: not installed |" in told_text
    assert "no; no end" in told_text
    assert report.charts(rows).keys() == {"overhead-cpu.svg", "overhead-latency.svg"}
    assert report.charts(rows[1:]) == {}


def test_a_goal_is_reached_or_not_or_not_measured() -> None:
    def row(name: str, cpu_us: float) -> Row:
        return Row(name, cells=[Cell("plain", 0, 64, cpu_us=cpu_us)], first_ms=1_400, idle_mb=80)

    told_goals = goals.table(
        [row(goals.NGINX, 20.0), row(goals.CORE, 90.0)], {"fsync of a page": "p50 1 ms, p99 3.00 ms"}
    )
    assert "| core path, 1.5 KB, CPU µs | 100 | 90 | reached |" in told_goals
    assert "| core path, 1.5 KB, times nginx | 5 | 4.50 | reached |" in told_goals
    assert "first answer ms | 1,000 | 1,400 | not reached |" in told_goals
    assert "| core path, 32 KB, CPU µs | 900 | - | not measured |" in told_goals
    assert "two durable writes | 6.5 | - | not measured |" in told_goals


def test_the_book_of_a_gateway_must_hold_its_calls(tmp_path: Path) -> None:
    with (
        provider() as upstream,
        Tollhouse(whole=True).prepared(tmp_path, port := free_port(), upstream.port) as launch,
        running(launch.command, port, tmp_path, ready=launch.ready, env=launch.env) as gateway,
    ):
        assert launch.book is not None
        assert verify(gateway, launch, upstream, [PLAIN, TOOLS]) == {}
        assert booked(launch.book, 6, contents=True) == "2 records a call, contents kept"
        with pytest.raises(NotBookedError, match="of 7 calls the book has 6 intents, 6 outcomes"):
            booked(launch.book, 7, contents=False)


def test_contents_that_are_not_kept_are_missed(tmp_path: Path) -> None:
    with (
        provider() as upstream,
        Tollhouse(whole=False).prepared(tmp_path, port := free_port(), upstream.port) as launch,
        running(launch.command, port, tmp_path, ready=launch.ready, env=launch.env),
    ):
        assert launch.book is not None
        Load(port, launch, PLAIN, callers=1, seconds=PATIENCE_S, calls=1).run()
        assert booked(launch.book, 1, contents=False) == "2 records a call"
        with pytest.raises(NotBookedError, match="contents of 0"):
            booked(launch.book, 1, contents=True)


def test_the_disk_is_asked_how_long_it_takes() -> None:
    assert "p99" in sync_ms(10)["fsync of a page"]


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
        assert 0 < upstream.start_ms <= round((time.perf_counter() - began) * 1000, 1)
