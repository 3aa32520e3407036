"""What UPS would ask for a plan, and the plan in words, for a person who looks before anything is made."""

import time
from dataclasses import replace
from typing import TypeVar

from connector_site.lib.wording import said
from syncjobs.actions.previewing import Look
from syncjobs.setup.dry_run import DryDelivery, DryParcel
from syncjobs.steps.context import Step
from syncjobs.steps.planning import Plan
from ups.access import open_client
from ups.errors import UpsCredentialRefused, UpsError, UpsProductMissing, UpsUnavailable
from ups.measures import as_sent
from ups.services import service_name
from ups.shipment_spec import ParcelSpec, PartySpec

PRICES_FOR_SECONDS = 20
"""No price is asked for after this, so that the look ends well before the time limit of a task."""
_NOT_ASKED_AGAIN = (UpsUnavailable, UpsCredentialRefused, UpsProductMissing)
"""What is so for one delivery is so for the next."""
Priced = TypeVar("Priced", DryDelivery, Look)


class Prices:
    """What UPS would ask; an account that cannot be asked is asked once only."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._ends = time.monotonic() + PRICES_FOR_SECONDS
        self._refused: dict[int, str] = {}

    def add_to(self, planned: Priced, made: Plan) -> Priced:
        """With the price, or with why there is none."""
        account = made.account
        if account.pk in self._refused:
            return replace(planned, no_price=self._refused[account.pk])
        if time.monotonic() >= self._ends:
            return replace(planned, no_price=said("UPS answers slowly now, so it was not asked for this price."))
        try:
            rated = open_client(account, observe=self._step.observe).rate(made.spec)
        except UpsError as error:
            if isinstance(error, _NOT_ASKED_AGAIN):
                self._refused[account.pk] = str(error)
            return replace(planned, no_price=str(error))
        return replace(planned, price=rated.total, currency=rated.currency, is_negotiated=rated.is_negotiated)


def receiver_of(party: PartySpec) -> tuple[str, ...]:
    """The lines of the label."""
    place = " ".join(part for part in (party.postal_code, party.city, party.state) if part)
    lines = (party.name, party.attention, *party.address_lines, place, party.country)
    return tuple(line for line in lines if line)


def service_of(made: Plan) -> str:
    """UPS's name of the service."""
    return service_name(made.spec.origin.country, made.spec.service_code)


def parcels_of(made: Plan) -> tuple[DryParcel, ...]:
    """Each parcel as it would be."""
    return tuple(_parcel(parcel) for parcel in made.spec.parcels)


def _parcel(parcel: ParcelSpec) -> DryParcel:
    weight = f"{as_sent(parcel.weight)} {parcel.weight_unit}" if parcel.weight is not None else ""
    sides = " x ".join(f"{side.normalize():f}" for side in parcel.sides)
    return DryParcel(weight=weight, size=f"{sides} {parcel.size_unit}" if sides else "")
