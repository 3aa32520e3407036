"""What the starter of a run tells the process that connects customers, and what that tells it."""

import json
from dataclasses import asdict, dataclass

from bench.standins import Company, StandIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which companies get a tenant each."""

    exact: StandIn
    ups: StandIn
    companies: tuple[Company, ...]

    def as_text(self) -> str:
        """For the process that does the work."""
        companies = [asdict(company) for company in self.companies]
        return json.dumps({"exact": self.exact.address, "ups": self.ups.address, "companies": companies})


@dataclass(frozen=True, slots=True, kw_only=True)
class PushDoor:
    """Where UPS pushes what happens to the parcels of a company, and by what it shows that it is UPS."""

    division: int
    path: str
    credential: str


def doors_as_text(doors: list[PushDoor]) -> str:
    """For the starter."""
    return json.dumps([asdict(door) for door in doors])


def read_doors(text: str) -> tuple[PushDoor, ...]:
    """The doors in what the process wrote."""
    return tuple(PushDoor(**each) for each in json.loads(text))


def read_order(text: str) -> Order:
    """The order in what the starter wrote."""
    read = json.loads(text)
    return Order(
        exact=StandIn(address=read["exact"]),
        ups=StandIn(address=read["ups"]),
        companies=tuple(Company(**each) for each in read["companies"]),
    )
