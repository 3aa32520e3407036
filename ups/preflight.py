"""What UPS would refuse, found before money is spent: field, limit, value, and where to fix it."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connector_site.lib.wording import said
from ups import limits, places
from ups.errors import Problem
from ups.lanes import LETTER, Lane, Papers, lane, ships_imperial
from ups.measures import IMPERIAL, METRIC, System, length_and_girth, plain, sides_in, weight_in
from ups.numbers import is_shipper_number
from ups.phones import phone_digits
from ups.return_rules import check_return
from ups.services import (
    LABEL_HEIGHTS_INCHES,
    LABEL_WIDTH_INCHES,
    PACKAGINGS,
    find_service,
    service_name,
    stays_within_origin,
)
from ups.shipment_spec import ParcelSpec, PartySpec, ShipmentSpec
from ups.text import printable

_COUNTRY = re.compile(r"[A-Z]{2}")
_POSTAL_CODE_NEEDED = frozenset(
    "AT BE BG CA CH CY CZ DE DK EE ES FI FR GB GR HR HU IT LT LU LV MT NL NO PL PR PT RO SE SI SK US".split()  # noqa: SIM905
)
"""Always sent where the country has one (`ups.md` 5.1); Ireland's is in use but not by everybody."""
_POSTAL_CODE_SHAPES = {
    "US": re.compile(r"\d{5}(\d{4})?"),
    "PR": re.compile(r"\d{5}(\d{4})?"),
    "CA": re.compile(r"[A-Z]\d[A-Z]\d[A-Z]\d"),
    "NL": re.compile(r"\d{4}[A-Z]{2}"),
}
STATE_COUNTRIES = frozenset({"US", "CA", "VN", "IE"})
"""Countries whose state is sent (`ups.md` 5.1)."""
_STATE_NEEDED = frozenset({"US", "CA"})
_BOX_SIDES = 3


class _Found(NamedTuple):
    """A problem of an address before it is known whose address it is."""

    part: str
    message: str
    limit: str = ""
    value: str = ""


def check(spec: ShipmentSpec) -> list[Problem]:
    """Everything that is wrong with a shipment; an empty list means that UPS has no known reason to refuse it."""
    between = lane_of(spec)
    problems: list[Problem] = []
    for field, who, party, where in _parties(spec):
        problems += check_party(party, field=field, who=who, where_to_fix=where)
        if between.needs_contacts(spec.service_code):
            problems += _check_contact(party, field=field, who=who, where_to_fix=where)
    problems += _check_shipper(spec)
    problems += _check_lane(spec, between)
    problems += _check_texts(spec, between)
    problems += _check_label(spec)
    problems += _check_parcels(spec)
    problems += check_return(spec)
    return problems


def _parties(spec: ShipmentSpec) -> Iterator[tuple[str, str, PartySpec, str]]:
    """Each with what it is called and where it is kept: a return goes from the customer to us."""
    us, customer = said("ship-from address"), said("receiver")
    is_back = spec.is_return
    yield "ship_to", us if is_back else customer, spec.ship_to, places.SHIP_FROM if is_back else places.ADDRESS
    yield "shipper", said("shipper"), spec.shipper, places.ACCOUNT
    if spec.ship_from is not None:
        where = places.ADDRESS if is_back else places.SHIP_FROM
        yield "ship_from", customer if is_back else us, spec.ship_from, where


def lane_of(spec: ShipmentSpec) -> Lane:
    """The lane a shipment travels."""
    return lane(
        origin=(spec.origin.country, postal_code(spec.origin)),
        destination=(spec.ship_to.country, postal_code(spec.ship_to)),
    )


def measures_of(spec: ShipmentSpec) -> System:
    """The units of the shipper's country."""
    return IMPERIAL if ships_imperial(spec.shipper.country) else METRIC


def postal_code(party: PartySpec) -> str:
    """The postal code as UPS takes it: no blanks in NL and CA, digits only in US and PR (`ups.md` 5.1)."""
    text = printable(party.postal_code).upper()
    if party.country in {"NL", "CA"}:
        return text.replace(" ", "")
    if party.country in {"US", "PR"}:
        return re.sub(r"[\s-]", "", text)
    return text


