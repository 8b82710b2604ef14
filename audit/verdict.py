"""What a verification found: figures, and every contradiction with the place where it is."""

from dataclasses import dataclass, field

PROBLEMS_MAX = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """One contradiction: what kind, at which record (None: not of one record), and a sentence with both figures."""

    kind: str
    index: int | None
    sentence: str


@dataclass(slots=True)
class Verdict:
    """The result. `ok` only if nothing contradicts; `signed_size` says how far a checkpoint vouches for it.

    `tenants` are their last numbers; of a selection (a bundle narrower than a tenant) how many records they have in it.
    """

    origin: str
    size: int = 0
    signed_size: int = 0
    checkpoints: int = 0
    tenants: dict[str, int] = field(default_factory=dict)
    root: bytes = b""
    selected: bool = False
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    @property
    def ok(self) -> bool:
        """Whether no contradiction was found."""
        return self.problem_count == 0

    def add(self, kind: str, index: int | None, sentence: str) -> None:
        """Note a contradiction; the first 100 are kept, all are counted."""
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(kind, index, sentence))

    def altered(self) -> list[int]:
        """Return the indexes of records that are not what was written, in order."""
        return sorted({each.index for each in self.problems if each.index is not None})

    def sentences(self) -> list[str]:
        """Return the result in words, a line each."""
        if self.ok:
            if self.selected:
                figures = f"{self.size} selected records verified against the checkpoint over {self.signed_size}"
                return [f"{self.origin}: {figures}; a selection cannot show that nothing was left out of it"]
            unsigned = max(0, self.size - self.signed_size)
            last = "the last one is" if unsigned == 1 else f"the last {unsigned} are"
            tail = f"; {last} not yet under a checkpoint" if unsigned else ""
            hold = f"{_counted(self.checkpoints, 'checkpoint')} hold{'s' if self.checkpoints == 1 else ''}"
            figures = f"{_counted(self.size, 'record')} verified, {hold}, {_counted(len(self.tenants), 'tenant')}"
            return [f"{self.origin}: {figures} complete{tail}"]
        head = f"{self.origin}: NOT what was written: {self.problem_count} contradictions in {self.size} records"
        more = self.problem_count - len(self.problems)
        return [head, *(each.sentence for each in self.problems), *([f"… and {more} more"] if more else [])]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
