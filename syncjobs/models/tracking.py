"""What UPS told of parcels, from three sources in one history, and the raw answers it was taken from."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.secrets import EncryptedBytesField, SealedField
from syncjobs.models.shipments import Parcel
from tenants.models import Tenant
from ups.models import Account, QuantumViewFeed


class TrackingEvent(models.Model):
    """One thing that happened to a parcel; the same one told by several sources is one row.

    `happened_at` is UTC; without a zone from UPS it is an estimate (`zone_known`). `local_at` is the clock on the wall
    where it happened. `track_says` is what the Tracking API's own words come to, whatever others added to them. The raw
    event may name who signed and where he lives, so it is sealed.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    parcel = models.ForeignKey(Parcel, on_delete=models.CASCADE, related_name="events")
    fingerprint = models.CharField(max_length=64)
    sources = models.JSONField(default=list)
    type = models.CharField(max_length=10, blank=True)
    event_code = models.CharField(max_length=4, blank=True)
    status_code = models.CharField(max_length=3, blank=True)
    description = models.CharField(max_length=250, blank=True)
    happened_at = models.DateTimeField(null=True)
    local_at = models.CharField(max_length=19, blank=True)
    offset_minutes = models.SmallIntegerField(null=True)
    zone_known = models.BooleanField(default=False)
    city = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=30, blank=True)
    country = models.CharField(max_length=3, blank=True)
    milestone = models.CharField(max_length=20, choices=Parcel.Milestone.choices, blank=True)
    track_says = models.CharField(max_length=20, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True)
    scheduled_date = models.DateField(null=True)
    sealed = SealedField(null=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "parcel", "fingerprint"], name="tracking_event_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "parcel", "happened_at"], name="tracking_event_history"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_code} {self.status_code} {self.code}"


class ViewPage(models.Model):
    """An answer of Quantum View, kept before it is used: reading it may have marked it as read (`ups.md` 1)."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    feed = models.ForeignKey(QuantumViewFeed, on_delete=models.CASCADE, related_name="+")
    body = EncryptedBytesField()
    received_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant", "feed", "id"], condition=models.Q(used_at=None), name="view_page_to_use"),
        ]

    def __str__(self) -> str:
        return f"page {self.code}"


class ViewFile(models.Model):
    """A file of Quantum View that was used: overlapping readings bring it again, and it is not looked into twice."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    feed = models.ForeignKey(QuantumViewFeed, on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "feed", "fingerprint"], name="view_file_once"),
        ]

    def __str__(self) -> str:
        return f"file {self.code}"


class Manifest(models.Model):
    """A parcel that UPS says was announced under one of our references: a witness for reconciliation."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    tracking_number = models.CharField(max_length=35)
    reference = models.CharField(max_length=35)
    shipped_date = models.DateField(null=True)
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "account", "tracking_number"], name="manifest_once_per_number"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "reference"], name="manifest_by_reference")]

    def __str__(self) -> str:
        return f"{self.reference} {self.tracking_number}"