def check_party(party: PartySpec, *, field: str, who: str, where_to_fix: str) -> list[Problem]:
    """What UPS would refuse about a sender or receiver, whatever the lane."""
    texts = [
        ("name", said("name of the {who}", who=who), party.name, limits.NAME_CHARACTERS, True),
        ("attention", said("contact person of the {who}", who=who), party.attention, limits.NAME_CHARACTERS, False),
        ("city", said("city of the {who}", who=who), party.city, limits.CITY_CHARACTERS, True),
        ("email", said("e-mail address of the {who}", who=who), party.email, limits.EMAIL_CHARACTERS, False),
    ]
    texts += [
        (
            f"address_lines.{number}",
            said("address line {number} of the {who}", number=number, who=who),
            line,
            limits.ADDRESS_LINE_CHARACTERS,
            True,
        )
        for number, line in enumerate(party.address_lines, start=1)
    ]
    problems = [
        problem
        for part, label, text, most, needed in texts
        for problem in _check_text(f"{field}.{part}", label, text, most, needed, where_to_fix)
    ]
    return [*problems, *_check_place(party, field=field, who=who, where_to_fix=where_to_fix)]


def _check_text(field: str, label: str, text: str, most: int, needed: bool, where: str) -> Iterator[Problem]:  # noqa: FBT001  one row of the table
    length = len(printable(text))
    if needed and not length:
        yield Problem(field=field, message=said("The {what} is missing.", what=label), where_to_fix=where)
    if length > most:
        yield Problem(
            field=field,
            message=said("The {what} has {count} characters; UPS takes {most}.", what=label, count=length, most=most),
            limit=said("{most} characters", most=most),
            value=text,
            where_to_fix=where,
        )


def _check_place(party: PartySpec, *, field: str, who: str, where_to_fix: str) -> Iterator[Problem]:
    found: Iterable[_Found] = (*_lines(party, who), *_postal_code_problems(party, who), *_state_problems(party, who))
    if not _COUNTRY.fullmatch(party.country):
        found = [
            _Found("country", said("The country of the {who} is no two-letter code.", who=who), value=party.country)
        ]
    for part, message, limit, value in found:
        yield Problem(field=f"{field}.{part}", message=message, limit=limit, value=value, where_to_fix=where_to_fix)


def _lines(party: PartySpec, who: str) -> Iterator[_Found]:
    count, most = len(party.address_lines), limits.ADDRESS_LINES
    if not count:
        yield _Found("address_lines", said("The street of the {who} is missing.", who=who))
    if count > most:
        message = said("The address of the {who} has {count} lines; UPS takes {most}.", who=who, count=count, most=most)
        yield _Found("address_lines", message, limit=said("{most} lines", most=most), value=str(count))


def _postal_code_problems(party: PartySpec, who: str) -> Iterator[_Found]:
    code, most = postal_code(party), limits.POSTAL_CODE_CHARACTERS
    shape = _POSTAL_CODE_SHAPES.get(party.country)
    if not code and party.country in _POSTAL_CODE_NEEDED:
        yield _Found("postal_code", said("The postal code of the {who} is missing.", who=who))
    elif len(code) > most:
        message = said(
            "The postal code of the {who} has {count} characters; UPS takes {most}.",
            who=who,
            count=len(code),
            most=most,
        )
        yield _Found("postal_code", message, limit=said("{most} characters", most=most), value=code)
    elif code and shape and not shape.fullmatch(code):
        message = said(
            "The postal code of the {who} is not written as postal codes are in {country}.",
            who=who,
            country=party.country,
        )
        yield _Found("postal_code", message, value=code)


