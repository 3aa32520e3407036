"""How large a run is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of every measurement."""

    tenants: int = 20
    deliveries: int = 600
    single_deliveries: int = 40
    webhooks_per_second: int = 200
    webhook_seconds: int = 20
    closed_loop_seconds: int = 5
    closed_loop_connections: int = 8
    background_per_second: int = 2
    """Deliveries booked while notifications are measured, so that the worker has its usual work."""


FULL = Shape()
QUICK = Shape(tenants=4, deliveries=60, single_deliveries=10, webhook_seconds=4, closed_loop_seconds=2)
