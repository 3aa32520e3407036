"""The tables of the main path; one module per subject."""

from syncjobs.models.alarms import Alarm, Heartbeat, NewsChoice, NewsMark, SystemAlarm
from syncjobs.models.daily_work import Attention, Note, Preview, SavedView
from syncjobs.models.deliveries import Delivery, PartyAddress
from syncjobs.models.figures import Counting, DayFigures
from syncjobs.models.jobs import Receipt, SyncJob
from syncjobs.models.onboarding import DryRun
from syncjobs.models.personal import Export, ExportPart
from syncjobs.models.printing import PrintJob, Station
from syncjobs.models.reconciling import Finding, Reconciliation
from syncjobs.models.rules import Reporting, ShipFrom, ShippingRule
from syncjobs.models.shipments import Attempt, Label, Parcel, Shipment
from syncjobs.models.tracking import Manifest, TrackingEvent, ViewFile, ViewPage

__all__ = [
    "Alarm",
    "Attempt",
    "Attention",
    "Counting",
    "DayFigures",
    "Delivery",
    "DryRun",
    "Export",
    "ExportPart",
    "Finding",
    "Heartbeat",
    "Label",
    "Manifest",
    "NewsChoice",
    "NewsMark",
    "Note",
    "Parcel",
    "PartyAddress",
    "Preview",
    "PrintJob",
    "Receipt",
    "Reconciliation",
    "Reporting",
    "SavedView",
    "ShipFrom",
    "Shipment",
    "ShippingRule",
    "Station",
    "SyncJob",
    "SystemAlarm",
    "TrackingEvent",
    "ViewFile",
    "ViewPage",
]