def _state_problems(party: PartySpec, who: str) -> Iterator[_Found]:
    state, most = party.state.strip(), limits.STATE_CHARACTERS
    if not state and party.country in _STATE_NEEDED:
        message = said(
            "The state or province of the {who} is missing; UPS needs it in {country}.", who=who, country=party.country
        )
        yield _Found("state", message)
    if len(state) > most and party.country in STATE_COUNTRIES:
        message = said("The state or province of the {who} is longer than {most} characters.", who=who, most=most)
        yield _Found("state", message, limit=said("{most} characters", most=most), value=state)


def _check_contact(party: PartySpec, *, field: str, who: str, where_to_fix: str) -> Iterator[Problem]:
    if not printable(party.attention):
        message = said("The contact person of the {who} is missing; UPS needs one between countries.", who=who)
        yield Problem(field=f"{field}.attention", message=message, where_to_fix=where_to_fix)
    if phone_digits(party.phone, party.country) is None:
        missing = said("The phone of the {who} is missing; UPS needs one from {country} between countries.")
        foreign = said(
            "The phone of the {who} is not a number of that country; UPS needs one from {country} between countries."
        )
        message = foreign if party.phone.strip() else missing
        yield Problem(
            field=f"{field}.phone",
            message=message.format(who=who, country=party.country),
            limit=said("{least} to {most} digits", least=limits.PHONE_DIGITS_LEAST, most=limits.PHONE_DIGITS),
            value=party.phone,
            where_to_fix=where_to_fix,
        )


def _check_shipper(spec: ShipmentSpec) -> Iterator[Problem]:
    if not is_shipper_number(spec.shipper_number):
        yield Problem(
            field="shipper_number",
            message=said("The UPS account number must be 6 letters and digits."),
            limit=said("{most} characters", most=limits.SHIPPER_NUMBER_CHARACTERS),
            value=spec.shipper_number,
            where_to_fix=places.ACCOUNT,
        )
    if spec.ship_from is not None and not spec.is_return and spec.ship_from.country != spec.shipper.country:
        yield Problem(
            field="ship_from.country",
            message=said(
                "The goods leave from {country}, the UPS account is of {other}: UPS wants both in one country.",
                country=spec.ship_from.country,
                other=spec.shipper.country,
            ),
            value=spec.ship_from.country,
            where_to_fix=places.SHIP_FROM,
        )


def _check_lane(spec: ShipmentSpec, between: Lane) -> Iterator[Problem]:
    origin = spec.origin.country
    if find_service(origin, spec.service_code) is None:
        yield Problem(
            field="service_code",
            message=said("UPS has no service {code} from {country}.", code=spec.service_code, country=origin),
            value=spec.service_code,
            where_to_fix=places.RULES,
        )
    elif stays_within_origin(origin, spec.service_code) and spec.ship_to.country != origin:
        yield Problem(
            field="service_code",
            message=said(
                "{service} goes to addresses in {country} only.",
                service=service_name(origin, spec.service_code),
                country=origin,
            ),
            value=spec.service_code,
            where_to_fix=places.RULES,
        )
    only_letters = bool(spec.parcels) and all(parcel.packaging_code == LETTER for parcel in spec.parcels)
    if between.papers is not Papers.NONE and not only_letters:
        yield Problem(
            field="customs",
            message=said(
                "A shipment from {origin} to {destination} needs papers for customs ({papers}), which cannot be made "
                "here yet. Ship it with UPS directly and enter the tracking number in Exact.",
                origin=between.origin,
                destination=between.destination,
                papers=between.papers.value,
            ),
            value=f"{between.origin}-{between.destination}",
            where_to_fix=places.RULES,
        )


def _check_texts(spec: ShipmentSpec, between: Lane) -> Iterator[Problem]:
    packagings = frozenset(parcel.packaging_code for parcel in spec.parcels)
    described = between.needs_description(spec.service_code, packagings)
    most = limits.DESCRIPTION_CHARACTERS
    yield from _check_text(
        "description", said("description of the goods"), spec.description, most, described, places.RULES
    )
    most = limits.REFERENCE_CHARACTERS
    yield from _check_text("reference", said("shipment reference"), spec.reference, most, True, places.OURS)
    yield from _check_text(
        "customer_reference", said("order reference"), spec.customer_reference, most, False, places.ORDER
    )


