"""A goods delivery of Exact, as we follow it, and the address it goes to."""

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Cast
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.secrets import SealedField
from exact.models import Connection
from tenants.models import Tenant

_TEXT = models.TextField()
_COMPANY, _COLON, _BETWEEN = Cast("tenant", _TEXT), models.Value(":", _TEXT), models.Value(", ", _TEXT)
_JOINED: dict[str, Any] = {"template": "(%(expressions)s)", "arg_joiner": " || ", "output_field": _TEXT}
_BETWEEN_OURS = models.Func(_BETWEEN, _COMPANY, _COLON, **_JOINED)
_NUMBERS = models.Func("order_numbers", _BETWEEN, _BETWEEN_OURS, function="replace", output_field=_TEXT)
_ORDERS_OF_COMPANY = models.Func(
    models.Func(_COMPANY, _COLON, _NUMBERS, **_JOINED), _BETWEEN, function="string_to_array"
)
"""Each order number behind its company's, so that what another company has under the same number is not even met."""


class Delivery(models.Model):
    """One goods delivery. Moves only through `transitions.move`.

    `milestone` is that of its least advanced parcel. `track_code` is the receiver's way to the tracking page: it opens
    nothing else, so it is not the code our own pages use. `exact_writes` counts our writes to the record in Exact.
    While `stopped_at` is set nothing is shipped for it, whatever Exact tells, unless a person asks for that.
    `approved_at` is when a person let it be shipped, where the company ships nothing without that, and
    `approved_content` the fingerprint of the request that she let be sent: no other one is.

    One that brings the goods of another delivery back (`return_of`) stands in Exact nowhere: nothing is read from there
    for it and nothing written. `packing` is what a person weighed and measured at the packing desk, parcel by parcel;
    `packed_content` is the fingerprint of all else of the request that she saw. `printed_at` is when the last of its
    labels was printed first.
    """

    class State(models.TextChoices):
        """Where it stands (`design.md` 5)."""

        RECEIVED = "received", "received"
        READY = "ready", "ready to ship"
        SHIPPING = "shipping", "being shipped"
        LABELLED = "labelled", "label made"
        REPORTED = "reported", "number in Exact"
        IN_TRANSIT = "in_transit", "in transit"
        DELIVERED = "delivered", "delivered"
        CLOSED = "closed", "closed"
        SKIPPED = "skipped", "not ours"
        HOLD = "hold", "needs fixing"
        REVIEW = "review", "needs a decision"
        CANCELLED = "cancelled", "cancelled"

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    exact_entry_id = models.UUIDField(null=True)
    return_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="returns")
    delivery_number = models.CharField(max_length=20, blank=True)
    order_numbers = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    problems = models.JSONField(default=list, blank=True)
    shipment_no = models.PositiveSmallIntegerField(default=1)
    facts = models.JSONField(default=dict, blank=True)
    warehouse_code = models.CharField(max_length=40, blank=True, default="", db_default="")
    facts_read_at = models.DateTimeField(null=True)
    asked_again_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    approved_content = models.CharField(max_length=64, blank=True, default="", db_default="")
    packing = models.JSONField(null=True)
    packed_at = models.DateTimeField(null=True)
    packed_content = models.CharField(max_length=64, blank=True, default="", db_default="")
    printed_at = models.DateTimeField(null=True)
    written = models.JSONField(default=dict, blank=True)
    written_at = models.DateTimeField(null=True)
    milestone = models.CharField(max_length=20, blank=True, default="", db_default="")
    track_code = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    exact_writes = models.PositiveSmallIntegerField(default=0, db_default=0)
    exact_document_id = models.UUIDField(null=True)
    proof_problem = models.CharField(max_length=250, blank=True, default="", db_default="")
    correlation = models.UUIDField(default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "connection", "exact_entry_id"], name="delivery_once_per_exact_entry"
            ),
            models.CheckConstraint(
                condition=models.Q(return_of=None, exact_entry_id__isnull=False)
                | models.Q(return_of__isnull=False, exact_entry_id=None),
                name="delivery_of_exact_or_return",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "state"],
                condition=models.Q(state__in=["hold", "review"]),
                name="delivery_needs_a_person",
            ),
            models.Index(
                fields=["tenant", "connection"],
                condition=models.Q(state__in=["received", "ready", "shipping", "labelled"]),
                name="delivery_at_work",
            ),
            models.Index(
                fields=["tenant", "changed_at"], condition=~models.Q(proof_problem=""), name="delivery_without_proof"
            ),
            models.Index(
                fields=["tenant", "-created_at"],
                condition=models.Q(milestone__in=["exception", "returned_to_sender", "unknown"]),
                name="delivery_exceptions",
            ),
            models.Index(fields=["tenant", "-created_at", "-id"], name="delivery_newest_first"),
            models.Index(fields=["tenant", "-changed_at", "-id"], name="delivery_changed_first"),
            models.Index(fields=["tenant", "-delivery_number", "-id"], name="delivery_by_number"),
            models.Index(fields=["tenant", "state", "-created_at", "-id"], name="delivery_of_state"),
            models.Index(
                fields=["tenant", "-created_at"],
                condition=models.Q(printed_at=None, state__in=["labelled", "reported"]),
                name="delivery_to_print",
            ),
            models.Index(
                fields=["tenant", "warehouse_code", "state", "-created_at", "-id"], name="delivery_of_warehouse"
            ),
            models.Index(
                fields=["tenant", "delivery_number"], opclasses=["uuid_ops", "text_pattern_ops"], name="delivery_number"
            ),
            models.Index(
                fields=["tenant", "order_numbers"], opclasses=["uuid_ops", "text_pattern_ops"], name="delivery_order"
            ),
            GinIndex(_ORDERS_OF_COMPANY, name="delivery_orders_of_company"),
        ]

    def __str__(self) -> str:
        return self.delivery_number or str(self.code)

    @property
    def exact_key(self) -> uuid.UUID:
        """The goods delivery's key in Exact; nothing asks for that of a return, which has none."""
        if self.exact_entry_id is None:
            raise LookupError(f"delivery {self.code} is a return and does not stand in Exact")
        return self.exact_entry_id


class PartyAddress(models.Model):
    """Who a delivery goes to. The only place of our own where names, addresses and phones stand.

    Encrypted under a key of its own (`sealed_key`): erasing it is deleting that key and blanking the row (`erased_at`).
    `finders` are keyed hashes of the words a person may be looked for by (`syncjobs.finders`).
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="ship_to")
    sealed_key = SealedField(null=True)
    sealed = SealedField(null=True)
    finders = ArrayField(models.CharField(max_length=32), null=True)
    erased_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "party addresses"
        indexes: ClassVar = [GinIndex(fields=["finders"], name="party_finders")]

    def __str__(self) -> str:
        return str(self.code)
