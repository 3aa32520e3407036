"""The tables of the main path; one module per subject."""

from syncjobs.models.alarms import Alarm, Heartbeat, SystemAlarm
from syncjobs.models.deliveries import Delivery, PartyAddress
from syncjobs.models.jobs import Receipt, SyncJob
from syncjobs.models.onboarding import DryRun
from syncjobs.models.personal import Export, ExportPart
from syncjobs.models.reconciling import Finding, Reconciliation
from syncjobs.models.rules import Reporting, ShipFrom, ShippingRule
from syncjobs.models.shipments import Attempt, Label, Parcel, Shipment
from syncjobs.models.tracking import Manifest, TrackingEvent, ViewFile, ViewPage

__all__ = [
    "Alarm",
    "Attempt",
    "Delivery",
    "DryRun",
    "Export",
    "ExportPart",
    "Finding",
    "Heartbeat",
    "Label",
    "Manifest",
    "Parcel",
    "PartyAddress",
    "Receipt",
    "Reconciliation",
    "Reporting",
    "ShipFrom",
    "Shipment",
    "ShippingRule",
    "SyncJob",
    "SystemAlarm",
    "TrackingEvent",
    "ViewFile",
    "ViewPage",
]
