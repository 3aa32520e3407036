"""The customer's choices: which Exact shipping method means which UPS service, in which box."""

from typing import ClassVar

from django.db import models

from connector_site.lib.references import new_code
from exact.models import Connection
from syncjobs.models.shipments import Parcel
from tenants.models import Tenant
from ups.models import Account


class ShippingRule(models.Model):
    """What to do with deliveries of one shipping method; the first match by `position` decides."""

    class LabelFormat(models.TextChoices):
        """Label formats that UPS answers a ship call with (`ups.md` 5.10)."""

        GIF = "GIF", "Image (GIF), printed as PDF"
        ZPL = "ZPL", "Zebra (ZPL)"

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(default=100)
    exact_method_id = models.UUIDField()
    country = models.CharField(max_length=2, blank=True)
    warehouse_code = models.CharField(max_length=30, blank=True)
    max_weight_kg = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    service_code = models.CharField(max_length=2, blank=True)
    packaging_code = models.CharField(max_length=2, default="02")
    length_cm = models.PositiveSmallIntegerField(null=True, blank=True)
    width_cm = models.PositiveSmallIntegerField(null=True, blank=True)
    height_cm = models.PositiveSmallIntegerField(null=True, blank=True)
    parcel_max_weight_kg = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True)
    label_format = models.CharField(max_length=3, choices=LabelFormat.choices, default=LabelFormat.GIF)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "exact_method_id", "country", "warehouse_code", "position"],
                name="shipping_rule_once",
            ),
            models.CheckConstraint(
                condition=models.Q(account=None, service_code="")
                | models.Q(account__isnull=False) & ~models.Q(service_code=""),
                name="shipping_rule_service_and_account_together",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exact_method_id} -> {self.service_code or 'not UPS'}"

    @property
    def is_ups(self) -> bool:
        """Whether deliveries of this method are ours to ship; without a service the method is marked "not UPS"."""
        return bool(self.service_code)


def default_milestones() -> list[str]:
    """Those a customer reads in Exact without choosing anything."""
    return [
        Parcel.Milestone.PICKED_UP,
        Parcel.Milestone.EXCEPTION,
        Parcel.Milestone.OUT_FOR_DELIVERY,
        Parcel.Milestone.DELIVERED,
        Parcel.Milestone.RETURNED_TO_SENDER,
    ]


class Reporting(models.Model):
    """What is written into Exact on the way: which milestones, and the proof of delivery as which type of document.

    `document_types` are those that Exact offers; `document_type` is None until they were read or when none will do.
    `has_short_lines` and `lines_paused_until` remember that Exact refused our line, long or short.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="reporting")
    milestones = models.JSONField(default=default_milestones)
    writes_proof = models.BooleanField(default=True)
    document_type = models.PositiveIntegerField(null=True, blank=True)
    document_types = models.JSONField(default=list)
    types_read_at = models.DateTimeField(null=True)
    has_short_lines = models.BooleanField(default=False)
    lines_paused_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"reporting of {self.connection_id}"
