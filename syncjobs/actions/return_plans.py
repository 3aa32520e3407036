"""The request that brings goods back, built from what was shipped: Exact is not asked, and knows nothing of it.

Inside the tenant's context.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from audit.chain import fingerprint
from connector_site.lib.references import new_shipment_reference
from connector_site.lib.secrets import UNREADABLE, unseal
from connector_site.lib.wording import said
from syncjobs.models import Attempt, Delivery, Parcel, PartyAddress
from syncjobs.parties import open_party
from syncjobs.problems import Problem
from syncjobs.setup.ship_from import places_of, ship_from_of
from syncjobs.steps.planning import Plan, Unready
from ups.accounts import shipper_of
from ups.errors import SpecInvalid
from ups.lanes import LETTER, ships_imperial
from ups.limits import DESCRIPTION_CHARACTERS, PACKAGE_DESCRIPTION_CHARACTERS
from ups.measures import IMPERIAL, METRIC, System
from ups.models import SEALED_OF_ACCOUNT, Account
from ups.services import LABEL_HEIGHTS_INCHES, LabelFormat
from ups.shipment_spec import ParcelSpec, PartySpec, ShipmentSpec
from ups.shipping import build_request
from ups.text import break_lines

_STANDARD, _ACCESS_POINT = "11", "70"
_OWN_PACKAGING = "02"
_DESCRIPTION = "Returned goods"
"""Where it is not known any more what was shipped; for UPS's label, in English as all that UPS is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A parcel that is to come back, by the number it went out with, and what it weighs on its way back."""

    number: str
    weight: Decimal


class Sent(NamedTuple):
    """A parcel that went out, with what UPS was told of it; `sides` in the unit of its account's country."""

    parcel: Parcel
    packaging_code: str
    sides: tuple[Decimal, ...]
    system: System

    @property
    def is_letter(self) -> bool:
        """UPS's own envelope, which needs no weight."""
        return self.packaging_code == LETTER


def system_of(account: Account) -> System:
    """The units in which its parcels are weighed and measured."""
    return IMPERIAL if ships_imperial(account.country) else METRIC


def sent_parcels(delivery: Delivery) -> list[Sent]:
    """The parcels of a delivery that can come back: those that nobody voided."""
    rows = Parcel.objects.select_related("shipment__attempt__account").filter(
        tenant_id=delivery.tenant_id, shipment__delivery=delivery, shipment__voided_at=None, voided_at=None
    )
    rows = rows.defer(*(f"shipment__attempt__{name}" for name in SEALED_OF_ACCOUNT))
    parcels = list(rows.order_by("shipment__created_at", "position"))
    packages = {parcel.shipment_id: _packages(parcel.shipment.attempt, delivery) for parcel in parcels}
    return [_sent(parcel, packages[parcel.shipment_id]) for parcel in parcels]


def plan_back(delivery: Delivery, chosen: Sequence[Chosen], *, of: Delivery | None = None) -> Plan:
    """The request for these parcels of a delivery. Raises `Unready` with what is wrong.

    `of` is the return that is planned once more: the customer's address is its own by now.
    """
    by_number = {sent.parcel.tracking_number: sent for sent in sent_parcels(delivery)}
    if not chosen or any(one.number not in by_number for one in chosen):
        raise Unready([_no_parcel()])
    first = by_number[chosen[0].number].parcel
    attempt = first.shipment.attempt
    account = Account.objects.get(tenant_id=delivery.tenant_id, pk=attempt.account_id)
    body = _body(attempt, delivery)
    reference = new_shipment_reference(account.environment)
    description = _description(body)
    label = body.get("LabelSpecification", {})
    height = int(label.get("LabelStockSize", {}).get("Height", 6))
    spec = ShipmentSpec(
        shipper=shipper_of(account),
        shipper_number=account.shipper_number,
        ship_from=_customer(of or delivery),
        ship_to=_ours(delivery, account),
        service_code=_service_back(first.shipment.service_code),
        parcels=tuple(_parcel(by_number[one.number], one, description) for one in chosen),
        reference=reference,
        customer_reference=delivery.order_numbers.split(", ")[0] or delivery.delivery_number,
        description=description,
        label_format=_label_format(label),
        label_height_inches=height if height in LABEL_HEIGHTS_INCHES else 6,
        is_return=True,
    )
    return _frozen(spec, account)


def chosen_of(delivery: Delivery) -> tuple[Chosen, ...]:
    """The parcels that a return brings back."""
    return tuple(_chosen(delivery.facts.get("parcels", ())))


def as_facts(delivery: Delivery, chosen: Iterable[Chosen]) -> dict[str, Any]:
    """What is kept of a return's order: numbers only."""
    return {"warehouse": _warehouse(delivery), "parcels": as_rows(chosen)}


def as_rows(chosen: Iterable[Chosen]) -> list[dict[str, str]]:
    """For a column."""
    return [{"number": one.number, "weight": str(one.weight)} for one in chosen]


def from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[Chosen, ...]:
    """What `as_rows` stored."""
    return tuple(_chosen(rows))


