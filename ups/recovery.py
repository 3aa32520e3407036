"""The questions put to Label Recovery (`ups.md` 7)."""

from typing import Any

import orjson

from connector_site.lib.references import new_shipment_reference
from ups.services import LABEL_WIDTH_INCHES, PRINTER_FORMATS, LabelFormat
from ups.transport import Call

RECOVERY_VERSION = "v1"
"""Proven in production for settling whether a shipment exists (`ups.md` 7)."""
_SUB_VERSION = "1903"


def recovery_call(what: dict[str, Any], *, context: str, label_format: LabelFormat) -> Call:
    """POST /labels/v1/recovery: the labels of what is named. Without side effects."""
    specification: dict[str, Any] = {"LabelImageFormat": {"Code": _recoverable(label_format)}}
    if label_format in PRINTER_FORMATS:
        specification["LabelStockSize"] = {"Height": "6", "Width": str(LABEL_WIDTH_INCHES)}
    path = f"/api/labels/{RECOVERY_VERSION}/recovery"
    body = {
        "LabelRecoveryRequest": {
            "Request": {
                "SubVersion": _SUB_VERSION,
                "TransactionReference": {"CustomerContext": f"recover-{context}"},
            },
            "LabelSpecification": specification,
            **what,
        }
    }
    return Call(operation="recover", method="POST", path=path, route=path, payload=orjson.dumps(body))


def harmless_question(shipper_number: str) -> Call:
    """A question about a reference never used: any answer but a refusal of the token shows that the token is good."""
    what = {
        "ReferenceValues": {
            "ReferenceNumber": {"Value": new_shipment_reference("check")},
            "ShipperNumber": shipper_number,
        }
    }
    return recovery_call(what, context="check", label_format=LabelFormat.GIF)


def _recoverable(label_format: LabelFormat) -> str:
    """Label Recovery offers no PNG (`ups.md` 7)."""
    return LabelFormat.GIF.value if label_format is LabelFormat.PNG else label_format.value
