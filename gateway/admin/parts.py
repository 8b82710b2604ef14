"""What the admin application is built of; everything is passed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from limits.clock import Clock
from limits.seam import Ledger

from ..approvals import Approvals
from ..breakers import Breakers
from ..charges import Charges
from ..config import Config
from ..directory import Directory, Registry
from ..directory.stops import Stops
from ..figures import ToolFigures
from ..keeper import Keeper
from ..spending import Spending
from .visit import Visits

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider


def _nothing_amiss() -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Parts:
    """`unready` says why no calls are taken now (empty: they are); `warnings` what an operator should mend."""

    config: Config
    directory: Directory
    registry: Registry
    ledger: Ledger
    charges: Charges
    breakers: Breakers
    stops: Stops
    clock: Clock
    metrics: CollectorRegistry
    unready: Callable[[], list[str]] = _nothing_amiss
    warnings: Callable[[], list[str]] = _nothing_amiss
    tracer_provider: "TracerProvider | None" = None
    keeper: Keeper | None = None
    spending: Spending | None = None
    tool_figures: Callable[[], Mapping[str, ToolFigures]] = dict
    approvals: Approvals | None = None
    visits: Visits | None = None
