"""What a hold becomes: pure rules from hold, report, own count and how the attempt ended to a charge and its mark.

billed       the provider's report, within the hold
overrun      a report above the hold by at most a tenth: charged as reported
implausible  a report further above: the hold is charged, the report kept, the bound suspended at that target
counted      no report: our own count, never above the hold
uncertain    nobody can say what was billed: the hold is charged in full
released     nothing was billed: never sent, or refused by the upstream before it began
"""

from typing import Literal

from msgspec import Struct

from .prices import Price, Usage
from .standing import Charge

Ending = Literal["complete", "left", "lost", "unbilled"]
"""How an attempt ended: the reply came whole; the client left and it was cut; the connection broke or timed out after
the request was sent; or the upstream cannot have billed anything."""


class Reserved(Struct, frozen=True, gc=False):
    """What was held: nano-dollars and tokens."""

    nano: int
    input_tokens: int
    output_tokens: int


def settle(
    reserved: Reserved,
    price: Price,
    ending: Ending,
    *,
    report: Usage | None,
    counted: Usage | None,
    bound_id: str,
    charge_counted_when_left: bool = False,
) -> Charge:
    """Return the charge for one attempt.

    `report` is the provider's usage if one came, whatever the ending. `counted` is our own count if there is one.
    `bound_id` names target and bound, for suspension. `charge_counted_when_left` is the profile's `cancel`.
    """
    if report is not None:
        return _reported(reserved, price, report, bound_id)
    if ending == "unbilled":
        return Charge(mark="released")
    if counted is not None and (ending == "complete" or (ending == "left" and charge_counted_when_left)):
        return Charge(
            min(price.cost(counted), reserved.nano),
            min(counted.input_tokens, reserved.input_tokens),
            min(counted.output_tokens, reserved.output_tokens),
            "counted",
        )
    return Charge(reserved.nano, reserved.input_tokens, reserved.output_tokens, "uncertain")


def _reported(reserved: Reserved, price: Price, report: Usage, bound_id: str) -> Charge:
    nano = price.cost(report)
    figures = (
        (nano, reserved.nano),
        (report.input_tokens, reserved.input_tokens),
        (report.output_tokens, reserved.output_tokens),
    )
    if all(told <= held for told, held in figures):
        return Charge(nano, report.input_tokens, report.output_tokens)
    if all(told * 10 <= held * 11 for told, held in figures):
        return Charge(nano, report.input_tokens, report.output_tokens, "overrun")
    return Charge(
        reserved.nano,
        reserved.input_tokens,
        reserved.output_tokens,
        "implausible",
        suspends=bound_id,
        reported_nano=nano,
    )


def difference(report: Usage, counted: Usage) -> tuple[int, int]:
    """Return reported minus counted tokens (input, output), kept beside every settlement that has both."""
    return report.input_tokens - counted.input_tokens, report.output_tokens - counted.output_tokens
