"""What is known of a request to UPS whose outcome is not: what was sent, and what each source said. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.db.models import Max
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language

from connector_site.lib.secrets import UNREADABLE, unseal
from connector_site.lib.wording import said
from syncjobs.doubts.adopting import ANSWER
from syncjobs.models import Attempt, Delivery, Manifest, Shipment
from syncjobs.wording import milestone_word, reason_phrase, words_for
from ups.models import QuantumViewFeed
from ups.services import service_name

_SOURCES = {
    "label_recovery": (said("UPS Label Recovery"), said("asked by our reference")),
    "tracking": (said("UPS Tracking"), said("asked by our reference")),
    "manifest": (said("UPS Quantum View"), said("UPS's own list of your shipments")),
    "void": (said("UPS Void"), said("asked to void the shipment")),
    "late_answer": (said("Late answer of UPS"), said("to the request itself")),
    "person": (said("Decision"), said("by a person")),
}
"""The sources in `Attempt.evidence`: a name, and how it is asked."""
_ALWAYS = ("label_recovery", "tracking")
"""Shown for a doubt also while they have said nothing."""
_NOT_ASKED = said("Not asked yet")
_UNITS = {"KGS": "kg", "LBS": "lb", "CM": "cm", "IN": "in"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentParcel:
    """One parcel as it was asked for."""

    weight: str
    size: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What we asked UPS for. The parts that stand in the request itself are empty once it is no longer kept."""

    reference: str
    account: str
    environment: str
    sent_at: datetime | None
    packages: int
    service: str
    parcels: tuple[SentParcel, ...]
    receiver: tuple[str, ...]
    own_reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one source says. `times` counts what it said before; `at` is None while it has said nothing.

    `is_person`: a decision, no answer of a system.
    """

    source: str
    how: str
    said: str
    numbers: tuple[str, ...] = ()
    at: datetime | None = None
    times: int = 0
    is_person: bool = False


def sent_of(attempt: Attempt, delivery: Delivery) -> Sent:
    """The request in words; the receiver as UPS would print her."""
    shipment = _shipment_of(attempt, delivery)
    code = str(shipment.get("Service", {}).get("Code", ""))
    return Sent(
        reference=attempt.reference,
        account=f"{attempt.account.name} ({attempt.shipper_number})",
        environment=attempt.environment,
        sent_at=attempt.sent_at,
        packages=attempt.packages,
        service=service_name(attempt.account.country, code) if code else "",
        parcels=tuple(_parcel(row) for row in shipment.get("Package", [])),
        receiver=_receiver(shipment.get("ShipTo", {})),
        own_reference=_own_reference(shipment, attempt.reference),
    )


def sources_of(attempt: Attempt, delivery: Delivery) -> list[Told]:
    """The newest word of each source: our record, the answer, UPS's other services, what stands in Exact."""
    kept = _said(attempt)
    told = [_our_record(attempt), _answer(attempt)]
    for source, (name, how) in _SOURCES.items():
        mine = [row for row in kept if row.get("source") == source]
        if source == "manifest" and (mine or attempt.doubt_at is not None):
            told.append(_announced(attempt, times=len(mine)))
        elif mine:
            told.append(_told(mine[-1], times=len(mine)))
        elif source in _ALWAYS and attempt.doubt_at is not None:
            told.append(Told(source=name, how=how, said=_NOT_ASKED))
    return [*told, *_parcels_made(attempt), _in_exact(delivery)]


def everything_said(attempt: Attempt) -> list[Told]:
    """All that the sources said and that is kept, newest first."""
    return [_told(row) for row in reversed(_said(attempt))]


def last_heard(attempt: Attempt) -> Told | None:
    """The newest thing any source said since the request was sent."""
    return next(iter(everything_said(attempt)), None)


def _said(attempt: Attempt) -> list[Mapping[str, Any]]:
    """What is kept, oldest first; the answer that came too late among it."""
    kept = list((attempt.evidence or {}).get("sources", []))
    if attempt.late_answer and not any(row.get("source") == "late_answer" for row in kept):
        numbers = attempt.late_answer.get("numbers", [])
        kept.append({"source": "late_answer", "said": said("UPS made the shipment"), "numbers": numbers})
    return kept


def _told(row: Mapping[str, Any], *, times: int = 1) -> Told:
    """UPS's own sentences end with a full stop; here a word of a source is a part of another sentence."""
    source = str(row.get("source", ""))
    name, how = _SOURCES.get(source, (source, ""))
    return Told(
        source=name,
        how=how,
        said=str(row.get("said", "")).rstrip("."),
        numbers=tuple(str(number) for number in row.get("numbers", [])),
        at=parse_datetime(str(row.get("at", ""))),
        times=times,
        is_person=source == "person",
    )


