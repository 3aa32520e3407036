"""Reference numbers: how many, where, and how long (ups.md 5.6)."""

import re

from sandbox.ups.geography import Lane
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.wire import Node

MAX_VALUE = 35
CODE_LENGTH = 2
MAX_PER_SHIPMENT = 2
MAX_PER_PACKAGE = 2
"""The schema allows 5, the older rule 2 (ups.md 5.6): the stricter one."""
_BARCODE = re.compile(r"[A-Za-z0-9]{1,14}|[0-9]{1,24}")

References = tuple[tuple[str, str], ...]


def read_references(shipment: Node, packages: list[Node], *, lane: Lane) -> tuple[References, list[References]]:
    """Shipment level and package level references, each on the level this lane allows."""
    on_shipment = _read(shipment, value_code="120501", code_code="120506")
    on_packages = [_read(package, value_code="120603", code_code="120607") for package in packages]
    if on_shipment and lane.references_on_package:
        raise UpsRefusal("120541", "Shipment level reference numbers are not allowed here, use package level")
    if any(on_packages) and not lane.references_on_package:
        raise UpsRefusal("120542", "Package level reference numbers are not allowed here, use shipment level")
    if len(on_shipment) > MAX_PER_SHIPMENT:
        raise UpsRefusal("120543", f"At most {MAX_PER_SHIPMENT} shipment level reference numbers are allowed")
    if any(len(references) > MAX_PER_PACKAGE for references in on_packages):
        raise UpsRefusal("120544", f"At most {MAX_PER_PACKAGE} package level reference numbers are allowed")
    _check_barcodes([shipment, *packages])
    return on_shipment, on_packages


def _read(holder: Node, *, value_code: str, code_code: str) -> References:
    found = []
    for reference in holder.children("ReferenceNumber"):
        value, code = reference.text("Value"), reference.text("Code")
        if not value or len(value) > MAX_VALUE:
            raise UpsRefusal(value_code, "Missing or invalid reference number value")
        if reference.has("Code") and len(code) != CODE_LENGTH:
            raise UpsRefusal(code_code, "Invalid reference number code")
        found.append((code, value))
    return tuple(found)


def _check_barcodes(holders: list[Node]) -> None:
    barcodes = [
        reference.text("Value")
        for holder in holders
        for reference in holder.children("ReferenceNumber")
        if reference.has("BarCodeIndicator")
    ]
    if len(barcodes) > 1 or any(not _BARCODE.fullmatch(value) for value in barcodes):
        raise UpsRefusal("120501", "Only one reference number may be a barcode, of 14 characters or 24 digits")
