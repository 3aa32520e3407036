"""The nightly comparison of Exact, UPS and us."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from exact.models import Connection
from tenants.models import Tenant


class Reconciliation(models.Model):
    """One run of the comparison. `ended_at` is empty while it is under way, `problem` says why it could not end."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    since_at = models.DateTimeField()
    exact_deliveries = models.PositiveIntegerField(default=0)
    our_deliveries = models.PositiveIntegerField(default=0)
    shipments = models.PositiveIntegerField(default=0)
    manifests = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=250, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant", "connection", "-began_at"], name="reconciliation_newest"),
        ]

    def __str__(self) -> str:
        return f"reconciliation {self.code}"


class Finding(models.Model):
    """A difference. Found again it stays the same row; `subject` is the code of what it is about."""

    class Resolution(models.TextChoices):
        """How it ended."""

        BY_ITSELF = "by_itself", "gone by itself"
        REPAIRED = "repaired", "repaired"
        DISMISSED = "dismissed", "seen and dismissed"

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=30)
    subject = models.UUIDField()
    details = models.JSONField(default=dict, blank=True)
    found_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    repair_asked_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=10, choices=Resolution.choices, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "subject"], condition=models.Q(resolved_at=None), name="finding_open_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "connection", "-found_at"], name="finding_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"
