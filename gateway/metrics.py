"""Prometheus metrics of calls. Labels are bounded: configured models and our own codes, never a client's words.

Counting is done on plain dicts on the hot path and turned into samples when `/metrics` is read; a labelled
prometheus_client counter costs several microseconds an increment.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from limits.clock import Clock

from .call import Call
from .latency import Latency

_BUCKETS_S = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics(Collector):
    """Calls by model and code, durations, tokens, nano-dollars, findings, marked charges."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.under_way = 0
        self._calls: dict[tuple[str, str], int] = {}
        self._durations: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._spent: dict[tuple[str, str], list[int]] = {}
        self._findings: dict[str, int] = {}
        self._degraded: dict[str, int] = {}
        self._latency = Latency(clock)

    def ended(self, call: Call) -> None:
        """Count a call that has ended."""
        model = call.model.label if call.model is not None else ""
        code = "ok" if call.ending is None else call.ending.code
        key = (model, code)
        self._calls[key] = self._calls.get(key, 0) + 1
        taken_s = (self._clock.monotonic_ns() - call.started_ns) / 1e9
        buckets = self._durations.get(model)
        if buckets is None:
            buckets = self._durations[model] = [0] * (len(_BUCKETS_S) + 1)
        buckets[bisect_left(_BUCKETS_S, taken_s)] += 1
        self._seconds[model] = self._seconds.get(model, 0.0) + taken_s
        self._latency.ended(call, taken_s)
        for attempt in call.attempts:
            charge = attempt.charge
            if charge is not None:
                spent = self._spent.setdefault((model, charge.mark), [0, 0, 0])
                spent[0] += charge.nano
                spent[1] += charge.input_tokens
                spent[2] += charge.output_tokens
        for finding, number in call.findings.items():
            self._findings[finding] = self._findings.get(finding, 0) + number
        if call.degraded:
            self._degraded[call.degraded] = self._degraded.get(call.degraded, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Return the samples of this moment."""
        calls = CounterMetricFamily("tollhouse_calls", "Calls that have ended", labels=("model", "code"))
        for key, number in self._calls.items():
            calls.add_metric(key, number)
        yield calls
        durations = HistogramMetricFamily("tollhouse_call_duration_seconds", "From head to answer", labels=("model",))
        for model, buckets in self._durations.items():
            total, cumulated = 0, []
            for bound, number in zip((*map(str, _BUCKETS_S), "+Inf"), buckets, strict=True):
                total += number
                cumulated.append((bound, float(total)))
            durations.add_metric((model,), cumulated, self._seconds[model])
        yield durations
        spent = CounterMetricFamily("tollhouse_spent_nano_usd", "Charged", labels=("model", "mark"))
        tokens = CounterMetricFamily("tollhouse_tokens", "Charged tokens", labels=("model", "direction"))
        directions: dict[tuple[str, str], int] = {}
        for (model, mark), (nano, inward, outward) in self._spent.items():
            spent.add_metric((model, mark), nano)
            for direction, number in (("input", inward), ("output", outward)):
                directions[model, direction] = directions.get((model, direction), 0) + number
        for way, number in directions.items():
            tokens.add_metric(way, number)
        yield spent
        yield tokens
        labels = ("kind", "direction", "action")
        findings = CounterMetricFamily("tollhouse_findings", "What guards found", labels=labels)
        for name, number in self._findings.items():
            findings.add_metric(name.split("."), number)
        yield findings
        degraded = CounterMetricFamily("tollhouse_degraded", "Answers that are not the asked model's", labels=("how",))
        for how, number in self._degraded.items():
            degraded.add_metric((how,), number)
        yield degraded
        yield from self._latency.collect()
        yield GaugeMetricFamily("tollhouse_calls_under_way", "Calls that have not ended", value=self.under_way)
