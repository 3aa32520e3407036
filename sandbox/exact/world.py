"""Everything the stand-in holds in memory: apps, users, companies, grants, limits."""

import itertools
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.core.clock import Clock
from sandbox.exact.grants import AppKey, Grants
from sandbox.exact.limits import CallLimits, ErrorBudget
from sandbox.exact.settings import ExactSettings
from sandbox.exact.store import Company, User
from sandbox.exact.wallclock import to_wall_ms

READ = "read"
MANAGE = "manage"
ALL_SCOPES: dict[str, str] = dict.fromkeys(
    (
        "logistics wms",
        "sales orders",
        "crm accounts",
        "logistics items",
        "logistics inventory",
        "organization documents",
        "organization administration",
    ),
    MANAGE,
)
"""The scopes of exact.md 2, each at its higher level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A registration in the App Center of one site (exact.md 2)."""

    site: str
    client_id: str
    client_secret: str
    webhook_secret: str
    redirect_uris: tuple[str, ...]
    scopes: dict[str, str]
    webhook_delay_ms: int | None = None

    @property
    def key(self) -> AppKey:
        """Site and client id."""
        return (self.site, self.client_id)


@dataclass(slots=True)
class World:
    """The state of the process. Numbers start anywhere, so that a restart never meets rows of an older run."""

    clock: Clock
    settings: ExactSettings
    grants: Grants = field(init=False)
    calls: CallLimits = field(init=False)
    errors: ErrorBudget = field(init=False)
    apps: dict[AppKey, App] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    companies: dict[int, Company] = field(default_factory=dict)
    _timestamps: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.grants = Grants(self.clock, self.settings)
        self.calls = CallLimits(self.clock, self.settings)
        self.errors = ErrorBudget(self.clock, self.settings)
        self.apps.clear()
        self.users.clear()
        self.companies.clear()
        self._timestamps = itertools.count(random.randrange(10_000_000, 900_000_000))

    def next_timestamp(self, company: Company) -> int:
        """The next row version of the database that the company is in."""
        return next(company.versions or self._timestamps)

    def now_ms(self) -> int:
        """The present moment as Exact writes it."""
        return to_wall_ms(self.clock.now())

    def new_division(self) -> int:
        """A division number nobody has."""
        while (division := random.randrange(1_000_000, 4_000_000)) in self.companies:
            pass
        return division

    def users_of(self, site: str) -> list[User]:
        """People with a login at a site, newest last."""
        return [user for user in self.users.values() if user.site == site]


def new_guid() -> str:
    """A fresh GUID in lower case."""
    return str(uuid.uuid4())
