"""How large each measurement is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The sizes of `reliability.md` 7.4, or small ones to see that everything works."""

    notifications: int = 10_000
    notification_seconds: int = 60
    renewing_processes: int = 50
    renewals: int = 1_000
    due_jobs: int = 10_000
    callers: int = 20
    calling_minutes: int = 4
    burst: int = 200
    power_cuts: int = 3
    power_cut_seconds: int = 90
    broker_seconds: int = 150


FULL = Sizes()
QUICK = Sizes(
    notifications=1_000,
    notification_seconds=10,
    renewing_processes=8,
    renewals=10,
    due_jobs=1_000,
    callers=8,
    calling_minutes=2,
    burst=60,
    power_cuts=1,
    power_cut_seconds=25,
    broker_seconds=75,
)
