"""What people do all day: their views of the list, notes, whose turn it is, and looks at what an action would do."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.secrets import SealedField
from connector_site.lib.wording import said
from syncjobs.models.deliveries import Delivery
from tenants.models import Tenant, User


class SavedView(models.Model):
    """A way to look at the list of deliveries that a person gave a name; `is_shared` shows it to her colleagues.

    What is left of those of a person who left is nobody's.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=60)
    question = models.JSONField(default=dict)
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user", "name"], name="saved_view_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Note(models.Model):
    """What a colleague wrote about a delivery; under a key of its own, because it may name a person."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    sealed_key = SealedField(null=True)
    sealed = SealedField(null=True)
    erased_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "delivery", "created_at"], name="note_of_delivery")]

    def __str__(self) -> str:
        return f"note {self.code}"


class Attention(models.Model):
    """Who takes care of something on the attention list, and until when nobody wants to be reminded of it."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    subject_kind = models.CharField(max_length=20)
    subject = models.UUIDField()
    assigned_to = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    snoozed_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "attention"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "subject_kind", "subject"], name="attention_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "snoozed_until"],
                condition=models.Q(snoozed_until__isnull=False),
                name="attention_snoozed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject}"


class Preview(models.Model):
    """What an action would do, looked up by a worker before it is done; sealed, because it shows an address.

    `quoted_amount` is the price that UPS named, `content_hash` the request it named it for. `problem` says why nothing
    could be looked up; `finished_at` is set either way. Those asked for together share a `batch`. `used_at` is when a
    person confirmed it: it is good for one shipment only.
    """

    class Action(models.TextChoices):
        """What is looked at."""

        REPLAY = "replay", said("run again")
        SHIP_AGAIN = "ship_again", said("ship again")
        RETURN = "return", said("return label")

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=10, choices=Action.choices)
    batch = models.UUIDField(null=True)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    content_hash = models.CharField(max_length=64, blank=True, default="")
    quoted_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    quoted_currency = models.CharField(max_length=3, blank=True, default="")
    sealed_result = SealedField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant", "delivery", "-asked_at"], name="preview_of_delivery"),
            models.Index(fields=["tenant", "batch"], condition=models.Q(batch__isnull=False), name="preview_of_batch"),
            models.Index(fields=["tenant", "asked_at"], name="preview_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.code}"
