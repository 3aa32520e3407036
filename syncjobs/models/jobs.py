"""Inbound messages as they came, and the one unit of work."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.secrets import EncryptedBytesField
from tenants.models import Tenant


class Receipt(models.Model):
    """A message that proved where it came from, kept byte for byte before it was answered.

    What UPS sends may name a person, so that body is encrypted (`sealed_body`); `applied_at` says when its event
    entered the history.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=10)
    topic = models.CharField(max_length=40)
    action = models.CharField(max_length=10)
    subject = models.UUIDField(null=True)
    fingerprint = models.CharField(max_length=64)
    body = models.BinaryField(default=b"")
    sealed_body = EncryptedBytesField(null=True)
    received_at = models.DateTimeField(default=timezone.now)
    repeats = models.PositiveIntegerField(default=0)
    dead_letter = models.CharField(max_length=40, blank=True)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "fingerprint"], name="receipt_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "subject"], name="receipt_by_subject"),
            models.Index(fields=["tenant", "source", "-received_at"], name="receipt_newest"),
            models.Index(
                fields=["tenant", "subject"],
                condition=models.Q(source="ups", applied_at=None, dead_letter=""),
                name="receipt_to_apply",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.topic} {self.action}"


class SyncJob(models.Model):
    """One piece of work that is due at a moment. Claimed by `queue.claim`, ended by `queue.finish` and friends."""

    class Kind(models.TextChoices):
        """What is to be done with the subject."""

        READ = "read", "read the delivery from Exact"
        GONE = "gone", "deal with a delivery deleted in Exact"
        SHIP = "ship", "make the UPS shipment"
        REPORT = "report", "write the tracking number to Exact"
        RECHECK = "recheck", "see whether a hold was fixed"
        SUBSCRIBE = "subscribe", "subscribe to Exact's notifications"
        METHODS = "methods", "read the shipping methods"
        MASTER = "master", "read changed master data"
        EVENTS = "events", "take in what UPS told of a delivery's parcels"
        LOOK = "look", "ask UPS where a delivery's parcels are"
        CONFIRM = "confirm", "ask UPS whether a parcel's way has ended"
        ALERT = "alert", "have UPS tell us of an account's parcels"
        VIEW = "view", "read an account's Quantum View"
        STATUS = "status", "write the milestone to Exact"
        PROOF = "proof", "put the proof of delivery into Exact"
        SETTLE = "settle", "find out what became of a shipment"
        CHANGES = "changes", "read what changed in Exact"
        COMPARE = "compare", "compare everything that is open with Exact"
        RECONCILE = "reconcile", "compare Exact, UPS and us"
        WAREHOUSES = "warehouses", "read the warehouses and their addresses"
        DRY_RUN = "dry_run", "show what would become of the last deliveries"
        BEGIN = "begin", "look again at what waited until shipping began"
        RETAIN = "retain", "delete what was kept long enough"
        EXPORT = "export", "put the customer's data into one archive"
        PREVIEW = "preview", "look up what an action would do"
        VOID = "void", "void single parcels"
        FIGURES = "figures", "count what shipments became"
        VERIFY = "verify", "check the audit trail now"
        CLOSE = "close", "end what is left of a customer who leaves"

    class State(models.TextChoices):
        """Open while due or running."""

        DUE = "due", "waiting for its moment"
        RUNNING = "running", "at work"
        DONE = "done", "done"
        DEAD = "dead", "given up"

    class Queue(models.TextChoices):
        """Which workers serve it (`design.md` 4)."""

        SHIP = "ship", "ship"
        SYNC = "sync", "sync"
        TRACK = "track", "track"
        UPKEEP = "upkeep", "upkeep"

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    queue = models.CharField(max_length=6, choices=Queue.choices)
    subject = models.UUIDField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.DUE)
    due_at = models.DateTimeField(default=timezone.now)
    wanted_again_at = models.DateTimeField(null=True)
    starts = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    correlation = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "subject"],
                condition=models.Q(state__in=["due", "running"]),
                name="job_open_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="running") | models.Q(lease_until__isnull=False),
                name="job_running_has_a_lease",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["queue", "tenant", "due_at"],
                condition=models.Q(state__in=["due", "running"]),
                name="job_open",
            ),
            models.Index(fields=["tenant", "subject"], name="job_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.state}"