def _check_label(spec: ShipmentSpec) -> Iterator[Problem]:
    if spec.label_height_inches not in LABEL_HEIGHTS_INCHES or spec.label_width_inches != LABEL_WIDTH_INCHES:
        yield Problem(
            field="label",
            message=said("UPS prints labels of 4 x 6 and 4 x 8 inches."),
            limit=said("4 x 6 or 4 x 8"),
            value=f"{spec.label_width_inches} x {spec.label_height_inches}",
            where_to_fix=places.RULES,
        )


def _check_parcels(spec: ShipmentSpec) -> Iterator[Problem]:
    count = len(spec.parcels)
    if not 1 <= count <= limits.PACKAGES:
        yield Problem(
            field="parcels",
            message=said("The shipment has {count} parcels; UPS takes 1 to {most}.", count=count, most=limits.PACKAGES),
            limit=said("1 to {most}", most=limits.PACKAGES),
            value=str(count),
            where_to_fix=places.RULES,
        )
    for number, parcel in enumerate(spec.parcels, start=1):
        yield from _check_parcel(parcel, measures_of(spec), number)


def _check_parcel(parcel: ParcelSpec, system: System, number: int) -> Iterator[Problem]:
    field = f"parcels.{number}"
    if parcel.packaging_code not in PACKAGINGS:
        message = said("UPS has no packaging {code} (parcel {number}).", code=parcel.packaging_code, number=number)
        value = parcel.packaging_code
        yield Problem(field=f"{field}.packaging", message=message, value=value, where_to_fix=places.RULES)
    most = limits.PACKAGE_DESCRIPTION_CHARACTERS
    label = said("description of parcel {number}", number=number)
    yield from _check_text(f"{field}.description", label, parcel.description, most, False, places.RULES)
    weight = weight_in(system, parcel)
    unit = system.weight_unit.value
    if weight is None and parcel.packaging_code != LETTER:
        yield Problem(
            field=f"{field}.weight",
            message=said("Parcel {number} has no weight.", number=number),
            where_to_fix=places.ITEM_WEIGHTS,
        )
    if weight is not None and weight > system.weight_limit:
        yield Problem(
            field=f"{field}.weight",
            message=said(
                "Parcel {number} weighs {weight} {unit}; UPS takes {most} {unit}.",
                number=number,
                weight=plain(weight),
                unit=unit,
                most=system.weight_limit,
            ),
            limit=f"{system.weight_limit} {unit}",
            value=f"{parcel.weight} {parcel.weight_unit.value}",
            where_to_fix=places.ITEM_WEIGHTS,
        )
    yield from _check_size(parcel, system, number)


def _check_size(parcel: ParcelSpec, system: System, number: int) -> Iterator[Problem]:
    def problem(message: str, limit: str = "") -> Problem:
        value = " x ".join(str(side) for side in parcel.sides)
        field = f"parcels.{number}.size"
        return Problem(field=field, message=message, limit=limit, value=value, where_to_fix=places.RULES)

    if not parcel.sides:
        return
    if len(parcel.sides) != _BOX_SIDES or not all(side.is_finite() and side > 0 for side in parcel.sides):
        yield problem(
            said("Parcel {number} needs a length, a width and a height above zero, or none of them.", number=number)
        )
        return
    sides = sides_in(system, parcel)
    unit = system.size_unit.value
    if sides[0] > system.longest_side:
        limit = f"{system.longest_side} {unit}"
        message = said(
            "Parcel {number} is {length} {unit} long; UPS takes {limit}.",
            number=number,
            length=sides[0],
            unit=unit,
            limit=limit,
        )
        yield problem(message, limit)
    around = length_and_girth(sides)
    if around > system.length_and_girth:
        limit = f"{system.length_and_girth} {unit}"
        message = said(
            "Length and girth of parcel {number} are {around} {unit}; UPS takes {limit}.",
            number=number,
            around=around,
            unit=unit,
            limit=limit,
        )
        yield problem(message, limit)
