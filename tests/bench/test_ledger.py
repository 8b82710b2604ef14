"""The ledger's bench measures what it says: charges come through, and a chart is drawn of any rows."""

from bench.ledger import replicated, starts
from bench.ledger.drawing import drawn, grown, table
from bench.ledger.embedded import cost, figures, ledger_of, memory_of_runs


def test_every_call_of_the_bench_is_charged_in_all_its_scopes() -> None:
    ledger, paths = ledger_of(2)
    assert cost(ledger, paths, 10) > 0
    for scope in paths[0]:
        balances = ledger.balances(scope)
        assert balances is not None
        assert (balances.calls, balances.nano) == (15, 15 * 900)


def test_results_become_a_table_and_a_chart() -> None:
    rows = [figures(tenants, 10) for tenants in (1, 10)]
    redis = [{"tenants": 2, "cpu_us": 9.5, "redis_us": 80.0}]
    runs = [memory_of_runs(2_000)]
    assert 0 <= runs[0]["bytes"] < 20_000
    told = table({"machine": {"cores": "2"}, "embedded": rows, "runs": runs})
    assert "| 10 | " in told
    assert "cores 2" in told
    assert drawn(rows).count("<polyline") == 1
    told = table({"machine": {}, "embedded": rows, "runs": runs, "redis": redis, "redis_runs": [{"bytes": 700.0}]})
    assert "| 2 | " in told
    assert "700 bytes in Redis" in told
    assert drawn(rows, redis).count("<polyline") == 2


def test_on_redis_too() -> None:
    row = replicated.figures(2, 64, rounds=1)
    assert row["cpu_us"] > 0
    assert row["redis_us"] > 0
    assert 0 < replicated.memory_of_runs(500)["bytes"] < 1_024


def test_a_start_takes_the_snapshot_that_is_there_and_all_three_ways_are_told() -> None:
    (row,) = starts.figures((2_000,))
    assert row["spared"] == 2_000 + 2 * starts.TENANTS
    assert row["wall_ms"] > 0
    assert row["late_wall_ms"] > 0
    assert row["cpu_ms"] < row["whole_cpu_ms"]
    runs = [{"runs": 10.0, "bytes": 700.0}, {"runs": 100.0, "bytes": 701.0}]
    assert grown(runs, [row, {**row, "records": 20_000}]).count("<polyline") == 3
    assert grown(runs, []).count("<polyline") == 1
    told = table({"machine": {}, "embedded": [], "runs": [], "starts": [row]})
    assert "| 2,000 | " in told
