"""What we asked UPS for and what came back."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Collate, Reverse
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.secrets import EncryptedBytesField, SealedField
from connector_site.lib.wording import said
from syncjobs.models.deliveries import Delivery
from tenants.models import Tenant
from ups.models import Account

LIVE_ATTEMPT_STATES = ("planned", "sending", "in_doubt", "created", "review")
"""At most one attempt per delivery and shipment number is in one of these (`reliability.md` 1.2)."""
MAY_EXIST = ("sending", "in_doubt", "review", "voiding", "void_refused")
"""A shipment that is not kept may exist at UPS: nothing else is sent, and nothing ended, before that is known."""
WATCHED_ATTEMPT_STATES = ("sending", "in_doubt", "review", "orphan", "voiding")
"""Nothing waits silently: each of these has a moment at which it is looked at again (`reliability.md` R7)."""


class Attempt(models.Model):
    """One intended UPS shipment. Its reference is sent in one POST at most, ever (`reliability.md` R1).

    `due_at` is when it is looked at next by itself, `doubt_at` since when its outcome is unknown, `watches` how often
    it was looked for after it was found absent, `void_id` the shipment at UPS that is being voided. `review_reason`
    says why a person must decide; the reasons are `settling.Reason`. The request shows the receiver's address: once it
    is settled it may be erased (`erased_at`), and changed never. `quoted_amount` is what UPS named as its price when a
    person was shown one.
    """

    class State(models.TextChoices):
        """What is known about it."""

        PLANNED = "planned", said("planned")
        SENDING = "sending", said("sent, answer awaited")
        CREATED = "created", said("shipment made")
        REFUSED = "refused", said("refused by UPS")
        NOT_SENT = "not_sent", said("never reached UPS")
        IN_DOUBT = "in_doubt", said("outcome unknown")
        ABSENT = "absent", said("proven not made")
        VOIDED_THERE = "voided_there", said("voided at UPS by somebody")
        REVIEW = "review", said("needs a decision")
        ORPHAN = "orphan", said("made although given up")
        VOIDING = "voiding", said("being voided")
        VOIDED = "voided", said("voided")
        VOID_REFUSED = "void_refused", said("void refused")
        CANCELLED = "cancelled", said("cancelled before sending")
        ABANDONED = "abandoned", said("never settled, the company was closed")

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    shipment_no = models.PositiveSmallIntegerField()
    attempt_no = models.PositiveSmallIntegerField()
    reference = models.CharField(max_length=35)
    shipper_number = models.CharField(max_length=6)
    environment = models.CharField(max_length=10)
    request = SealedField(null=True)
    erased_at = models.DateTimeField(null=True)
    request_hash = models.CharField(max_length=64)
    packages = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    planned_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    absent_count = models.PositiveSmallIntegerField(default=0)
    first_absent_at = models.DateTimeField(null=True)
    late_answer = models.JSONField(null=True)
    evidence = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField(null=True)
    doubt_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    asks = models.PositiveIntegerField(default=0, db_default=0)
    watches = models.PositiveSmallIntegerField(default=0, db_default=0)
    review_reason = models.CharField(max_length=20, blank=True, default="", db_default="")
    orphaned_at = models.DateTimeField(null=True)
    void_id = models.CharField(max_length=35, blank=True, default="", db_default="")
    quoted_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    quoted_currency = models.CharField(max_length=3, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="attempt_reference_once"),
            models.UniqueConstraint(
                fields=["tenant", "delivery", "shipment_no", "attempt_no"], name="attempt_number_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "delivery", "shipment_no"],
                condition=models.Q(state__in=LIVE_ATTEMPT_STATES),
                name="attempt_live_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["planned", "cancelled"]) | models.Q(sent_at__isnull=False),
                name="attempt_past_planned_was_sent",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=WATCHED_ATTEMPT_STATES) | models.Q(due_at__isnull=False),
                name="attempt_unsettled_is_due",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "sent_at"], condition=models.Q(state="in_doubt"), name="attempt_in_doubt"),
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="attempt_due"),
            models.Index(fields=["tenant"], condition=~models.Q(review_reason=""), name="attempt_needs_a_person"),
            models.Index(
                fields=["orphaned_at"], condition=models.Q(orphaned_at__isnull=False), name="attempt_orphaned"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.state}"


class Shipment(models.Model):
    """A shipment that UPS made for an attempt."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, related_name="shipment")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="shipments")
    ups_shipment_id = models.CharField(max_length=35)
    service_code = models.CharField(max_length=3)
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    charge_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    charge_currency = models.CharField(max_length=3, blank=True)
    alerts = models.JSONField(default=list, blank=True)
    source = models.CharField(max_length=10, default="answer")
    created_at = models.DateTimeField(default=timezone.now)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "ups_shipment_id"], name="shipment_number_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant", "created_at"], name="shipment_newest")]

    def __str__(self) -> str:
        return self.ups_shipment_id


