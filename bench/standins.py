"""The control side of both stand-ins, as far as the benchmark needs it."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests

from bench.errors import BenchFailed

TIMEOUT_SECONDS = 60
CALLS_AT_ONCE = 2_000
UNLIMITED = 10_000_000
"""Far above what any run calls: the limits of Exact are not what is measured."""
_DIVISION = re.compile(r"/api/v1/(\d+)/")
_ENTRY_ID = re.compile(r"GoodsDeliveries\(guid'([0-9a-f-]{36})'\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that a stand-in answered."""

    method: str
    operation: str
    at: datetime
    duration_ms: float
    status: int | None
    path: str

    @property
    def ended_at(self) -> datetime:
        """When the stand-in had its answer ready."""
        return self.at + timedelta(milliseconds=self.duration_ms)

    @property
    def division(self) -> int | None:
        """The company that an Exact call is about."""
        found = _DIVISION.search(self.path)
        return int(found[1]) if found else None

    @property
    def entry_id(self) -> str | None:
        """The goods delivery that an Exact call is about, when its key stands in the address."""
        found = _ENTRY_ID.search(self.path)
        return found[1].lower() if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """One running stand-in."""

    address: str
    session: requests.Session = field(default_factory=requests.Session)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """A call of the control API."""
        answer = self.session.request(method, f"{self.address}/sandbox/{path}", json=body, timeout=TIMEOUT_SECONDS)
        if not answer.ok:
            raise BenchFailed(f"{answer.url} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()

    def forget_calls(self) -> None:
        """Empty the call log."""
        self.control("DELETE", "calls")

    def calls(self) -> list[Call]:
        """Every call in the log, oldest first."""
        found: list[Call] = []
        since = 0
        while True:
            rows = self.control("GET", f"calls?since={since}&limit={CALLS_AT_ONCE}")["calls"]
            found += [
                Call(
                    method=row["method"],
                    operation=row["operation"],
                    at=datetime.fromisoformat(row["at"]),
                    duration_ms=row["duration_ms"],
                    status=row["status"],
                    path=row["path"],
                )
                for row in rows
            ]
            if len(rows) < CALLS_AT_ONCE:
                return found
            since = rows[-1]["sequence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A customer's company in Exact, and what a booking there names."""

    division: int
    user_id: str
    method_id: str
    account_id: str
    item_id: str


def found_company(exact: StandIn) -> Company:
    """A company with sample data, and of that an ordinary delivery: goods with a weight for a customer nearby."""
    made = exact.control("POST", "companies", {"site": "nl", "country": "NL"})
    return Company(
        division=int(made["division"]),
        user_id=made["user_id"],
        method_id=next(row["id"] for row in made["shipping_methods"] if row["code"] == "UPSSTD"),
        account_id=next(row["id"] for row in made["accounts"] if row["country"] == "NL"),
        item_id=next(row["id"] for row in made["items"] if row["net_weight"]),
    )


def book(exact: StandIn, company: Company, *, count: int = 1) -> list[str]:
    """Book deliveries as a person in Exact would; returns their entry ids."""
    order = {
        "count": count,
        "account_id": company.account_id,
        "shipping_method_id": company.method_id,
        "lines": [{"item_id": company.item_id, "quantity": 2}],
    }
    booked = exact.control("POST", f"companies/{company.division}/deliveries", order)
    return [str(row["EntryID"]).lower() for row in booked["deliveries"]]


def tracking_numbers(exact: StandIn, company: Company) -> dict[str, str]:
    """What stands in Exact, by entry id."""
    rows = exact.control("GET", f"companies/{company.division}/deliveries")["deliveries"]
    return {str(row["EntryID"]).lower(): str(row["TrackingNumber"] or "") for row in rows}


def callback_urls(exact: StandIn) -> dict[int, str]:
    """Where Exact sends notifications of each company, once it has checked the address."""
    rows = exact.control("GET", "subscriptions")["subscriptions"]
    return {int(row["division"]): str(row["callback_url"]) for row in rows if row["is_validated"]}


def subscribed_numbers(ups: StandIn) -> set[str]:
    """Parcels of which UPS tells by itself."""
    rows = ups.control("GET", "subscriptions")["subscriptions"]
    return {str(row["tracking_number"]) for row in rows if row["active"]}


def lift_limits(exact: StandIn, ups: StandIn) -> None:
    """No added delay, and no limit that a run could meet."""
    unlimited = dict.fromkeys(("minutely_limit", "daily_limit", "token_calls_per_day"), UNLIMITED)
    exact.control("POST", "settings", {"added_delay_ms": 0, **unlimited})
    ups.control("POST", "settings", {"added_delay_ms": 0})


def consent_at_once(exact: StandIn) -> None:
    """Consent without a page, and webhook addresses that are checked without a pause."""
    exact.control("POST", "settings", {"validation_delay_ms": 0, "auto_consent": True})