def _chosen(rows: Iterable[Mapping[str, str]]) -> Iterable[Chosen]:
    return (Chosen(number=row["number"], weight=Decimal(row["weight"])) for row in rows)


def _frozen(spec: ShipmentSpec, account: Account) -> Plan:
    try:
        body = build_request(spec)
    except SpecInvalid as error:
        raise Unready(
            [
                Problem(code=f"{found.field}_invalid", field=found.field, text=found.message, where=found.where_to_fix)
                for found in error.problems
            ]
        ) from error
    content_hash = fingerprint(_without(body, spec.reference))
    return Plan(reference=spec.reference, account=account, spec=spec, body=body, content_hash=content_hash, in_exact=())


def _without(value: Any, reference: str) -> Any:
    """The request without its own reference, so that equal orders have one fingerprint."""
    if isinstance(value, dict):
        return {name: _without(inner, reference) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, reference) for inner in value]
    return "" if value == reference else value


def _body(attempt: Attempt, delivery: Delivery) -> dict[str, Any]:
    """What UPS was asked for; empty once that was erased, or where it cannot be read any more."""
    if attempt.request is None:
        return {}
    try:
        return dict(unseal(attempt.request, owner=delivery.code, purpose=attempt.reference).get("ShipmentRequest", {}))
    except UNREADABLE:
        return {}


def _packages(attempt: Attempt, delivery: Delivery) -> list[Mapping[str, Any]]:
    return list(_body(attempt, delivery).get("Shipment", {}).get("Package", []))


def _sent(parcel: Parcel, packages: Sequence[Mapping[str, Any]]) -> Sent:
    account = parcel.shipment.attempt.account
    is_known = parcel.position <= len(packages)
    asked: Mapping[str, Any] = packages[parcel.position - 1] if is_known else {}
    sides = asked.get("Dimensions", {})
    return Sent(
        parcel=parcel,
        packaging_code=str(asked.get("Packaging", {}).get("Code", _OWN_PACKAGING)),
        sides=tuple(Decimal(sides[name]) for name in ("Length", "Width", "Height") if sides.get(name)),
        system=system_of(account),
    )


def _parcel(sent: Sent, chosen: Chosen, description: str) -> ParcelSpec:
    length, width, height = sent.sides if len(sent.sides) == 3 else (None, None, None)  # noqa: PLR2004  a box
    return ParcelSpec(
        weight=None if sent.is_letter and not chosen.weight else chosen.weight,
        weight_unit=sent.system.weight_unit,
        length=length,
        width=width,
        height=height,
        size_unit=sent.system.size_unit,
        packaging_code=sent.packaging_code,
        description=break_lines(description, width=PACKAGE_DESCRIPTION_CHARACTERS)[0][:PACKAGE_DESCRIPTION_CHARACTERS],
    )


def _description(body: Mapping[str, Any]) -> str:
    told = str(body.get("Shipment", {}).get("Description", "")).strip()
    return (told or _DESCRIPTION)[:DESCRIPTION_CHARACTERS]


def _label_format(label: Mapping[str, Any]) -> LabelFormat:
    code = str(label.get("LabelImageFormat", {}).get("Code", ""))
    return LabelFormat(code) if code in {one.value for one in LabelFormat} else LabelFormat.GIF


def _service_back(code: str) -> str:
    """What the goods went out by; from an Access Point nobody fetches them, so by the ground service from there."""
    return _STANDARD if code == _ACCESS_POINT else code


def _ours(delivery: Delivery, account: Account) -> PartySpec:
    """Where the goods left from, as that address is now."""
    return ship_from_of(places_of(delivery.connection), account, _warehouse(delivery))


def _warehouse(delivery: Delivery) -> str:
    return delivery.warehouse_code or str(delivery.facts.get("warehouse") or "")


def _customer(delivery: Delivery) -> PartySpec:
    row = PartyAddress.objects.filter(tenant_id=delivery.tenant_id, delivery=delivery, erased_at=None).first()
    if row is None:
        raise Unready([_no_address()])
    try:
        party = open_party(row.sealed_key, row.sealed, delivery_code=delivery.code)
    except UNREADABLE as error:
        raise Unready([_no_address()]) from error
    return PartySpec(
        name=party["name"],
        attention=party.get("attention", ""),
        phone=party.get("phone", ""),
        address_lines=tuple(party.get("lines", ())),
        city=party.get("city", ""),
        postal_code=party.get("postal_code", ""),
        state=party.get("state", ""),
        country=party.get("country", ""),
    )


def _no_parcel() -> Problem:
    return Problem(
        code="nothing_comes_back",
        field="parcels",
        text=said("A parcel that was chosen is not one of this delivery's any more."),
        where=said("the delivery's page: choose the parcels once more"),
    )


def _no_address() -> Problem:
    return Problem(
        code="address_erased",
        field="address",
        text=said("The customer's address is not kept any more, so no label can be made from there."),
        where=said("UPS's own website, with the address the customer gives you"),
    )
