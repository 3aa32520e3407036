"""The control side of both stand-ins, over HTTP: what a person would do in Exact's and UPS's own screens."""

import math
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from connector_site.demo.errors import DemoFailed

TIMEOUT_SECONDS = 15
SUBSCRIPTION_TIMEOUT_SECONDS = 40
POLL_SECONDS = 0.1
TWO_PARCELS_KG = 80
"""UPS takes 70 kg in a parcel."""
TRAVEL = {
    "travel_script": "normal",
    "travel_delay_seconds": 4.0,
    "travel_hours_per_second": 2.0,
    "travel_mixed": True,
    "view_file_minutes": 0.05,
    "view_delay_seconds": 0.0,
    "view_files_per_page": 100,
}
"""Parcels leave by themselves and are delivered within seconds; of every second one in a shipment no push arrives."""
CALLS_AT_ONCE = 2_000
CREATED = 201
FILES_MADE = "POST documents/DocumentAttachments"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingMethod:
    key: str
    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    key: str
    weight_kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company in Exact with its sample data."""

    division: int
    name: str
    user_id: str
    user_email: str
    shipping_methods: tuple[ShippingMethod, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedDelivery:
    entry_id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDelivery:
    """What stands in a goods delivery."""

    tracking_number: str
    remarks: str
    document_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDocument:
    """A document in Exact; each file with its size in bytes."""

    subject: str
    files: tuple[tuple[str, int], ...]


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
            items=tuple(Item(key=each["id"], weight_kg=each["net_weight"] or 0.0) for each in made["items"]),
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

    def let_parcels_travel(self) -> None:
        """Whatever is shipped from now on is soon under way."""
        self._post(f"{self._ups}/sandbox/settings", TRAVEL)

    def subscribe_to_quantum_view(self, *, shipper_number: str, name: str) -> None:
        """As the customer does at ups.com."""
        order: dict[str, object] = {"shipper_number": shipper_number, "name": name}
        self._post(f"{self._ups}/sandbox/view-subscriptions", order)

    def book_delivery(self, company: Company) -> BookedDelivery:
        """Of two parcels, by UPS: the stand-in chooses the customer, we the goods by their weight."""
        method = next(each.key for each in company.shipping_methods if "UPS" in each.name)
        item = max(company.items, key=lambda each: each.weight_kg)
        lines = [{"item_id": item.key, "quantity": math.ceil(TWO_PARCELS_KG / item.weight_kg)}]
        booked = self._post(
            f"{self._exact}/sandbox/companies/{company.division}/deliveries",
            {"shipping_method_id": method, "lines": lines},
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
        subscriptions = self._get(f"{self._exact}/sandbox/subscriptions")["subscriptions"]
        return any(each["division"] == company.division and each["is_validated"] for each in subscriptions)

    def shown_delivery(self, company: Company, delivery: BookedDelivery) -> ShownDelivery:
        """As a person sees it who opens it in Exact."""
        shown = self._get(f"{self._exact}/sandbox/companies/{company.division}/deliveries/{delivery.entry_id}")
        return ShownDelivery(
            tracking_number=shown["TrackingNumber"] or "",
            remarks=shown["Remarks"] or "",
            document_id=shown["Document"] or "",
        )

    def shown_document(self, company: Company, document_id: str) -> ShownDocument:
        """A document with its files: those that were accepted, and are still there."""
        records = f"{self._exact}/sandbox/companies/{company.division}/records/documents"
        subject = str(self._get(f"{records}/Documents/{document_id}")["Subject"])
        query = f"operation={quote(FILES_MADE)}&limit={CALLS_AT_ONCE}"
        calls = self._get(f"{self._exact}/sandbox/calls?{query}")["calls"]
        made = [call["response_body"]["d"]["ID"] for call in calls if call["status"] == CREATED]
        files = [self._get(f"{records}/DocumentAttachments/{key}") for key in made]
        return ShownDocument(
            subject=subject,
            files=tuple(
                (str(file["FileName"]), int(file["FileSize"])) for file in files if file["Document"] == document_id
            ),
        )

    def _get(self, url: str) -> Any:
        return self._checked(self._session.get(url, timeout=TIMEOUT_SECONDS))

    def _post(self, url: str, body: dict[str, object]) -> Any:
        return self._checked(self._session.post(url, json=body, timeout=TIMEOUT_SECONDS))

    @staticmethod
    def _checked(answer: requests.Response) -> Any:
        if not answer.ok:
            raise DemoFailed(f"{answer.url} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()
