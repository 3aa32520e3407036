"""Whether UPS collects from an address: a price is asked for from there, which makes nothing and costs nothing."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from audit.record import calls, happenings
from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.references import new_shipment_reference
from connector_site.lib.wording import said
from syncjobs.setup.ship_from import unless_shipper
from tenants.context import tenant_context
from ups import places
from ups.access import open_client_for_check
from ups.accounts import find_account, find_client_id, has_address, shipper_of
from ups.address_validation import AddressState
from ups.client import UpsClient
from ups.credentials import SUBJECT_KIND
from ups.errors import Problem, UpsError, UpsProductMissing, UpsRejected
from ups.models import Account
from ups.services import offered_services
from ups.shipment_spec import ParcelSpec, PartySpec, ShipmentSpec

_PARCEL = ParcelSpec(weight=Decimal(1), length=Decimal(30), width=Decimal(20), height=Decimal(15))
"""With sizes: Rating wants them within the United States (`ups.md` 12)."""
_OWN = frozenset({"ship_from"})
_ALL = frozenset({"ship_from", "shipper", "ship_to"})
"""The sample goes from the address to the account's own; where both are the same, UPS may call it by any name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What UPS said: `refused` names fields of the address, `problem` is anything else that stands in the way.

    `hint` is how UPS would write the address, which a person may pass over.
    """

    checked_at: datetime
    refused: tuple[Problem, ...] = ()
    problem: str = ""
    hint: str = ""


def ask(tenant_id: uuid.UUID, account_code: uuid.UUID, party: PartySpec) -> Verdict:
    """Ask UPS about the address with one of the tenant's accounts, and record the calls. Outside any transaction."""
    made: list[OutsideCall] = []
    account = find_account(tenant_id, account_code)
    if account is None or find_client_id(account) is None:
        words = said("The credentials of the UPS account cannot be read. Enter them again.")
        return Verdict(checked_at=timezone.now(), problem=words)
    client = open_client_for_check(account, observe=made.append)
    verdict = _price_from(client, account, party)
    if not (verdict.refused or verdict.problem or verdict.hint):
        verdict = replace(verdict, hint=_hint(client, party))
    with tenant_context(tenant_id):
        happenings(tenant_id, calls(made, subject_kind=SUBJECT_KIND, subject=account.code))
    return verdict


def _price_from(client: UpsClient, account: Account, party: PartySpec) -> Verdict:
    at = timezone.now()
    sample = _sample(account, party)
    try:
        client.rate(sample)
    except UpsRejected as error:
        return _refusal(error, sample, at)
    except UpsProductMissing:
        return _without_price(client, party, at)
    except UpsError as error:
        return Verdict(checked_at=at, problem=error.message)
    return Verdict(checked_at=at)


def _without_price(client: UpsClient, party: PartySpec, at: datetime) -> Verdict:
    """An app may have no Rating: the product Shipping, which it must have, says at least what it takes as a sender."""
    try:
        answer = client.probe(party)
    except UpsError as error:
        return Verdict(checked_at=at, problem=error.message)
    if not answer.shipper_accepted:
        return Verdict(checked_at=at, problem=answer.message)
    words = said(
        "Postcode and city could not be compared with UPS's own list, because your UPS app has no product Rating. "
        "See once more whether they are right."
    )
    return Verdict(checked_at=at, hint=words)


def _refusal(error: UpsRejected, spec: ShipmentSpec, at: datetime) -> Verdict:
    """A refusal that is about something else than the address, such as the sample's service, shows that it is known."""
    side, _, part = error.field.partition(".")
    if side in (_OWN if spec.ship_from else _ALL):
        problem = Problem(field=part, message=error.message, where_to_fix=places.SHIP_FROM)
        return Verdict(checked_at=at, refused=(problem,))
    return Verdict(checked_at=at, problem="" if error.field == "service_code" else error.message)


def _sample(account: Account, party: PartySpec) -> ShipmentSpec:
    """A box of a kilogram from the address to the account's own, which UPS knows, so that only the origin is new."""
    shipper = shipper_of(account) if has_address(account) else party
    return ShipmentSpec(
        shipper=shipper,
        shipper_number=account.shipper_number,
        ship_to=shipper,
        ship_from=unless_shipper(party, shipper),
        service_code=offered_services(party.country)[0].code,
        parcels=(_PARCEL,),
        reference=new_shipment_reference(account.environment),
    )


def _hint(client: UpsClient, party: PartySpec) -> str:
    """How UPS writes the address where it is another way; nothing when it cannot be looked up."""
    try:
        answer = client.validate_address(party)
    except UpsError:
        return ""
    if answer.state is AddressState.UNKNOWN:
        return said("UPS does not know this street and number. See whether they are right; they are kept as you wrote.")
    if answer.state is AddressState.AMBIGUOUS and answer.suggestions:
        best = answer.suggestions[0]
        written = ", ".join((*best.address_lines, best.city, best.state, best.postal_code))
        return said("UPS would write this address as: {address}. It is kept as you wrote it.", address=written)
    return ""
