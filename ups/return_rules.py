"""What UPS demands of a shipment that brings goods back, beside what it demands of every one (`ups.md` 5.8)."""

from collections.abc import Iterator

from connector_site.lib.wording import said
from ups import limits, places
from ups.errors import Problem
from ups.services import service_name
from ups.shipment_spec import ShipmentSpec
from ups.text import printable

_NOT_BACK = frozenset({"13", "59", "82", "83", "84", "85", "86"})
"""Services that bring nothing back (Shipping specification, `Service.Code`)."""
_ONE_PARCEL_FROM = frozenset({"US", "PR"})
"""From here a return is one parcel (Shipping specification, `Shipment_Package`)."""


def check_return(spec: ShipmentSpec) -> Iterator[Problem]:
    """Everything that is wrong with a return as such; nothing for a shipment that leaves us."""
    if not spec.is_return:
        return
    if spec.ship_from is None:
        yield Problem(
            field="ship_from", message=said("It is not known where the goods come from."), where_to_fix=places.OURS
        )
    if spec.shipper.country not in {spec.origin.country, spec.ship_to.country}:
        yield Problem(
            field="ship_to.country",
            message=said(
                "The UPS account is of {country}: with it goods come back from or to that country only.",
                country=spec.shipper.country,
            ),
            value=spec.ship_to.country,
            where_to_fix=places.SHIP_FROM,
        )
    if spec.service_code in _NOT_BACK:
        name = service_name(spec.origin.country, spec.service_code)
        yield Problem(
            field="service_code",
            message=said("UPS brings nothing back by {service}.", service=name),
            value=spec.service_code,
            where_to_fix=places.UPS_CONTRACT,
        )
    yield from _check_parcels(spec)


def _check_parcels(spec: ShipmentSpec) -> Iterator[Problem]:
    most = 1 if spec.origin.country in _ONE_PARCEL_FROM else limits.PACKAGES_BACK
    count = len(spec.parcels)
    if count > most:
        yield Problem(
            field="parcels",
            message=said("{count} parcels are to come back; UPS takes {most} in one return.", count=count, most=most),
            limit=said("1 to {most}", most=most),
            value=str(count),
            where_to_fix=places.OURS,
        )
    for number, parcel in enumerate(spec.parcels, start=1):
        if not printable(parcel.description):
            yield Problem(
                field=f"parcels.{number}.description",
                message=said(
                    "Parcel {number} does not say what is in it; UPS asks for that of a return.", number=number
                ),
                where_to_fix=places.OURS,
            )
