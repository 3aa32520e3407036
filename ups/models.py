"""The tenant's UPS accounts."""

from typing import ClassVar

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector_site.lib.references import new_code
from connector_site.lib.secrets import SealedField, Secret, unseal_secret
from tenants.models import Tenant
from ups.limits import (
    ADDRESS_LINE_CHARACTERS,
    CITY_CHARACTERS,
    EMAIL_CHARACTERS,
    NAME_CHARACTERS,
    POSTAL_CODE_CHARACTERS,
    QUANTUM_VIEW_NAME_CHARACTERS,
    SHIPPER_NUMBER_CHARACTERS,
    STATE_CHARACTERS,
)

CLIENT_ID = "ups client id"
CLIENT_SECRET = "ups client secret"  # noqa: S105  the name of a purpose, not a secret
TOKEN = "ups token"  # noqa: S105  the name of a purpose, not a token
ALERT_CREDENTIAL = "ups track alert credential"
ALERT_CLIENT_SECRET = "ups track alert client secret"  # noqa: S105  the name of a purpose, not a secret
CHECK_PROBLEM_CHARACTERS = 500


class Account(models.Model):
    """A shipper number at UPS with the credentials of the tenant's own app, and the address it ships from.

    The token columns belong to `ups.credentials` alone, the alert columns to `ups.alerts`.
    """

    class Environment(models.TextChoices):
        """The UPS system the account is used on."""

        TEST = "test", "test"
        PRODUCTION = "production", "production"

    class AlertVersion(models.TextChoices):
        """How UPS tells us of scans by itself (`ups.md` 10.1)."""

        OFF = "off", "not at all"
        V1 = "v1", "version 1"
        V2 = "v2", "version 2"

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="ups_accounts")
    name = models.CharField(max_length=80)
    shipper_number = models.CharField(max_length=SHIPPER_NUMBER_CHARACTERS)
    environment = models.CharField(max_length=10, choices=Environment.choices)
    client_id = SealedField()
    client_secret = SealedField()

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

    token = SealedField(null=True)
    token_renew_at = models.DateTimeField(null=True)
    token_expires_at = models.DateTimeField(null=True)
    token_generation = models.IntegerField(default=0)
    token_refreshing_until = models.DateTimeField(null=True)
    token_paused_until = models.DateTimeField(null=True)
    token_failures = models.IntegerField(default=0)
    token_calls_date = models.DateField(null=True)
    token_calls = models.IntegerField(default=0)

    alert_version = models.CharField(
        max_length=3, choices=AlertVersion.choices, default=AlertVersion.V1, db_default="v1"
    )
    alert_hook_code = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    alert_credential = SealedField(null=True)
    alert_credential_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    alert_previous_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    alert_previous_until = models.DateTimeField(null=True)
    alert_client_id = models.CharField(max_length=40, blank=True, default="", db_default="", db_index=True)
    alert_client_secret = SealedField(null=True)
    alert_client_secret_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    alert_generation = models.PositiveIntegerField(default=0, db_default=0)
    alert_problem = models.CharField(max_length=250, blank=True, default="", db_default="")
    alert_problem_at = models.DateTimeField(null=True)
    alert_silent_at = models.DateTimeField(null=True)
    tracking_problem = models.CharField(max_length=250, blank=True, default="", db_default="")
    tracking_problem_at = models.DateTimeField(null=True)

    stopped_at = models.DateTimeField(null=True)
    stopped_reason = models.CharField(max_length=250, blank=True)
    checked_at = models.DateTimeField(null=True)
    check_problem = models.CharField(max_length=CHECK_PROBLEM_CHARACTERS, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "shipper_number", "environment"], name="ups_account_once_per_environment"
            ),
            models.CheckConstraint(
                condition=Q(environment__in=["test", "production"]), name="ups_account_environment_known"
            ),
            models.CheckConstraint(
                condition=Q(shipper_number__regex=r"^[0-9A-Z]{6}$"), name="ups_account_shipper_number_shape"
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None, stopped_reason="") | (Q(stopped_at__isnull=False) & ~Q(stopped_reason="")),
                name="ups_account_stopped_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(token__isnull=True, token_renew_at=None, token_expires_at=None)
                | Q(token__isnull=False, token_renew_at__isnull=False, token_expires_at__isnull=False),
                name="ups_account_token_with_times",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shipper_number} ({self.environment})"

    @property
    def is_usable(self) -> bool:
        """Whether shipments may be sent with it."""
        return self.stopped_at is None

    @property
    def address_lines(self) -> tuple[str, ...]:
        """The lines that are filled in."""
        return tuple(line for line in (self.address_line_1, self.address_line_2, self.address_line_3) if line)

    def reveal_client_id(self) -> str:
        """The client id, which is shown to those who may change it."""
        return unseal_secret(self.client_id, owner=self.code, purpose=CLIENT_ID).reveal()

    def open_client_secret(self) -> Secret:
        """The client secret, for the token call alone."""
        return unseal_secret(self.client_secret, owner=self.code, purpose=CLIENT_SECRET)


