"""Answers of Quantum View for the tests."""

import json
from datetime import UTC, datetime
from typing import Any

from ups.events import ParcelEvent
from ups.quantum_view import read_view

NUMBER = "1ZA1B2C36800000016"
OTHER_NUMBER = "1ZA1B2C36800000025"
MANIFEST: dict[str, Any] = {
    "Shipper": {"ShipperNumber": "A1B2C3", "Address": {"City": "ROTTERDAM", "CountryCode": "NL"}},
    "ShipTo": {"Address": {"City": "BERLIN", "PostalCode": "10115", "CountryCode": "DE"}},
    "ReferenceNumber": [{"Number": "1", "Code": "TN", "Value": "01JB3X7M2QWERTY9HKPASDFGHJ"}],
    "Service": {"Code": "011"},
    "PickupDate": "20261012",
    "ScheduledDeliveryDate": "20261014",
    "Package": [
        {
            "TrackingNumber": NUMBER,
            "Activity": [{"Date": "20261012", "Time": "120000"}],
            "ReferenceNumber": [{"Code": "TN", "Value": "P1"}, {"Code": "TN", "Value": "01JB3X7M2QWERTY9HKPASDFGHJ"}],
        },
        {"TrackingNumber": OTHER_NUMBER, "Activity": ""},
    ],
}
SCAN: dict[str, Any] = {
    "ShipperNumber": "A1B2C3",
    "TrackingNumber": NUMBER,
    "Date": "20261014",
    "Time": "101500",
    "ActivityLocation": {"AddressArtifactFormat": {"PoliticalDivision2": "GRONINGEN", "CountryCode": "NL"}},
}
LEFT_AT: dict[str, Any] = {
    "AddressArtifactFormat": {"PoliticalDivision3": "HAREN", "PostcodePrimaryLow": "9751AB", "CountryCode": "NL"},
    "Code": "R",
    "Description": "RECEIVER",
    "SignedForByName": "DE BOER",
}
SCANNED_AT = datetime(2026, 10, 14, 8, 15, tzinfo=UTC)


def file_of(**records: object) -> dict[str, Any]:
    return {"FileName": "261012_101500001", "StatusType": {"Code": "U", "Description": "Unread"}, **records}


def body_of(*files: object, **parts: object) -> bytes:
    return json.dumps(answer_of(*files, **parts)).encode()


def answer_of(*files: object, **parts: object) -> dict[str, Any]:
    return {
        "QuantumViewResponse": {
            "Response": {
                "TransactionReference": {"CustomerContext": "qv-0001", "XpciVersion": "1.0007"},
                "ResponseStatusCode": "1",
                "ResponseStatusDescription": "Success",
            },
            "QuantumViewEvents": {
                "SubscriberID": "voorbeeld",
                "SubscriptionEvents": [
                    {
                        "Name": "OutboundNL",
                        "Number": "4F0A1B2C3D4E5F6A",
                        "SubscriptionStatus": {"Code": "A", "Description": "Active"},
                        "SubscriptionFile": list(files),
                    }
                ],
            },
            **parts,
        }
    }


def only_event(**records: object) -> ParcelEvent:
    [file] = read_view(body_of(file_of(**records))).files
    [event] = file.events
    return event
