"""The control side of both stand-ins, over HTTP: what a person would do in Exact's and UPS's own screens."""

import time
from dataclasses import dataclass
from typing import Any

import requests

from connector_site.demo.errors import DemoFailed

TIMEOUT_SECONDS = 15
SUBSCRIPTION_TIMEOUT_SECONDS = 40
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingMethod:
    key: str
    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company in Exact with its sample data."""

    division: int
    name: str
    user_id: str
    user_email: str
    shipping_methods: tuple[ShippingMethod, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedDelivery:
    entry_id: str
    number: str


class Sandbox:
    def __init__(self, *, exact: str, ups: str) -> None:
        self._exact = exact
        self._ups = ups
        self._session = requests.Session()

    def make_company(self, *, site: str, name: str, country: str) -> Company:
        made = self._post(f"{self._exact}/sandbox/companies", {"site": site, "name": name, "country": country})
        return Company(
            division=made["division"],
            name=name,
            user_id=made["user_id"],
            user_email=made["user_email"],
            shipping_methods=tuple(
                ShippingMethod(key=each["id"], code=each["code"], name=each["description"])
                for each in made["shipping_methods"]
            ),
        )

    def make_ups_account(self, *, client_id: str, client_secret: str, shipper_number: str, country: str) -> None:
        self._post(
            f"{self._ups}/sandbox/accounts",
            {
                "client_id": client_id,
                "client_secret": client_secret,
                "shipper_number": shipper_number,
                "country": country,
            },
        )

    def book_delivery(self, company: Company) -> BookedDelivery:
        """An ordinary one: the stand-in chooses the customer and the goods, we the UPS shipping method."""
        method = next(each.key for each in company.shipping_methods if "UPS" in each.name)
        booked = self._post(
            f"{self._exact}/sandbox/companies/{company.division}/deliveries", {"shipping_method_id": method}
        )
        (delivery,) = booked["deliveries"]
        return BookedDelivery(entry_id=str(delivery["EntryID"]), number=str(delivery["DeliveryNumber"]))

    def wait_for_subscription(self, company: Company) -> None:
        """Until Exact has had an answer to the empty call with which it checks a new subscription (exact.md 11.2)."""
        deadline = time.monotonic() + SUBSCRIPTION_TIMEOUT_SECONDS
        while not self._is_subscribed(company):
            if time.monotonic() > deadline:
                raise DemoFailed(
                    f"No webhook subscription of company {company.division} was made and checked within "
                    f"{SUBSCRIPTION_TIMEOUT_SECONDS} seconds."
                )
            time.sleep(POLL_SECONDS)

    def _is_subscribed(self, company: Company) -> bool:
        answer = self._session.get(f"{self._exact}/sandbox/subscriptions", timeout=TIMEOUT_SECONDS)
        subscriptions = self._checked(answer)["subscriptions"]
        return any(each["division"] == company.division and each["is_validated"] for each in subscriptions)

    def tracking_number(self, company: Company, delivery: BookedDelivery) -> str:
        url = f"{self._exact}/sandbox/companies/{company.division}/deliveries/{delivery.entry_id}"
        return str(self._checked(self._session.get(url, timeout=TIMEOUT_SECONDS))["TrackingNumber"] or "")

    def _post(self, url: str, body: dict[str, object]) -> Any:
        return self._checked(self._session.post(url, json=body, timeout=TIMEOUT_SECONDS))

    @staticmethod
    def _checked(answer: requests.Response) -> Any:
        if not answer.ok:
            raise DemoFailed(f"{answer.url} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()
