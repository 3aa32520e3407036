"""The tables of the main path; one module per subject."""

from syncjobs.models.deliveries import Delivery, PartyAddress
from syncjobs.models.jobs import Receipt, SyncJob
from syncjobs.models.rules import Reporting, ShippingRule
from syncjobs.models.shipments import Attempt, Label, Parcel, Shipment
from syncjobs.models.tracking import Manifest, TrackingEvent, ViewFile, ViewPage

__all__ = [
    "Attempt",
    "Delivery",
    "Label",
    "Manifest",
    "Parcel",
    "PartyAddress",
    "Receipt",
    "Reporting",
    "Shipment",
    "ShippingRule",
    "SyncJob",
    "TrackingEvent",
    "ViewFile",
    "ViewPage",
]
