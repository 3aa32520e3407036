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
    calling_minutes: int = 3
    burst: int = 200
    notifications_before_kill: int = 2_000
    kills_of_database: int = 3


FULL = Sizes()
QUICK = Sizes(
    notifications=1_000,
    notification_seconds=10,
    renewing_processes=8,
    renewals=10,
    due_jobs=1_000,
    callers=8,
    calling_minutes=1,
    burst=60,
    notifications_before_kill=400,
    kills_of_database=1,
)
