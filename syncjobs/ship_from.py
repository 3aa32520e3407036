"""Where parcels leave from: the warehouse's own address, else the one for all warehouses, else the UPS account's."""

from collections.abc import Mapping
from dataclasses import replace

from exact.models import Connection
from syncjobs.models import ShipFrom
from ups.accounts import shipper_of
from ups.models import Account
from ups.shipment_spec import PartySpec

EVERYWHERE = ""
"""Stands for every warehouse that has no address of its own."""


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
