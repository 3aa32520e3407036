"""Asking Quantum View, and letting parcels travel, as tests do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import requests

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import Json, changed, dutch, package
from tests.sandbox.ups.conftest import Caller, Ups

EVENTS = ups_spec.Operation(file="QuantumView.yaml", path="/quantumview/{version}/events", method="post")
NAME = "OutboundNL"
MOMENT = "%Y%m%d%H%M%S"
HOUR = 3600
RECORD_KINDS = ("Manifest", "Origin", "Exception", "Delivery", "Generic")


def question(*wanted: Json, bookmark: str = "") -> Json:
    """A request for everything unread, or for what is wanted."""
    asked: Json = {
        "Request": {"TransactionReference": {"CustomerContext": "qv-0001"}, "RequestAction": "QVEvents"},
    }
    if wanted:
        asked["SubscriptionRequest"] = list(wanted)
    if bookmark:
        asked["Bookmark"] = bookmark
    return {"QuantumViewRequest": asked}


def named(name: str = NAME, **fields: object) -> Json:
    return {"Name": name, **fields}


def listed(value: object) -> list[Json]:
    """A list, or one object that stands for it."""
    return cast("list[Json]", value if isinstance(value, list) else [value] if value else [])


def events_of(answer: Json) -> list[Json]:
    return listed(cast("Json", answer["QuantumViewEvents"])["SubscriptionEvents"])


def files_of(*answers: Json) -> list[Json]:
    return [file for answer in answers for event in events_of(answer) for file in listed(event.get("SubscriptionFile"))]


def names_of(*answers: Json) -> list[str]:
    return [str(file["FileName"]) for file in files_of(*answers)]


def records_of(kind: str, *answers: Json) -> list[Json]:
    return [record for file in files_of(*answers) for record in listed(file.get(kind))]


def told(*answers: Json) -> list[str]:
    """What the records say, one word each, in the order of the files."""
    return [
        " ".join(
            part for part in (kind, str(record.get("StatusCode", "")), str(record.get("ActivityType", ""))) if part
        )
        for file in files_of(*answers)
        for kind in RECORD_KINDS
        for record in listed(file.get(kind))
    ]


def error_of(answer: requests.Response) -> tuple[int, str, str]:
    """HTTP status, severity and text of a refusal."""
    response = answer.json()["QuantumViewResponse"]["Response"]
    assert response["ResponseStatusCode"] == "0"
    [error] = response["Error"]
    return answer.status_code, error["ErrorSeverity"], error["ErrorDescription"]


@dataclass(slots=True)
class Viewer:
    """One caller of Quantum View beside the stand-in's controls."""

    ups: Ups
    caller: Caller

    def ask(self, body: Json, *, version: str = "v3") -> requests.Response:
        return self.caller.call("POST", f"/api/quantumview/{version}/events", body)

    def answer(self, *wanted: Json, bookmark: str = "", version: str = "v3") -> Json:
        """The answer to a question that must succeed."""
        answer = self.ask(question(*wanted, bookmark=bookmark), version=version)
        assert answer.status_code == 200, answer.text
        response = answer.json()["QuantumViewResponse"]
        assert response["Response"]["ResponseStatusCode"] == "1", answer.text
        return cast("Json", response)

    def pages(self, *wanted: Json) -> list[Json]:
        """Every page, by following the bookmarks."""
        pages = [self.answer(*wanted)]
        while bookmark := pages[-1].get("Bookmark"):
            pages.append(self.answer(*wanted, bookmark=str(bookmark)))
        return pages

    def set(self, **settings: object) -> None:
        self.ups.control("settings", settings)

    def subscribe(self, name: str = NAME, shipper_number: str = "A1B2C3", **fields: object) -> Json:
        return self.ups.control("view-subscriptions", {"shipper_number": shipper_number, "name": name, **fields})

    def ship(self, parcels: int = 1) -> list[str]:
        """The numbers of the parcels of a new shipment."""
        body = changed(dutch(), {"Shipment.Package": [package("2.5")] * parcels})
        return [str(each["TrackingNumber"]) for each in listed(self.caller.shipped(body)["PackageResults"])]

    def travel(self, script: str, parcels: int = 1) -> list[str]:
        """A new shipment whose parcels leave now."""
        self.set(travel_script=script)
        numbers = self.ship(parcels)
        self.set(travel_script="")
        return numbers

    def wait(self, hours: float) -> None:
        """Let time pass; the caller's token may have ended meanwhile."""
        self.ups.control("clock", {"advance_seconds": hours * HOUR})
        self.caller.token = ""

    def now(self) -> datetime:
        return datetime.fromisoformat(str(self.ups.read("clock")["now"]))

    def since(self, hours: float, *, until: float | None = None) -> Json:
        """The period from so many hours ago, until so many hours ago if told."""
        period = {"BeginDateTime": f"{self.now() - timedelta(hours=hours):{MOMENT}}"}
        if until is not None:
            period["EndDateTime"] = f"{self.now() - timedelta(hours=until):{MOMENT}}"
        return named(DateTimeRange=period)


def numbers_in(records: Iterable[Json]) -> set[str]:
    """Tracking numbers of records that have their own."""
    return {str(record["TrackingNumber"]) for record in records}