class Parcel(models.Model):
    """One package with its own tracking number.

    `milestone` never shows an end (delivered, returned, voided) that UPS's Tracking API did not confirm itself; until
    it does, `claim_at` says since when another source claims one. `look_at` is when that API is asked next.
    `promised_date` is the first day of arrival that UPS named, `scheduled_date` the last. A person may have it voided
    alone: `void_asked_at` until UPS has answered, then `voided_at`, or `void_refusal` with UPS's words.
    """

    class Milestone(models.TextChoices):
        """The furthest thing known about it (`design.md` 5)."""

        LABEL_CREATED = "label_created", "label made"
        PICKED_UP = "picked_up", "picked up"
        IN_TRANSIT = "in_transit", "in transit"
        OUT_FOR_DELIVERY = "out_for_delivery", "out for delivery"
        AVAILABLE_FOR_PICKUP = "available_for_pickup", "ready for pick-up"
        EXCEPTION = "exception", "exception"
        DELIVERED = "delivered", "delivered"
        RETURNED_TO_SENDER = "returned_to_sender", "returned to sender"
        VOIDED = "voided", "voided"
        UNKNOWN = "unknown", "unknown"

    class Attention(models.TextChoices):
        """What a person should know about it."""

        NO_DATA = "no_data", said("UPS has no data of it")
        SILENT = "silent", said("UPS has told nothing for long")
        UNCONFIRMED = "unconfirmed", said("reported as delivered, but not confirmed")
        STOPPED = "stopped", said("no longer followed")

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="parcels")
    position = models.PositiveSmallIntegerField()
    tracking_number = models.CharField(max_length=35)
    weight = models.DecimalField(max_digits=7, decimal_places=1)
    weight_unit = models.CharField(max_length=3)
    milestone = models.CharField(max_length=20, choices=Milestone.choices, default=Milestone.LABEL_CREATED)
    milestone_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True, default="", db_default="")
    claim_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    scheduled_date = models.DateField(null=True)
    promised_date = models.DateField(null=True)
    had_exception = models.BooleanField(default=False, db_default=False)
    void_asked_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_refusal = models.CharField(max_length=250, blank=True, default="", db_default="")
    last_event_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    looks_in_vain = models.PositiveSmallIntegerField(default=0, db_default=0)
    look_at = models.DateTimeField(null=True)
    attention = models.CharField(max_length=20, choices=Attention.choices, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "tracking_number"], name="parcel_tracking_number_once"),
            models.UniqueConstraint(fields=["tenant", "shipment", "position"], name="parcel_position_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["look_at"], condition=models.Q(look_at__isnull=False), name="parcel_to_look_at"),
            models.Index(
                fields=["void_asked_at"],
                condition=models.Q(void_asked_at__isnull=False, voided_at=None),
                name="parcel_to_void",
            ),
            models.Index(fields=["tenant"], condition=~models.Q(attention=""), name="parcel_needs_attention"),
            models.Index(
                fields=["tenant", "tracking_number"], opclasses=["uuid_ops", "text_pattern_ops"], name="parcel_number"
            ),
            models.Index("tenant", Collate(Reverse("tracking_number"), "C"), name="parcel_number_ending"),
        ]

    def __str__(self) -> str:
        return self.tracking_number


class Label(models.Model):
    """A label exactly as UPS sent it; encrypted under a key of its own, because it shows a name and an address.

    Once erased (`erased_at`) neither the key nor the content is left. `prints` counts how often it was handed out to be
    printed, `printed_at` is when that was first.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    parcel = models.OneToOneField(Parcel, on_delete=models.CASCADE, related_name="label")
    image_format = models.CharField(max_length=4)
    sealed_key = SealedField(null=True)
    content = EncryptedBytesField(null=True)
    erased_at = models.DateTimeField(null=True)
    printed_at = models.DateTimeField(null=True)
    prints = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.image_format} {self.code}"
