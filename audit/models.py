"""Append-only events, chained per tenant by the database."""

import uuid
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone

from connector_site.lib.references import new_code
from tenants.models import Tenant


class AppendOnly(Exception):
    """An attempt to change or remove what happened."""


class EventQuerySet(models.QuerySet["Event"]):
    """Reading words; writing ones refuse."""

    def for_subject(self, subject: uuid.UUID) -> "EventQuerySet":
        """The story of one delivery or other row, oldest first."""
        return self.filter(subject=subject).order_by("sequence")

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused: events do not change."""
        raise AppendOnly("Audit events cannot be changed.")

    def delete(self) -> NoReturn:
        """Refused: events do not go away."""
        raise AppendOnly("Audit events cannot be deleted.")


class Event(models.Model):
    """One thing that happened. Sequence, moment and hash are given by the database (trigger `audit_chain`)."""

    class Kind(models.TextChoices):
        """What happened."""

        MOVED = "moved", "moved"
        CALLED = "called", "call to an outside system"
        RECEIVED = "received", "message received"
        CHANGED = "changed", "settings changed"
        CONNECTED = "connected", "connected"
        DISCONNECTED = "disconnected", "disconnected"
        ASKED = "asked", "asked for by a person"
        FAILED = "failed", "step failed"
        WROTE = "wrote", "written to the outside system"

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField(editable=False, default=0)
    recorded_at = models.DateTimeField(editable=False, null=True)
    actor = models.CharField(max_length=80)
    correlation = models.UUIDField(null=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    subject_kind = models.CharField(max_length=20)
    subject = models.UUIDField()
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64, editable=False, default="")
    hash = models.CharField(max_length=64, editable=False, default="")

    objects = EventQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        indexes: ClassVar = [
            models.Index(fields=["tenant", "subject", "sequence"], name="event_story"),
            models.Index(fields=["tenant", "recorded_at"], name="event_time"),
            models.Index(
                fields=["tenant", "actor", "-sequence"],
                condition=models.Q(actor__startswith="user:"),
                name="event_of_person",
            ),
            models.Index(
                fields=["tenant", "kind", "-sequence"],
                condition=models.Q(kind__in=["asked", "changed", "connected", "disconnected", "failed"]),
                name="event_of_rare_kind",
            ),
            models.Index(
                fields=["tenant", "correlation", "sequence"],
                condition=models.Q(correlation__isnull=False),
                name="event_of_correlation",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "sequence"], name="event_sequence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; saving an existing event refuses."""
        if not self._state.adding:
            raise AppendOnly("Audit events cannot be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: events do not go away."""
        raise AppendOnly("Audit events cannot be deleted.")


class ChainHead(models.Model):
    """The last event of a tenant; kept by the database, compared by `audit.chain`."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.OneToOneField(Tenant, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:8]}"


class ChainCheck(models.Model):
    """A check of the chain that somebody asked for; `broken_at` is the first event that does not fit, if any."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    events = models.BigIntegerField(null=True)
    head_sequence = models.BigIntegerField(null=True)
    head_hash = models.CharField(max_length=64, blank=True, default="")
    broken_at = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "-asked_at"], name="chain_check_newest")]

    def __str__(self) -> str:
        return f"check {self.code}"
