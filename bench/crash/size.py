"""How large a run is, and how fast its time passes."""

from dataclasses import dataclass

SETTLING_MINUTE_SECONDS = 1.0
"""So the quiet time of fifteen minutes lasts fifteen seconds; late effects of the storm stay below it."""
LEASE_SECONDS = 10.0
TASK_TIME_LIMIT_SECONDS = 8
TRACKING_HOUR_SECONDS = 1.0
LATEST_EFFECT_SECONDS = 10.0
"""How long after its call an effect of the storm comes at the latest."""
SECONDS_PER_KILL = 1.1
"""On two processors: a whole worker takes seconds to come back, a child of one some tens of milliseconds."""
SECONDS_PER_DELIVERY = 0.35
LEAST_SECONDS = 12.0
DELIVERIES_PER_TENANT = 50
"""Exact's limit is that of its company: 60 calls a minute."""
MOST_TENANTS = 20
LEAST_TENANTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What was asked for. `quiet_minutes` and `naive` spoil the workers, to see that the run notices."""

    deliveries: int
    kills: int
    seed: str
    settle_seconds: float
    travel_every: int
    naive: bool = False
    quiet_minutes: float | None = None

    @property
    def tenants(self) -> int:
        """Customers, each with a company of Exact and an account of UPS."""
        return min(MOST_TENANTS, max(LEAST_TENANTS, self.deliveries // DELIVERIES_PER_TENANT))

    @property
    def seconds(self) -> float:
        """For so long deliveries are booked and workers killed."""
        return max(LEAST_SECONDS, self.kills * SECONDS_PER_KILL, self.deliveries * SECONDS_PER_DELIVERY)

    @property
    def environment(self) -> dict[str, str]:
        """What lets the product's time pass faster."""
        return {
            "SETTLING_MINUTE_SECONDS": str(SETTLING_MINUTE_SECONDS),
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "TASK_TIME_LIMIT_SECONDS": str(TASK_TIME_LIMIT_SECONDS),
            "TRACKING_HOUR_SECONDS": str(TRACKING_HOUR_SECONDS),
        }
