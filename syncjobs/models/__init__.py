"""The tables of the main path; one module per subject."""

from syncjobs.models.deliveries import Delivery, PartyAddress
from syncjobs.models.jobs import Receipt, SyncJob
from syncjobs.models.rules import ShippingRule
from syncjobs.models.shipments import Attempt, Label, Parcel, Shipment

__all__ = [
    "Attempt",
    "Delivery",
    "Label",
    "Parcel",
    "PartyAddress",
    "Receipt",
    "Shipment",
    "ShippingRule",
    "SyncJob",
]
