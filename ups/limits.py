"""UPS's limits, each standing once, with the place it comes from (`ups.md` and the UPS Shipping specification)."""

from decimal import Decimal

NAME_CHARACTERS = 35
"""Company and attention names; 30 are printed (`ups.md` 5.1)."""
ADDRESS_LINE_CHARACTERS = 35
"""Each address line (`ups.md` 5.1, `field-lessons.md` 2, point 13)."""
ADDRESS_LINES = 3
"""Lines of an address; all three are printed (`ups.md` 5.1)."""
CITY_CHARACTERS = 30
"""City; 15 are printed (`ups.md` 5.1)."""
POSTAL_CODE_CHARACTERS = 9
"""Postal code (`ups.md` 5.1)."""
STATE_CHARACTERS = 5
"""State or province code (Shipping specification, `StateProvinceCode`)."""
PHONE_DIGITS = 15
"""Phone number, digits only (`ups.md` 5.1)."""
PHONE_DIGITS_LEAST = 10
"""Shortest phone number that UPS takes (`ups.md` 5.1: `120115`, `120213`)."""
EMAIL_CHARACTERS = 50
"""E-mail address of a party (Shipping specification, `EMailAddress`)."""
SHIPPER_NUMBER_CHARACTERS = 6
"""A UPS account number, exactly (`ups.md` 5.1)."""
DESCRIPTION_CHARACTERS = 50
"""Description of the goods (`ups.md` 5.1)."""
PACKAGE_DESCRIPTION_CHARACTERS = 35
"""Description of one parcel (Shipping specification, `Shipment_Package.Description`)."""
PACKAGES_BACK = 20
"""Parcels in one return (`ups.md` 5.1)."""
REFERENCE_CHARACTERS = 35
"""One reference number (`ups.md` 5.6)."""
PACKAGES = 200
"""Parcels in one forward shipment (`ups.md` 5.1)."""
WEIGHT_KG = Decimal(70)
"""Heaviest parcel, metric (`ups.md` 5.5)."""
WEIGHT_LB = Decimal(150)
"""Heaviest parcel, imperial (`ups.md` 5.5)."""
WEIGHT_STEP = Decimal("0.1")
"""Weights have one decimal, and none is lighter than this (`ups.md` 5.5, `field-lessons.md` 2, point 18)."""
LONGEST_SIDE_CM = 274
"""Longest side, metric (`ups.md` 5.5; quirk 2 of `ups.md` 19)."""
LONGEST_SIDE_IN = 108
"""Longest side, imperial (`ups.md` 5.5)."""
LENGTH_AND_GIRTH_CM = 419
"""Length + 2 x (width + height), metric: 165 in; the text of the specification says 330 (`ups.md` 19, quirk 2)."""
LENGTH_AND_GIRTH_IN = 165
"""Length + 2 x (width + height), imperial (`ups.md` 5.5)."""
VOID_NUMBERS = 20
"""Tracking numbers in one void call (`ups.md` 6)."""
TOKEN_CALLS_PER_DAY = 40
"""Token calls of our own per account and day; the quota is about 250 (`reliability.md` 2.1, last bullet)."""
QUANTUM_VIEW_NAME_CHARACTERS = 21
"""`ups.md` 11."""
