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
    pushes_per_second: int = 500
    push_seconds: int = 20
    told_parcels: int = 20
    """Of which one event each is followed to its place in Exact."""
    lives: int = 8
    """Deliveries whose parcels travel to the end."""
    sweep_parcels: tuple[int, int] = (1_000, 100_000)
    """Active parcels among which those that are due are looked for."""
    sweep_due: int = 50


FULL = Shape()
QUICK = Shape(
    tenants=4,
    deliveries=60,
    single_deliveries=10,
    webhook_seconds=4,
    closed_loop_seconds=2,
    push_seconds=4,
    told_parcels=6,
    lives=2,
    sweep_parcels=(1_000, 20_000),
)
