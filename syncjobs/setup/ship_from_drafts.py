"""What the page of ship-from addresses shows before a person has completed it: Exact's addresses, ready for UPS."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from exact.addresses import company_address, warehouses_of
from exact.models import Connection, Warehouse
from exact.records import Address
from syncjobs.models import ShipFrom
from syncjobs.setup.ship_from import EVERYWHERE, party_of
from syncjobs.translate import street_lines
from ups.accounts import has_address, shipper_of
from ups.models import Account
from ups.phones import phone_digits
from ups.shipment_spec import PartySpec
from ups.text import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A warehouse as the page lists it: its own saved address, and the one that Exact has, ready for UPS."""

    code: uuid.UUID
    exact_code: str
    name: str
    is_main: bool
    saved: ShipFrom | None
    exact_party: PartySpec | None

    @property
    def differs(self) -> bool:
        """Whether Exact has an address for it that nobody has looked at here."""
        return self.saved is None and self.exact_party is not None


def sites_of(connection: Connection, places: Mapping[str, ShipFrom], accounts: Sequence[Account]) -> list[Site]:
    """The warehouses, the main one first. Inside the tenant's context."""
    codes = dict(Warehouse.objects.filter(connection=connection).values_list("exact_code", "code"))
    usual = draft_for_all(connection, places, accounts)
    return [
        Site(
            code=codes[one.code],
            exact_code=one.code,
            name=one.name,
            is_main=one.is_main,
            saved=places.get(one.code),
            exact_party=_unless_usual(completed(one.address, usual), usual) if one.address else None,
        )
        for one in warehouses_of(connection)
        if one.code in codes
    ]


def draft_for_all(
    connection: Connection, places: Mapping[str, ShipFrom], accounts: Sequence[Account], *, afresh: bool = False
) -> PartySpec | None:
    """The address for all warehouses: as saved, else as Exact has it, else the UPS account's.

    `afresh` passes over what was saved. What Exact leaves out (phone, contact person) comes from the UPS account where
    both are in one country. The address of a warehouse bears no name in Exact: it is the company's.
    """
    place = places.get(EVERYWHERE)
    if place is not None and not afresh:
        return party_of(place)
    account = next((shipper_of(one) for one in accounts if has_address(one)), None)
    main = next((one.address for one in warehouses_of(connection) if one.is_main and one.address), None)
    address = main or company_address(connection)
    if address is None:
        return account
    party = completed(address, account)
    return replace(party, name=party.name or printable(connection.division_name))


def completed(address: Address, usual: PartySpec | None) -> PartySpec:
    """Exact's address as UPS takes it, with what it leaves out taken from the usual one of the same country."""
    party = PartySpec(
        name=printable(address.account_name),
        attention=printable(address.contact_name),
        phone=address.phone if phone_digits(address.phone, address.country) else "",
        address_lines=street_lines(address.lines),
        city=printable(address.city),
        postal_code=printable(address.postcode),
        state=address.state,
        country=address.country,
    )
    if usual is None:
        return party
    party = replace(party, name=party.name or usual.name, attention=party.attention or usual.attention)
    if usual.country != party.country:
        return party
    return replace(party, phone=party.phone or usual.phone, email=usual.email)


def _unless_usual(party: PartySpec, usual: PartySpec | None) -> PartySpec | None:
    """None where it is the address for all anyway."""
    if usual is None:
        return party
    is_same = _place(party) == _place(usual)
    return None if is_same else party


def _place(party: PartySpec) -> tuple[str, ...]:
    """Where it is, however it is written."""
    parts = (*party.address_lines, party.postal_code, party.city, party.country)
    return tuple(text for part in parts if (text := "".join(part.split()).casefold()))
