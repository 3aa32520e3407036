"""What a person weighed and measured at the packing desk: it makes the parcels of a delivery, and lets it be shipped.

She saw everything of the request but the parcels, and the goods that go into them. What she packed counts for that
alone (`packed_content`): where Exact shows something else by then, nothing is sent and she is asked again.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from audit.models import Event
from audit.record import acting, happenings
from connector_site.lib.wording import said
from syncjobs import queue, replay
from syncjobs.models import Delivery, SyncJob
from syncjobs.transitions import delivery_event
from tenants import shipping_switch
from tenants.context import tenant_context
from tenants.models import Tenant
from ups.limits import PACKAGES
from ups.measures import IMPERIAL, METRIC, System, as_sent, length_and_girth, plain, sides_in, weight_in
from ups.preflight import measures_of
from ups.shipment_spec import ParcelSpec, ShipmentSpec

CHANGED = "packed_changed"
"""The code of the problem that a delivery waits with when it changed after a person had packed it."""
TO_PACK = "to_pack"
"""What `Delivery.facts` keep for the packing desk."""
_SYSTEMS = {"metric": METRIC, "imperial": IMPERIAL}
_KILOGRAMS_PER_POUND = Decimal("0.45359237")


class NotPacked(Exception):
    """It cannot be packed as things stand; the message says why. Nothing has happened."""


class PackedAlready(NotPacked):
    """It was packed since the person looked: by a second press of the key, or at another desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedParcel:
    """One parcel on the scale; all three sides, longest first or not, or none."""

    weight: Decimal
    sides: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """All parcels of a shipment in one system of units. `is_binding` when they were packed for the one at hand.

    `content` is the fingerprint of what else the person saw.
    """

    parcels: tuple[PackedParcel, ...]
    system: System
    content: str
    is_binding: bool

    @property
    def weight_kg(self) -> Decimal:
        """What all weigh together, for choosing a rule."""
        total = sum((parcel.weight for parcel in self.parcels), Decimal(0))
        return total if self.system is METRIC else total * _KILOGRAMS_PER_POUND

    def specs(self, packaging_code: str) -> tuple[ParcelSpec, ...]:
        """The parcels as UPS is asked for them."""
        return tuple(_spec(parcel, self.system, packaging_code) for parcel in self.parcels)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPack:
    """What the packing desk shows of a planned shipment; weights are missing where the items have none."""

    content: str
    service: str
    system: System
    parcels: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the person had before her: the fingerprint, and when it had been packed before, if it had."""

    content: str
    packed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What UPS would refuse about a parcel (from 0); `field` is `weight`, `length` or `parcels`."""

    parcel: int
    field: str
    text: str


def pack(
    *,
    actor: str,
    tenant_id: uuid.UUID,
    delivery_code: uuid.UUID,
    parcels: Sequence[PackedParcel],
    seen: Seen,
    at: datetime,
) -> None:
    """Ship it in these parcels: it is read once more, and shipped if it still is what was seen.

    Where the company approves each shipment, this is the approval. Raises `Delivery.DoesNotExist` or `NotPacked`.
    """
    with acting(actor), tenant_context(tenant_id):
        delivery = Delivery.objects.select_for_update().get(tenant_id=tenant_id, code=delivery_code)
        if delivery.packed_at != seen.packed_at:
            raise PackedAlready(said("It was packed a moment ago, here or at another desk."))
        refused = why_not(delivery) or _why_not_now(delivery, seen)
        if refused:
            raise NotPacked(refused)
        to_pack = to_pack_of(delivery)
        faults = faults_of(parcels, to_pack.system) if to_pack else []
        if to_pack is None or faults:
            raise NotPacked(" ".join(fault.text for fault in faults))
        packing = _as_json(parcels, to_pack.system, delivery.shipment_no)
        Delivery.objects.filter(pk=delivery.pk).update(
            packing=packing,
            packed_at=at,
            packed_content=seen.content,
            asked_again_at=at,
            approved_at=None,
            approved_content="",
        )
        queue.add(tenant_id, SyncJob.Kind.READ, delivery.code, due_at=at, correlation=delivery.correlation)
        details = {"what": "packed", "parcels": packing["parcels"], "units": packing["units"]}
        happenings(tenant_id, [delivery_event(delivery, Event.Kind.ASKED, details=details)])


def why_not(delivery: Delivery) -> str:
    """Why it cannot be packed as it stands; empty where it can. The company's switch is not looked at."""
    if delivery.return_of_id is not None:
        return said("This is a return: its label is made on the page of the delivery.")
    if delivery.state != Delivery.State.HOLD:
        return said("It does not wait to be packed.")
    if replay.is_held_by_person(delivery):
        return said("A person stopped this delivery. Let it go on first.")
    if delivery.shipment_no > 1:
        return said("It is a further shipment. Look at its price first, with “Ship again” on the page of the delivery.")
    if to_pack_of(delivery) is None:
        return said("Something else has to be fixed before it can be packed.")
    return ""


