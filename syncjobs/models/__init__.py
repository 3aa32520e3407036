"""The tables of the main path; one module per subject."""

from syncjobs.models.alarms import Alarm, Heartbeat, SystemAlarm
from syncjobs.models.deliveries import Delivery, PartyAddress
from syncjobs.models.jobs import Receipt, SyncJob
from syncjobs.models.reconciling import Finding, Reconciliation
from syncjobs.models.rules import Reporting, ShippingRule
from syncjobs.models.shipments import Attempt, Label, Parcel, Shipment
from syncjobs.models.tracking import Manifest, TrackingEvent, ViewFile, ViewPage

__all__ = [
    "Alarm",
    "Attempt",
    "Delivery",
    "Finding",
    "Heartbeat",
    "Label",
    "Manifest",
    "Parcel",
    "PartyAddress",
    "Receipt",
    "Reconciliation",
    "Reporting",
    "Shipment",
    "ShippingRule",
    "SyncJob",
    "SystemAlarm",
    "TrackingEvent",
    "ViewFile",
    "ViewPage",
]
