"""Where parcels leave from: the warehouse's own address, else the one for all warehouses, else the UPS account's."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from audit.models import Event
from audit.record import Happening, changes, happenings
from exact.models import Connection
from syncjobs.models import ShipFrom
from tenants import shipping_switch
from ups.account_address import address_columns
from ups.accounts import shipper_of
from ups.models import Account
from ups.shipment_spec import PartySpec

_SHOWN = ("country",)
"""All else of an address stays out of the audit trail."""
EVERYWHERE = ""
"""Stands for every warehouse that has no address of its own."""
SUBJECT_KIND = "ship-from address"
PROBLEM_CHARACTERS = 500
"""What fits into `check_problem`."""


def places_of(connection: Connection) -> dict[str, ShipFrom]:
    """What was saved, by Exact's code of the warehouse. Inside the tenant's context."""
    rows = ShipFrom.objects.filter(tenant_id=connection.tenant_id, connection=connection)
    return {row.warehouse_code: row for row in rows}


def ship_from_of(places: Mapping[str, ShipFrom], account: Account, warehouse_code: str) -> PartySpec:
    """Where a delivery leaves from that this account ships; `places` are `Choices.ship_from`."""
    place = places.get(warehouse_code) or places.get(EVERYWHERE)
    return party_of(place) if place else shipper_of(account)


def party_of(place: ShipFrom) -> PartySpec:
    """The address as UPS is told it."""
    lines = (place.address_line_1, place.address_line_2, place.address_line_3)
    return PartySpec(
        name=place.company_name,
        attention=place.attention_name,
        phone=place.phone,
        email=place.email,
        address_lines=tuple(line for line in lines if line),
        city=place.city,
        postal_code=place.postal_code,
        state=place.state,
        country=place.country,
    )


def unless_shipper(origin: PartySpec, shipper: PartySpec) -> PartySpec | None:
    """The address to send beside the shipper's; None where the goods leave from the shipper's own."""
    return None if replace(origin, email="") == replace(shipper, email="") else origin


def keep(
    connection: Connection, warehouse_code: str, party: PartySpec, *, problem: str, checked_at: datetime | None
) -> ShipFrom:
    """Save the address of a warehouse with what UPS said of it, and record it. Inside the tenant's context."""
    columns = address_columns(party)
    place, is_new = ShipFrom.objects.get_or_create(
        tenant_id=connection.tenant_id, connection=connection, warehouse_code=warehouse_code, defaults=columns
    )
    told = changes({} if is_new else {name: getattr(place, name) for name in columns}, columns, shown=_SHOWN)
    checks = {"check_problem": problem[:PROBLEM_CHARACTERS], "checked_at": checked_at, "changed_at": timezone.now()}
    for name, value in (columns | checks).items():
        setattr(place, name, value)
    place.save(update_fields=[*columns, *checks])
    if told:
        shipping_switch.plan_anew(connection.tenant_id, at=timezone.now())
        happenings(connection.tenant_id, [_changed(place, told)])
    return place


def forget(connection: Connection, warehouse_code: str) -> bool:
    """Let a warehouse ship from the address for all. Inside the tenant's context."""
    rows = ShipFrom.objects.filter(tenant_id=connection.tenant_id, connection=connection)
    place = rows.filter(warehouse_code=warehouse_code).exclude(warehouse_code=EVERYWHERE).first()
    if place is None:
        return False
    place.delete()
    shipping_switch.plan_anew(connection.tenant_id, at=timezone.now())
    happenings(connection.tenant_id, [_changed(place, {"fields": ["removed"]})])
    return True


def _changed(place: ShipFrom, told: Mapping[str, Any]) -> Happening:
    return Happening(
        kind=Event.Kind.CHANGED,
        subject_kind=SUBJECT_KIND,
        subject=place.code,
        details={"warehouse": place.warehouse_code or "all", **told},
    )
