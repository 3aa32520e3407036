"""The customer's choices: which Exact shipping method means which UPS service, in which box."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.models.shipments import Parcel
from tenants.models import Tenant
from ups.limits import (
    ADDRESS_LINE_CHARACTERS,
    CITY_CHARACTERS,
    EMAIL_CHARACTERS,
    NAME_CHARACTERS,
    POSTAL_CODE_CHARACTERS,
    STATE_CHARACTERS,
)
from ups.models import Account


class ShipFrom(models.Model):
    """Where a warehouse's parcels leave from; without a warehouse code, where those of all others do.

    `checked_at` is when UPS was last asked about it, `check_problem` what it said against it.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    warehouse_code = models.CharField(max_length=40, blank=True, default="")
    company_name = models.CharField(max_length=NAME_CHARACTERS)
    attention_name = models.CharField(max_length=NAME_CHARACTERS, blank=True)
    address_line_1 = models.CharField(max_length=ADDRESS_LINE_CHARACTERS)
    address_line_2 = models.CharField(max_length=ADDRESS_LINE_CHARACTERS, blank=True)
    address_line_3 = models.CharField(max_length=ADDRESS_LINE_CHARACTERS, blank=True)
    postal_code = models.CharField(max_length=POSTAL_CODE_CHARACTERS, blank=True)
    city = models.CharField(max_length=CITY_CHARACTERS)
    state = models.CharField(max_length=STATE_CHARACTERS, blank=True)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=30, blank=True)
    email = models.CharField(max_length=EMAIL_CHARACTERS, blank=True)
    checked_at = models.DateTimeField(null=True)
    check_problem = models.CharField(max_length=500, blank=True, default="")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "connection", "warehouse_code"], name="ship_from_once"),
        ]

    def __str__(self) -> str:
        return f"ship from {self.warehouse_code or 'everywhere'}"


class ShippingRule(models.Model):
    """What to do with deliveries of one shipping method; the first match by `position` decides."""

    class LabelFormat(models.TextChoices):
        """Label formats that UPS answers a ship call with (`ups.md` 5.10)."""

        GIF = "GIF", said("Image (GIF), printed as PDF")
        ZPL = "ZPL", said("Zebra (ZPL)")

    class LabelSize(models.TextChoices):
        """Width and height of the label in inches (`LabelStockSize`)."""

        SMALL = "4x6", said("4 x 6 inches (10 x 15 cm)")
        TALL = "4x8", said("4 x 8 inches (10 x 20 cm)")

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
    label_size = models.CharField(max_length=3, choices=LabelSize.choices, default=LabelSize.SMALL, db_default="4x6")

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