def _announced(attempt: Attempt, *, times: int) -> Told:
    """What UPS announced under the reference up to now, whether anybody looked since or not; no call is needed."""
    source, how = _SOURCES["manifest"]
    rows = list(Manifest.objects.filter(tenant_id=attempt.tenant_id, reference=attempt.reference).order_by("pk"))
    if rows:
        numbers = tuple(row.tracking_number for row in rows)
        heard, at = said("It was announced under this reference"), rows[-1].first_seen_at
        return Told(source=source, how=how, said=heard, numbers=numbers, at=at, times=times)
    feeds = QuantumViewFeed.objects.filter(tenant_id=attempt.tenant_id, account=attempt.account)
    read_at = feeds.aggregate(last=Max("read_at"))["last"]
    if read_at is not None and attempt.sent_at is not None and read_at > attempt.sent_at:
        heard = said("Nothing was announced under this reference so far")
        return Told(source=source, how=how, said=heard, at=read_at, times=times)
    heard = said("Not read yet since the request was sent")
    if not feeds.exists():
        heard = said("Not set up for this UPS account")
    return Told(source=source, how=how, said=heard, times=times)


def _our_record(attempt: Attempt) -> Told:
    heard = said("The request left") if attempt.sent_at else said("The request is prepared; it has not left")
    return Told(source=said("Our own record"), how=said("what we sent and when"), said=heard, at=attempt.sent_at)


def _answer(attempt: Attempt) -> Told:
    source, how = said("Answer to the request"), said("what UPS said at once")
    made = _shipment(attempt)
    if made is not None and made.source == ANSWER:
        numbers = (made.ups_shipment_id,)
        return Told(source=source, how=how, said=said("UPS made the shipment"), numbers=numbers, at=made.created_at)
    evidence = attempt.evidence or {}
    reported = str(evidence.get("reported_number", ""))
    return Told(
        source=source,
        how=how,
        said=_answer_words(evidence.get("status"), str(evidence.get("code", ""))),
        numbers=(reported,) if reported else (),
        at=attempt.doubt_at if evidence.get("status") else None,
    )


def _shipment(attempt: Attempt) -> Shipment | None:
    return getattr(attempt, "shipment", None)


def _parcels_made(attempt: Attempt) -> list[Told]:
    """Where its parcels are, once there are some."""
    made, words = _shipment(attempt), words_for(get_language() or "")
    if made is None:
        return []
    return [
        Told(
            source=said("Parcel"),
            how=said("where it is, by UPS's news"),
            said=": ".join(
                part for part in (milestone_word(words, row.milestone), reason_phrase(words, row.reason)) if part
            ),
            numbers=(row.tracking_number,),
            at=row.milestone_at,
        )
        for row in made.parcels.order_by("position")
    ]


def _answer_words(status: int | None, code: str) -> str:
    if not status:
        return said("None arrived")
    answer = said("answer {status}", status=status)
    if code:
        answer = said("answer {status}, code {code}", status=status, code=code)
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return said("It came, but not complete ({answer})", answer=answer)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return said("UPS had a fault of its own ({answer}); the shipment may have been made before it", answer=answer)
    return said("A refusal that may not be UPS's own ({answer})", answer=answer)


def _in_exact(delivery: Delivery) -> Told:
    number = str(delivery.facts.get("tracking_number") or "")
    ours = str(delivery.written.get("tracking_number") or "")
    standing = ours or number
    heard = said("This tracking number stands in the goods delivery")
    if not standing:
        heard = said("No tracking number stands there")
    at = delivery.written_at if ours else delivery.facts_read_at
    numbers = (standing,) if standing else ()
    return Told(source="Exact Online", how=said("the goods delivery"), said=heard, numbers=numbers, at=at)


def _shipment_of(attempt: Attempt, delivery: Delivery) -> Mapping[str, Any]:
    try:
        body = unseal(attempt.request, owner=delivery.code, purpose=attempt.reference)
    except UNREADABLE:
        return {}
    return dict(body.get("ShipmentRequest", {}).get("Shipment", {}))


def _parcel(row: Mapping[str, Any]) -> SentParcel:
    weight, sides = row.get("PackageWeight", {}), row.get("Dimensions", {})
    size = " x ".join(str(sides[name]) for name in ("Length", "Width", "Height") if sides.get(name))
    return SentParcel(
        weight=f"{weight['Weight']} {_unit(weight)}" if weight.get("Weight") else "",
        size=f"{size} {_unit(sides)}" if size else "",
        description=str(row.get("Description", "")),
    )


def _unit(measured: Mapping[str, Any]) -> str:
    code = str(measured.get("UnitOfMeasurement", {}).get("Code", ""))
    return _UNITS.get(code, code)


def _receiver(party: Mapping[str, Any]) -> tuple[str, ...]:
    address = party.get("Address", {})
    place = (address.get(name, "") for name in ("PostalCode", "City", "StateProvinceCode", "CountryCode"))
    lines = [
        party.get("Name", ""),
        party.get("AttentionName", ""),
        *address.get("AddressLine", []),
        " ".join(part for part in place if part),
        party.get("Phone", {}).get("Number", ""),
    ]
    return tuple(dict.fromkeys(str(line) for line in lines if line))


def _own_reference(shipment: Mapping[str, Any], reference: str) -> str:
    """The customer's own number beside ours: on the shipment, or on its parcels in some countries (`ups.md` 5.6)."""
    parcels = [row for package in shipment.get("Package", []) for row in package.get("ReferenceNumber", [])]
    rows: list[Mapping[str, Any]] = [*shipment.get("ReferenceNumber", []), *parcels]
    return next((str(row["Value"]) for row in rows if row.get("Value") != reference), "")