SEALED = tuple(field.name for field in Account._meta.fields if isinstance(field, SealedField))
"""Columns that a page defers unless it shows them: they cannot be loaded when their key is gone."""
SEALED_OF_ACCOUNT = tuple(f"account__{name}" for name in SEALED)
"""The same, seen from a row that has an account."""


class ProductCheck(models.Model):
    """What the last look at one API product of the customer's UPS app found."""

    class Product(models.TextChoices):
        """The products, by the names of UPS's developer portal; token and Shipping are needed to ship."""

        TOKEN = "token", "Client ID and secret"
        SHIPPING = "shipping", "Shipping"
        RATING = "rating", "Rating"
        TRACKING = "tracking", "Tracking"
        TRACK_ALERT = "track_alert", "UPS Track Alert"
        QUANTUM_VIEW = "quantum_view", "Quantum View"
        ADDRESS_VALIDATION = "address_validation", "Address Validation"

    class Outcome(models.TextChoices):
        """What was found."""

        GOOD = "good", "in order"
        NOT_ADDED = "not_added", "not added to the app"
        REFUSED = "refused", "refused"
        UNKNOWN = "unknown", "not known"

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="product_checks")
    product = models.CharField(max_length=20, choices=Product.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    problem = models.CharField(max_length=500, blank=True, default="")
    ups_code = models.CharField(max_length=20, blank=True, default="")
    checked_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "account", "product"], name="ups_product_check_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=["good", "not_added", "refused", "unknown"]), name="ups_product_outcome_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.outcome}"


class AlertSubscription(models.Model):
    """UPS's promise to tell us of one parcel, which ends after 14 days (`ups.md` 10.2)."""

    class State(models.TextChoices):
        """Where it stands."""

        WANTED = "wanted", _("not asked for yet")
        ACTIVE = "active", _("active")
        REFUSED = "refused", _("refused by UPS")
        FAILED = "failed", _("not renewed")
        ENDED = "ended", _("no longer needed")

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    tracking_number = models.CharField(max_length=35)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WANTED)
    subscribed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    refusals = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "account", "tracking_number"], name="ups_alert_once_per_number"),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(expires_at__isnull=False), name="ups_alert_active_ends_some_day"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="ups_alert_due"),
            models.Index(fields=["tenant", "account", "due_at"], name="ups_alert_due_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.tracking_number} {self.state}"


class QuantumViewFeed(models.Model):
    """A Quantum View subscription of an account, and how far it was read (`ups.md` 11).

    `reading_from_at` and `bookmark` stand while a reading is under way, so that it goes on after a crash.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="feeds")
    name = models.CharField(max_length=QUANTUM_VIEW_NAME_CHARACTERS)
    watermark_at = models.DateTimeField(null=True)
    reading_from_at = models.DateTimeField(null=True)
    reading_began_at = models.DateTimeField(null=True)
    bookmark = models.TextField(blank=True, default="")
    poll_at = models.DateTimeField(null=True, default=timezone.now)
    read_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=250, blank=True, default="")
    problem_at = models.DateTimeField(null=True)
    missed_until_at = models.DateTimeField(null=True)
    own_records = models.PositiveBigIntegerField(default=0)
    foreign_records = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "account", "name"], name="ups_feed_once_per_name"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["poll_at"], condition=Q(poll_at__isnull=False), name="ups_feed_due"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.account_id}"
