"""Packing stations and what waits there to be printed, once."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.wording import said
from syncjobs.models.shipments import Label
from tenants.models import Tenant, User


class Station(models.Model):
    """A place where labels are printed. With `takes_new` those of its warehouse come here by themselves.

    Without a warehouse code it takes those of every warehouse that no other station takes.
    """

    class Paper(models.TextChoices):
        """What its printer holds."""

        LABEL = "label", said("Labels, one to a page")
        A4 = "a4", said("A4 sheets of four labels")
        LETTER = "letter", said("Letter sheets of four labels")

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    warehouse_code = models.CharField(max_length=40, blank=True, default="")
    takes_new = models.BooleanField(default=False)
    paper = models.CharField(max_length=6, choices=Paper.choices, default=Paper.LABEL)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=models.Q(ended_at=None), name="station_name_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "warehouse_code"],
                condition=models.Q(ended_at=None, takes_new=True),
                name="station_takes_a_warehouse_alone",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PrintJob(models.Model):
    """A label that waits at a station until somebody takes it; those taken together share a `batch`."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+")
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="print_jobs")
    asked_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True)
    taken_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    batch = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "label"], condition=models.Q(taken_at=None), name="print_job_waits_once"
            ),
            models.CheckConstraint(
                condition=models.Q(taken_at=None, batch=None) | models.Q(taken_at__isnull=False, batch__isnull=False),
                name="print_job_taken_in_a_batch",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "station", "asked_at"], condition=models.Q(taken_at=None), name="print_job_waiting"
            ),
            models.Index(
                fields=["tenant", "station", "-taken_at", "-id"],
                condition=models.Q(taken_at__isnull=False),
                name="print_job_taken_last",
            ),
            models.Index(fields=["tenant", "batch"], condition=models.Q(batch__isnull=False), name="print_job_batch"),
        ]

    def __str__(self) -> str:
        return f"print {self.code}"
