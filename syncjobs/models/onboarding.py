"""What a customer sees before going live: what would have become of the last real deliveries."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.secrets import SealedField
from exact.models import Connection
from tenants.models import Tenant


class DryRun(models.Model):
    """One look at the last deliveries of a company, in which nothing is made; sealed, because it shows addresses.

    `problem` says why it could not be done; `finished_at` is set either way.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    sealed_results = SealedField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "-asked_at"], name="dry_run_newest")]

    def __str__(self) -> str:
        return f"dry run {self.code}"
