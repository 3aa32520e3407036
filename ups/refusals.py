"""UPS's refusals of shipments in plain words: what is wrong, in which field, and where to fix it (`ups.md` 5.12)."""

from dataclasses import dataclass

from connector_site.lib.wording import said
from ups import places


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a code means to the person who has to fix it."""

    words: str
    field: str
    where_to_fix: str


def _refusal(words: str, field: str, where_to_fix: str) -> Refusal:
    return Refusal(words=words, field=field, where_to_fix=where_to_fix)


_WRONG_LEVEL = _refusal(said("The references stand at the wrong level for this lane."), "references", places.OURS)
_LABEL = _refusal(said("UPS does not take the label settings."), "label", places.RULES)
_SHIPPER = _refusal(said("UPS does not accept the shipper's name or address."), "shipper", places.ACCOUNT)
_SHIP_FROM = _refusal(said("UPS does not accept the ship-from address."), "ship_from", places.SHIP_FROM)
_RECEIVER = _refusal(said("UPS does not accept the delivery address."), "ship_to", places.ADDRESS)
_PAYMENT = _refusal(said("UPS does not accept how the shipment is paid."), "payment", places.ACCOUNT)
_SERVICE = _refusal(said("The UPS service is not available on this lane."), "service_code", places.RULES)
_REFERENCES = _refusal(said("UPS does not accept a reference number."), "references", places.OURS)
_UNITS = _refusal(
    said("Weights and sizes are in units that UPS does not take from this account."), "parcels", places.OURS
)
_PACKAGE = _refusal(said("UPS does not accept a parcel's packaging, weight or size."), "parcels", places.RULES)
_CUSTOMS = _refusal(said("UPS does not accept the papers for customs."), "customs", places.CUSTOMS)

_CODES: dict[str, Refusal] = {
    "120100": _refusal(said("UPS does not know this shipper number."), "shipper_number", places.ACCOUNT),
    "120101": _refusal(said("The shipper's name is missing or too long."), "shipper.name", places.ACCOUNT),
    "120102": _refusal(said("The shipper's address is missing or too long."), "shipper.address_lines", places.ACCOUNT),
    "120109": _refusal(said("The shipper's phone is missing or wrong."), "shipper.phone", places.ACCOUNT),
    "120110": _refusal(said("The shipper's contact person is missing."), "shipper.attention", places.ACCOUNT),
    "120115": _refusal(said("The shipper's phone needs at least 10 digits."), "shipper.phone", places.ACCOUNT),
    "120120": _refusal(
        said("The shipper's country is not the country of the UPS account."), "shipper.country", places.ACCOUNT
    ),
    "120121": _refusal(said("UPS cannot use this shipper number for this shipment."), "shipper_number", places.ACCOUNT),
    "120122": _refusal(said("UPS cannot use this shipper number for this shipment."), "shipper_number", places.ACCOUNT),
    "120124": _SERVICE,
    "120200": _refusal(
        said("The receiver's name is missing or longer than 35 characters."), "ship_to.name", places.ADDRESS
    ),
    "120201": _refusal(
        said("The receiver's contact person is missing or longer than 35 characters."),
        "ship_to.attention",
        places.ADDRESS,
    ),
    "120202": _refusal(
        said("An address line of the receiver is missing or longer than 35 characters."),
        "ship_to.address_lines",
        places.ADDRESS,
    ),
    "120205": _refusal(said("The receiver's city is missing or wrong."), "ship_to.city", places.ADDRESS),
    "120206": _refusal(said("The receiver's state or province is missing or wrong."), "ship_to.state", places.ADDRESS),
    "120207": _refusal(said("The receiver's postal code is missing or wrong."), "ship_to.postal_code", places.ADDRESS),
    "120208": _refusal(said("The receiver's country is missing or wrong."), "ship_to.country", places.ADDRESS),
    "120209": _refusal(said("The receiver's phone is missing; this lane needs it."), "ship_to.phone", places.ADDRESS),
    "120213": _refusal(said("The receiver's phone needs at least 10 digits."), "ship_to.phone", places.ADDRESS),
    "120217": _refusal(said("The receiver's phone has more than 15 digits."), "ship_to.phone", places.ADDRESS),
    "120305": _refusal(
        said("The city of the ship-from address is missing or wrong."), "ship_from.city", places.SHIP_FROM
    ),
    "120306": _refusal(
        said("The state or province of the ship-from address is missing or wrong."), "ship_from.state", places.SHIP_FROM
    ),
    "120307": _refusal(
        said("The postal code of the ship-from address is missing or wrong."), "ship_from.postal_code", places.SHIP_FROM
    ),
    "120317": _refusal(
        said("The goods leave from another country than that of the UPS account."),
        "ship_from.country",
        places.SHIP_FROM,
    ),
    "120400": _PAYMENT,
    "120413": _PAYMENT,
    "120415": _refusal(said("The account that pays is not the account that ships."), "payment", places.ACCOUNT),
    "120416": _PAYMENT,
    "120500": _SERVICE,
    "120501": _REFERENCES,
    "120502": _refusal(said("UPS wants the total value of the goods."), "customs", places.CUSTOMS),
    "120504": _refusal(said("UPS does not take a total value of the goods on this lane."), "customs", places.CUSTOMS),
    "120506": _REFERENCES,
    "120512": _refusal(said("UPS wants a description of the goods."), "description", places.RULES),
    "120528": _UNITS,
    "120529": _UNITS,
    "120539": _refusal(said("The total value of the goods must be a whole number."), "customs", places.CUSTOMS),
    "120541": _WRONG_LEVEL,
    "120542": _WRONG_LEVEL,
    "120543": _REFERENCES,
    "120544": _REFERENCES,
    "120545": _refusal(said("UPS does not accept the description of the goods."), "description", places.RULES),
    "120546": _UNITS,
    "120547": _UNITS,
    "120548": _UNITS,
    "120600": _refusal(said("UPS does not accept the packaging."), "parcels.packaging", places.RULES),
    "120601": _refusal(said("The packaging does not go with this service."), "parcels.packaging", places.RULES),
    "120602": _refusal(said("A parcel's weight is missing or wrong."), "parcels.weight", places.ITEM_WEIGHTS),
    "120603": _REFERENCES,
    "120607": _REFERENCES,
    "120801": _refusal(
        said("UPS cannot find the shipper's postal code and city."), "shipper.postal_code", places.ACCOUNT
    ),
    "120802": _refusal(
        said("UPS cannot find the receiver's postal code and city."), "ship_to.postal_code", places.ADDRESS
    ),
    "120803": _refusal(
        said("UPS cannot find the postal code and city the goods leave from."),
        "ship_from.postal_code",
        places.SHIP_FROM,
    ),
    "111538": _refusal(
        said("UPS cannot find the postal code and city the goods leave from."),
        "ship_from.postal_code",
        places.SHIP_FROM,
    ),
    "111546": _refusal(said("A parcel's weight is missing or wrong."), "parcels.weight", places.ITEM_WEIGHTS),
    "111549": _refusal(said("UPS wants the total value of the goods."), "customs", places.CUSTOMS),
    "121030": _refusal(
        said("A parcel's weight is outside what the service takes."), "parcels.weight", places.ITEM_WEIGHTS
    ),
    "121031": _refusal(
        said("A parcel's weight is outside what the service takes."), "parcels.weight", places.ITEM_WEIGHTS
    ),
    "121100": _SERVICE,
    "121185": _SERVICE,
    "121210": _refusal(
        said("The UPS service is not available between these two places."), "service_code", places.RULES
    ),
    "121214": _SERVICE,
    "121513": _SERVICE,
    "128048": _refusal(said("A commodity code is missing or wrong."), "customs.commodity_code", places.CUSTOMS),
    "128049": _refusal(said("A country of origin of the goods is missing or wrong."), "customs.origin", places.CUSTOMS),
    "128225": _refusal(said("UPS wants the total value of the goods."), "customs", places.CUSTOMS),
    "9120800": _refusal(said("UPS wants to know who the goods are sold to."), "customs.sold_to", places.CUSTOMS),
    "9590018": _refusal(said("The UPS account may not send invoices electronically."), "customs", places.ACCOUNT),
}

_OF_RATING = range(110000, 112000)
_TO_SHIPPING = 10000
"""Rating's codes 11xxxx say what Shipping's 12xxxx say (`ups.md` 18)."""
_FAMILIES: tuple[tuple[range, Refusal], ...] = (
    (range(120100, 120200), _SHIPPER),
    (range(120200, 120300), _RECEIVER),
    (range(120300, 120400), _SHIP_FROM),
    (range(120400, 120500), _PAYMENT),
    (range(120600, 120700), _PACKAGE),
    (range(120700, 120800), _LABEL),
    (range(121050, 121060), _PACKAGE),
    (range(121527, 121531), _PAYMENT),
    (range(128001, 128262), _CUSTOMS),
)
"""What the number range says where a code has no line of its own (`ups.md` 18)."""


def find_refusal(code: str) -> Refusal | None:
    """What we know about a refusal of Shipping or Rating; None for a code that only UPS's own text explains."""
    if code in _CODES:
        return _CODES[code]
    number = int(code) if code.isascii() and code.isdigit() else 0
    if number in _OF_RATING:
        return find_refusal(str(number + _TO_SHIPPING))
    return next((refusal for family, refusal in _FAMILIES if number in family), None)
