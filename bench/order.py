"""What the starter of a run tells the process that connects customers."""

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


def read_order(text: str) -> Order:
    """The order in what the starter wrote."""
    read = json.loads(text)
    return Order(
        exact=StandIn(address=read["exact"]),
        ups=StandIn(address=read["ups"]),
        companies=tuple(Company(**each) for each in read["companies"]),
    )
