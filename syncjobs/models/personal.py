"""A copy of a tenant's data for the tenant."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.secrets import EncryptedBytesField
from tenants.models import Tenant


class Export(models.Model):
    """A copy of everything that is kept for a tenant, to be taken as one archive; gone after `expires_at`."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    size_bytes = models.PositiveBigIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "-asked_at"], name="export_newest")]

    def __str__(self) -> str:
        return f"export {self.code}"


class ExportPart(models.Model):
    """One file of an export, packed and encrypted; `last_id` is the row after which its table goes on."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    table = models.CharField(max_length=40)
    last_id = models.BigIntegerField()
    name = models.CharField(max_length=120)
    rows = models.PositiveIntegerField()
    packed = EncryptedBytesField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "export", "position"], name="export_part_once"),
        ]

    def __str__(self) -> str:
        return self.name
