"""Counted once and kept: what a day's shipments became, for the overview and the reports."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from connector_site.lib.references import new_code
from tenants.models import Tenant

LABEL_SECONDS = (10, 60, 3600, 86_400)
"""Bounds of the classes that times from booking to label are counted in; a fifth one holds what took longer."""


class DayFigures(models.Model):
    """The shipments of one day (of the company's own clock), service, country and currency, without those voided.

    `promised` counts those whose day of arrival UPS had named and that have arrived, `on_time` those of them that came
    by then. `quoted_amount` is the sum of what UPS had quoted, `charged_of_quoted` what it then charged for the same.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    service_code = models.CharField(max_length=3)
    country = models.CharField(max_length=2, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    shipments = models.PositiveIntegerField(default=0)
    parcels = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    exceptions = models.PositiveIntegerField(default=0)
    promised = models.PositiveIntegerField(default=0)
    on_time = models.PositiveIntegerField(default=0)
    charged_amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    quoted = models.PositiveIntegerField(default=0)
    quoted_amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    charged_of_quoted = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    label_seconds = models.BigIntegerField(default=0)
    label_classes = ArrayField(models.PositiveIntegerField(), size=len(LABEL_SECONDS) + 1)
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "day figures"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "day", "service_code", "country", "currency"], name="day_figures_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.service_code} {self.country}"


class Counting(models.Model):
    """How far a tenant's changes have gone into its figures."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="+")
    counted_to_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"counted to {self.counted_to_at}"
