"""The tenant's UPS accounts."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from connector_site.lib.references import new_code
from connector_site.lib.secrets import SealedField, Secret, unseal_secret
from tenants.models import Tenant
from ups.limits import (
    ADDRESS_LINE_CHARACTERS,
    CITY_CHARACTERS,
    EMAIL_CHARACTERS,
    NAME_CHARACTERS,
    POSTAL_CODE_CHARACTERS,
    SHIPPER_NUMBER_CHARACTERS,
    STATE_CHARACTERS,
)

CLIENT_ID = "ups client id"
CLIENT_SECRET = "ups client secret"  # noqa: S105  the name of a purpose, not a secret
TOKEN = "ups token"  # noqa: S105  the name of a purpose, not a token
CHECK_PROBLEM_CHARACTERS = 500


class Account(models.Model):
    """A shipper number at UPS with the credentials of the tenant's own app, and the address it ships from.

    The token columns belong to `ups.credentials` alone.
    """

    class Environment(models.TextChoices):
        """The UPS system the account is used on."""

        TEST = "test", "test"
        PRODUCTION = "production", "production"

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
