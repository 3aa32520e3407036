"""How large a run is, and how fast its time passes."""

from dataclasses import dataclass

SECONDS_PER_KILL = 1.1
"""On two processors: a whole worker takes seconds to come back, a child of one some tens of milliseconds."""
SECONDS_PER_DELIVERY = 0.35
LEAST_SECONDS = 12.0
DELIVERIES_PER_TENANT = 25
"""Exact's limit is that of its company: 60 calls a minute."""
MOST_TENANTS = 40
LEAST_TENANTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast the product's time passes, and what has to be in proportion to it.

    The quiet time is fifteen settling minutes; effects of the storm come `latest_effect_seconds` after their call at
    the latest, well below that. `long_stall_seconds` reaches beyond the time limit of a task: the worker is stopped in
    the middle of its call. Every `look_seconds` it is looked how far everything is.
    """

    settling_minute_seconds: float
    lease_seconds: float
    task_time_limit_seconds: int
    latest_effect_seconds: float
    long_stall_seconds: tuple[float, float]
    look_seconds: float

    @property
    def environment(self) -> dict[str, str]:
        """What the product's processes are told."""
        return {
            "SETTLING_MINUTE_SECONDS": str(self.settling_minute_seconds),
            "LEASE_SECONDS": str(self.lease_seconds),
            "TASK_TIME_LIMIT_SECONDS": str(self.task_time_limit_seconds),
            "TRACKING_HOUR_SECONDS": "1.0",
        }


USUAL = Pace(
    settling_minute_seconds=1.0,
    lease_seconds=10.0,
    task_time_limit_seconds=8,
    latest_effect_seconds=10.0,
    long_stall_seconds=(7.0, 9.0),
    look_seconds=3.0,
)
QUICK = Pace(
    settling_minute_seconds=0.5,
    lease_seconds=5.0,
    task_time_limit_seconds=4,
    latest_effect_seconds=5.0,
    long_stall_seconds=(3.5, 4.5),
    look_seconds=1.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What was asked for. `naive` and `quiet_minutes` spoil the workers, to see that the judge notices.

    Of `travel_every` parcels one travels; 0 for none. `sees_late_watch`: wait until those that were found absent were
    looked for once more. `ends_at_twins`: once all is booked and killed, wait no longer when UPS has made a second
    shipment for a delivery.
    """

    deliveries: int
    kills: int
    seed: str
    settle_seconds: float
    travel_every: int
    pace: Pace = USUAL
    companies: int = 0
    workers: int = 2
    sees_late_watch: bool = True
    ends_at_twins: bool = False
    naive: bool = False
    quiet_minutes: float | None = None

    @property
    def tenants(self) -> int:
        """Customers, each with a company of Exact and an account of UPS."""
        wanted = self.companies or self.deliveries // DELIVERIES_PER_TENANT
        return min(MOST_TENANTS, max(LEAST_TENANTS, wanted))

    @property
    def seconds(self) -> float:
        """For so long deliveries are booked and workers killed."""
        least = LEAST_SECONDS * self.pace.settling_minute_seconds
        return max(least, self.kills * SECONDS_PER_KILL, self.deliveries * SECONDS_PER_DELIVERY)