def to_pack_of(delivery: Delivery) -> ToPack | None:
    """What is to be packed, as it was planned last; None where that was not possible yet."""
    kept = delivery.facts.get(TO_PACK)
    if not kept:
        return None
    return ToPack(
        content=kept["content"],
        service=kept["service"],
        system=_SYSTEMS[kept["units"]],
        parcels=tuple((one["weight"], tuple(one["sides"])) for one in kept["parcels"]),
    )


def as_facts(spec: ShipmentSpec, *, content: str, service: str, is_weighed: bool) -> dict[str, Any]:
    """The same for `Delivery.facts`: no name, no address."""
    system = measures_of(spec)
    parcels = [
        {"weight": _weight(parcel, system) if is_weighed else "", "sides": list(sides_in(system, parcel))}
        for parcel in spec.parcels
    ]
    return {TO_PACK: {"content": content, "service": service, "units": _name(system), "parcels": parcels}}


def packed_of(delivery: Delivery, *, shipment_no: int | None = None) -> Packed | None:
    """What was packed for this shipment of the delivery, or for an earlier one; None where nothing was."""
    kept = delivery.packing
    if not kept:
        return None
    return Packed(
        parcels=tuple(
            PackedParcel(weight=Decimal(one["weight"]), sides=tuple(one["sides"])) for one in kept["parcels"]
        ),
        system=_SYSTEMS[kept["units"]],
        content=delivery.packed_content,
        is_binding=kept["shipment_no"] == (shipment_no or delivery.shipment_no),
    )


def faults_of(parcels: Sequence[PackedParcel], system: System) -> list[Fault]:
    """Everything that UPS would refuse about these parcels."""
    if not 1 <= len(parcels) <= PACKAGES:
        text = said("A shipment has 1 to {most} parcels.", most=PACKAGES)
        return [Fault(parcel=0, field="parcels", text=text)]
    return [fault for number, parcel in enumerate(parcels) for fault in _faults(parcel, number, system)]


def _why_not_now(delivery: Delivery, seen: Seen) -> str:
    """Under the delivery's lock; takes the switch's."""
    to_pack = to_pack_of(delivery)
    if to_pack is None or to_pack.content != seen.content:
        return said("It has changed in Exact Online meanwhile. Look at it once more.")
    switch = shipping_switch.read(delivery.tenant_id)
    if switch.closed_at is not None or switch.mode == Tenant.ShippingMode.OFF:
        return said("Shipping is not switched on here.")
    if switch.paused_at is not None:
        return said("Shipping is paused here; nothing is shipped until somebody resumes it.")
    return ""


def _faults(parcel: PackedParcel, number: int, system: System) -> list[Fault]:
    faults: list[Fault] = []
    unit, most = system.weight_unit.value, system.weight_limit
    if not parcel.weight.is_finite() or not 0 < as_sent(min(parcel.weight, most * 2)) <= most:
        text = said("A parcel weighs more than 0 and at most {most} {unit}.", most=most, unit=unit)
        faults.append(Fault(parcel=number, field="weight", text=text))
    sides = tuple(sorted(parcel.sides, reverse=True))
    if not sides:
        return faults
    unit = system.size_unit.value
    if len(sides) != len("LWH") or sides[-1] <= 0:
        text = said("Enter length, width and height, or none of them.")
    elif sides[0] > system.longest_side:
        text = said("The longest side may be {most} {unit}.", most=system.longest_side, unit=unit)
    elif length_and_girth(sides) > system.length_and_girth:
        text = said(
            "Length and girth, the length plus twice the width and the height, may be {most} {unit}; these are {sum}.",
            most=system.length_and_girth,
            unit=unit,
            sum=length_and_girth(sides),
        )
    else:
        return faults
    return [*faults, Fault(parcel=number, field="length", text=text)]


def _spec(parcel: PackedParcel, system: System, packaging_code: str) -> ParcelSpec:
    sides: list[Decimal | None] = [Decimal(side) for side in sorted(parcel.sides, reverse=True)]
    length, width, height = sides or [None, None, None]
    return ParcelSpec(
        weight=parcel.weight,
        weight_unit=system.weight_unit,
        length=length,
        width=width,
        height=height,
        size_unit=system.size_unit,
        packaging_code=packaging_code,
    )


def _as_json(parcels: Sequence[PackedParcel], system: System, shipment_no: int) -> dict[str, Any]:
    rows = [{"weight": plain(parcel.weight), "sides": list(parcel.sides)} for parcel in parcels]
    return {"units": _name(system), "shipment_no": shipment_no, "parcels": rows}


def _weight(parcel: ParcelSpec, system: System) -> str:
    weight = weight_in(system, parcel)
    return "" if weight is None else plain(weight)


def _name(system: System) -> str:
    return next(name for name, known in _SYSTEMS.items() if known is system)
