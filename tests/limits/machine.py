"""A ledger against a plain model that recomputes every balance from the list of all holds; any ledger will do."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import CountEntry, Entry, HoldEntry, RefundEntry, SettleEntry, from_dict, to_dict
from limits.ledger import EmbeddedLedger, Order
from limits.refusals import Ended, Exceeded, Held
from limits.runs import RunLimits
from limits.standing import Charge

MINUTE_US = 60_000_000
LIMITS = RunLimits(nano_usd=2_000, tokens=300, steps=6)
CHILD = RunLimits(nano_usd=1_500, tokens=200, steps=4)
PATHS = {"p": ("run:p",), "c": ("run:c", "run:p"), "d": ("run:d", "run:p")}
FIXED = {
    "run:p": {("nano_usd", "total"): 2_000, ("tokens", "total"): 300},
    "run:c": {("nano_usd", "total"): 1_500, ("tokens", "total"): 200},
    "run:d": {("nano_usd", "total"): 1_500, ("tokens", "total"): 200},
    "key:k": {("nano_usd", "minute"): 1_200, ("concurrency", "total"): 4},
}


@dataclass
class Plain:
    """A hold as a bookkeeper would write it down: what it reserves, what it was charged, whether that is over."""

    entry: HoldEntry
    durable: bool = False
    charge: SettleEntry | None = None
    closed: bool = False
    charged: tuple[int, int, int] = (0, 0, 0)
    expired: bool = False
    late: RefundEntry | None = None
    follower: str = ""


def figure(dimension: str, nano: int, inward: int, outward: int, live: int) -> int:
    return {"nano_usd": nano, "tokens": inward + outward, "input_tokens": inward, "concurrency": live}[dimension]


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.ledger = self.new(self.clock)
        self.journal: list[dict[str, Any]] = []
        self.plain: dict[str, Plain] = {}
        self.tenant_cap = 3_000
        self.day_cap: int | None = None
        self.killed = False
        self.steps = {"p": 0, "c": 0, "d": 0}
        self.next_id = 0

    @staticmethod
    def new(clock: ManualClock) -> Any:
        """Make the ledger that is put to the test."""
        return EmbeddedLedger(clock)

    def write(self, entry: Entry | None) -> None:
        """Make an entry durable, as the book would."""
        assert entry is not None
        assert from_dict(to_dict(entry)) == entry
        self.journal.append(to_dict(entry))
        self.ledger.apply(entry)

    @initialize()
    def open(self) -> None:
        self.write(self.ledger.set_caps("key:k", [Cap("nano_usd", 1_200, "minute"), Cap("concurrency", 4)]))
        self.write(self.ledger.set_caps("tenant:t", [Cap("nano_usd", 3_000)]))
        for run, limits, parent in (("p", LIMITS, None), ("c", CHILD, "p"), ("d", CHILD, "p")):
            entry = self.ledger.open_run(run, limits, 2**60, parent)
            assert not isinstance(entry, Exceeded | Ended)
            self.write(entry)

    def caps(self, scope: str) -> dict[tuple[str, str], int]:
        if scope != "tenant:t":
            return FIXED[scope]
        daily = {} if self.day_cap is None else {("tokens", "day"): self.day_cap}
        return {("nano_usd", "total"): self.tenant_cap} | daily

    def sums(self, scope: str, dimension: str, window: str, *, but: str = "") -> tuple[int, int]:
        """Settled and held, computed from nothing but the list of holds."""
        settled = held = 0
        start = self.clock.utc_us() // MINUTE_US * MINUTE_US if window == "minute" else 0
        for plain in self.plain.values():
            own = plain.entry
            if scope not in own.scopes or own.at_us < start or own.id == but:
                continue
            if plain.closed:
                settled += figure(dimension, *plain.charged, 0)
            else:
                held += self.standing(plain, dimension)
        return settled, held

    def standing(self, plain: Plain, dimension: str) -> int:
        own = plain.entry
        amount = figure(dimension, own.nano, own.input_tokens, own.output_tokens, 1)
        if plain.charge is None:
            return amount
        charge = figure(dimension, plain.charge.nano, plain.charge.input_tokens, plain.charge.output_tokens, 0)
        follower = self.plain.get(plain.follower)
        if follower is None:
            return max(amount, charge)
        next_ = follower.entry
        if dimension == "nano_usd" and own.at_us // MINUTE_US != next_.at_us // MINUTE_US and self.minute_only:
            return max(amount, charge)
        covered = figure(dimension, next_.nano, next_.input_tokens, next_.output_tokens, 1)
        return max(amount - covered, charge)

    minute_only = False

    def expected(self, order: Order, replaced: Plain | None) -> type:
        """Say what a hold must answer, by the plain sums."""
        if self.killed:
            return Ended
        held_only = False
        for scope in order.scopes:
            for (dimension, window), limit in self.caps(scope).items():
                wanted = figure(dimension, order.nano, order.input_tokens, order.output_tokens, 1)
                settled, held = self.sums(scope, dimension, window, but=replaced.entry.id if replaced else "")
                if replaced is not None and replaced.charge is not None and scope in replaced.entry.scopes:
                    charge = replaced.charge
                    start = self.clock.utc_us() // MINUTE_US * MINUTE_US if window == "minute" else 0
                    if replaced.entry.at_us >= start:
                        held += figure(dimension, charge.nano, charge.input_tokens, charge.output_tokens, 0)
                if settled + wanted > limit:
                    return Exceeded
                held_only = held_only or settled + held + wanted > limit
        return Held if held_only else HoldEntry

    def order(self, run: str, nano: int, inward: int, outward: int, seconds: int) -> Order:
        self.next_id += 1
        return Order(
            f"h{self.next_id}",
            (*PATHS[run], "key:k", "tenant:t"),
            nano,
            inward,
            outward,
            self.clock.utc_us() + seconds * 1_000_000,
        )

    @rule(
        run=st.sampled_from(["p", "c", "d"]),
        nano=st.integers(0, 700),
        inward=st.integers(0, 60),
        outward=st.integers(0, 60),
        seconds=st.integers(10, 200),
    )
    def hold(self, run: str, nano: int, inward: int, outward: int, seconds: int) -> None:
        order = self.order(run, nano, inward, outward, seconds)
        expected = self.expected(order, None)
        refusal = self.ledger.refusal(order)
        answer = self.ledger.hold(order)
        assert type(answer) is expected, answer
        if isinstance(answer, HoldEntry):
            assert refusal is None
            self.plain[order.id] = Plain(answer)
        else:
            assert refusal == answer
            assert str(answer)
            assert isinstance(answer, Exceeded | Held | Ended)
            assert isinstance(answer, Ended) or answer.param

    def open_holds(self, *, settled: bool) -> list[Plain]:
        return [p for p in self.plain.values() if not p.closed and (p.charge is not None) == settled]

    @precondition(lambda self: any(not p.durable and not p.closed for p in self.plain.values()))
    @rule(data=st.data(), lost=st.integers(0, 4))
    def intend(self, data: st.DataObject, lost: int) -> None:
        """Make the record with the intent durable, or lose it."""
        waiting = [p for p in self.plain.values() if not p.durable and not p.closed and p.charge is None]
        if not waiting:
            return
        plain = data.draw(st.sampled_from(waiting))
        if lost == 0:
            self.ledger.drop(plain.entry.id)
            self.ledger.drop(plain.entry.id)
            del self.plain[plain.entry.id]
            return
        before = self.plain.get(plain.entry.replaces)
        if before is not None and before.charge is not None and not before.closed:
            self.close(before)
        plain.durable = True
        self.write(plain.entry)

    @precondition(lambda self: self.open_holds(settled=False))
    @rule(data=st.data(), share=st.integers(0, 12), mark=st.sampled_from(["billed", "uncertain", "overrun"]))
    def settle(self, data: st.DataObject, share: int, mark: str) -> None:
        """Share is in tenths of the hold; above ten is an overrun."""
        durable = [p for p in self.open_holds(settled=False) if p.durable]
        if not durable:
            return
        plain = data.draw(st.sampled_from(durable))
        own = plain.entry
        charge = Charge(own.nano * share // 10, own.input_tokens * share // 10, own.output_tokens * share // 10, mark)
        entry = self.ledger.settle(own.id, charge)
        assert isinstance(entry, SettleEntry)
        assert self.ledger.settle(own.id, Charge(1)) is entry
        plain.charge = entry

    def close(self, plain: Plain) -> None:
        charge = plain.charge
        assert charge is not None
        plain.closed = True
        plain.charged = (charge.nano, charge.input_tokens, charge.output_tokens)
        self.write(charge)
        self.ledger.apply(charge)

    @precondition(lambda self: self.open_holds(settled=True))
    @rule(data=st.data())
    def outcome(self, data: st.DataObject) -> None:
        """Make the record with the settlement durable; its follower, if any, then stands alone."""
        plain = data.draw(st.sampled_from(self.open_holds(settled=True)))
        self.close(plain)

    @precondition(lambda self: self.open_holds(settled=True))
    @rule(data=st.data(), nano=st.integers(0, 700), tokens=st.integers(0, 60))
    def replace(self, data: st.DataObject, nano: int, tokens: int) -> None:
        ready = [p for p in self.open_holds(settled=True) if p.follower not in self.plain]
        if not ready:
            return
        plain = data.draw(st.sampled_from(ready))
        assert plain.charge is not None
        run = plain.entry.scopes[0].removeprefix("run:")
        order = self.order(run, nano, tokens, tokens, 60)
        expected = self.expected(order, plain)
        answer = self.ledger.hold(order, plain.charge)
        assert type(answer) is expected, answer
        if isinstance(answer, HoldEntry):
            assert answer.replaces == plain.entry.id
            plain.follower = answer.id
            self.plain[answer.id] = Plain(answer)

    @rule(run=st.sampled_from(["p", "c", "d"]), back=st.booleans())
    def step(self, run: str, back: bool) -> None:
        entry = self.ledger.count(run, "steps")
        full = self.steps["p"] >= 6 or (run != "p" and self.steps[run] >= 4)
        assert isinstance(entry, Exceeded if full else CountEntry)
        if isinstance(entry, CountEntry):
            self.write(entry)
            if back:
                self.write(self.ledger.give_back(entry))
            else:
                for member in {run, "p"}:
                    self.steps[member] += 1

    @precondition(lambda self: not any(p.follower in self.plain and not p.closed for p in self.plain.values()))
    @rule(limit=st.integers(500, 9_000), daily=st.none() | st.integers(100, 900))
    def change_caps(self, limit: int, daily: int | None) -> None:
        """Raise, lower, add or take away caps; a new one counts what was spent and is held already."""
        same = (limit, daily) == (self.tenant_cap, self.day_cap)
        extra = [] if daily is None else [Cap("tokens", daily, "day")]
        entry = self.ledger.set_caps("tenant:t", [Cap("nano_usd", limit), *extra])
        assert (entry is None) == same
        if entry is not None:
            self.tenant_cap, self.day_cap = limit, daily
            self.write(entry)

    @rule()
    def kill_or_revive(self) -> None:
        self.killed = not self.killed
        self.write(self.ledger.kill("key:k", on=self.killed))

    @rule(seconds=st.integers(1, 90))
    def turn(self, seconds: int) -> None:
        self.clock.turn(seconds)
        due = [p for p in self.plain.values() if not p.closed and p.entry.expires_us <= self.clock.utc_us()]
        entries = self.ledger.expire()
        assert {entry.id for entry in entries} == {p.entry.id for p in due}
        for plain in due:
            own = plain.entry
            if not plain.durable:
                plain.durable = True
                self.write(own)
            plain.closed = plain.expired = True
            plain.charged = (own.nano, own.input_tokens, own.output_tokens)
        for entry in entries:
            self.write(entry)

    @precondition(lambda self: any(p.expired for p in self.plain.values()))
    @rule(data=st.data(), share=st.integers(0, 10), operator=st.booleans())
    def late(self, data: st.DataObject, share: int, operator: bool) -> None:
        """Settle an expired hold after all, or refund it as the operator; only once."""
        plain = data.draw(st.sampled_from([p for p in self.plain.values() if p.expired]))
        own = plain.entry
        charged = (own.nano * share // 10, own.input_tokens * share // 10, own.output_tokens * share // 10)
        if plain.late is None and operator:
            entry: Any = self.ledger.marks.refund(own.id)
            charged = (0, 0, 0)
        else:
            entry = self.ledger.settle(own.id, Charge(*charged))
        if plain.late is not None:
            assert entry is None
            self.ledger.apply(plain.late)
            return
        assert isinstance(entry, RefundEntry)
        plain.late = entry
        plain.charged = charged
        self.write(entry)

    @invariant()
    def balances_equal_the_plain_sums(self) -> None:
        for scope in ("run:p", "run:c", "run:d", "key:k", "tenant:t"):
            found = self.ledger.balances(scope)
            if found is None:
                continue
            for cap in found.caps:
                self.minute_only = cap.window == "minute"
                settled, held = self.sums(scope, cap.dimension, cap.window)
                self.minute_only = False
                assert (cap.settled, cap.held) == (settled, held), (scope, cap)
            assert found.nano == self.sums(scope, "nano_usd", "total")[0]

    @invariant()
    def what_was_replayed_is_what_is_durable(self) -> None:
        """Crash here: the journal alone gives the settled sums, and full holds for all durable unsettled ones."""
        again = EmbeddedLedger(self.clock)
        again.replay(from_dict(stored) for stored in self.journal)
        copy = EmbeddedLedger(self.clock)
        copy.load(again.snapshot())
        for scope in ("run:p", "run:c", "run:d", "key:k", "tenant:t"):
            found = again.balances(scope)
            assert found == copy.balances(scope)
            if found is None:
                continue
            for cap in found.caps:
                start = self.clock.utc_us() // MINUTE_US * MINUTE_US if cap.window == "minute" else 0
                mine = [p for p in self.plain.values() if scope in p.entry.scopes and p.entry.at_us >= start]
                settled = sum(figure(cap.dimension, *p.charged, 0) for p in mine if p.closed)
                held = sum(
                    figure(cap.dimension, p.entry.nano, p.entry.input_tokens, p.entry.output_tokens, 1)
                    for p in mine
                    if not p.closed and p.durable
                )
                assert (cap.settled, cap.held) == (settled, held), (scope, cap)
            if scope.startswith("run:"):
                assert found.counts["steps"] == self.steps[scope[4:]]
