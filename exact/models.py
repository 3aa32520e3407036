"""Grants, connections, and what was read from Exact."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector_site.lib.references import new_code
from connector_site.lib.secrets import SealedField
from tenants.models import Tenant


class Site(models.TextChoices):
    """The country sites of Exact Online; a company lives on exactly one (`exact.md` 1)."""

    NETHERLANDS = "nl", _("Netherlands")
    BELGIUM = "be", _("Belgium")
    GERMANY = "de", _("Germany")
    FRANCE = "fr", _("France")
    SPAIN = "es", _("Spain")
    UNITED_KINGDOM = "uk", _("United Kingdom")
    UNITED_STATES = "us", _("United States")


class Grant(models.Model):
    """The permission an Exact user gave our app: one chain of tokens, shared by all her companies (`exact.md` 3.3).

    It has no tenant: the same person may connect companies of several. Tokens are changed by `exact.credentials` only.
    `reconnect_reason` is why a person must connect again, or, while none must, what was wrong with the last renewals.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    site = models.CharField(max_length=2, choices=Site.choices)
    client_id = models.CharField(max_length=64)
    exact_user_id = models.UUIDField()
    sealed_user = SealedField(null=True)
    sealed_tokens = SealedField(null=True)
    generation = models.PositiveIntegerField(default=0)
    consented_at = models.DateTimeField()
    received_at = models.DateTimeField()
    refresh_deadline_at = models.DateTimeField(null=True, blank=True)
    suspect_since_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    not_before_at = models.DateTimeField(null=True, blank=True)
    needs_reconnect_at = models.DateTimeField(null=True, blank=True)
    reconnect_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "client_id", "exact_user_id"], name="exact_grant_once_per_user"),
            models.CheckConstraint(condition=models.Q(site__in=Site.values), name="exact_grant_site_known"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["received_at"],
                condition=models.Q(needs_reconnect_at=None, sealed_tokens__isnull=False),
                name="exact_grant_idle",
            )
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.code}"


class Connection(models.Model):
    """A tenant's tie to one Exact company (division).

    `last_read_at` is the last complete reading of what changed; `missed_hook_at` since when changes are found there
    that no notification told of. `moved_at` and `relinked_at` are Exact's own dates of moves, after which its row
    versions start anew (`exact.md` 12); `division_looked_at` is when they were last asked for. One that has ended keeps
    its grant until its subscriptions at Exact are removed (`ending.clean_up`). `hook_validated_at` is when Exact first
    called the address of our subscription (`exact.md` 11.2). `rights` is what was found at `rights_checked_at`
    (`exact.rights.Finding`).
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="exact_connections")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, blank=True, related_name="connections")
    site = models.CharField(max_length=2, choices=Site.choices)
    division = models.PositiveIntegerField()
    division_name = models.CharField(max_length=150)
    hook_code = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    expand_lines = models.BooleanField(default=True)
    connected_at = models.DateTimeField(default=timezone.now)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    minute_limit = models.PositiveIntegerField(null=True, blank=True)
    day_limit = models.PositiveIntegerField(null=True, blank=True)
    blocked_until_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True)
    missed_hook_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)
    relinked_at = models.DateTimeField(null=True, blank=True)
    division_looked_at = models.DateTimeField(null=True, blank=True)
    hook_validated_at = models.DateTimeField(null=True, blank=True)
    rights = models.JSONField(default=list, db_default=[], blank=True)
    rights_checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["site", "division"],
                condition=models.Q(disconnected_at=None),
                name="exact_connection_live_once",
            ),
            models.UniqueConstraint(fields=["tenant", "site", "division"], name="exact_connection_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(site__in=Site.values), name="exact_connection_site_known"),
            models.CheckConstraint(
                condition=models.Q(disconnected_at__isnull=False) | models.Q(grant__isnull=False),
                name="exact_connection_live_has_grant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.division}"

    @property
    def is_live(self) -> bool:
        """Whether it may be used."""
        return self.disconnected_at is None


class WebhookSubscription(models.Model):
    """A subscription that we made and that Exact confirmed."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="subscriptions")
    exact_id = models.UUIDField()
    topic = models.CharField(max_length=40)
    callback_url = models.URLField(max_length=500)
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "connection", "topic"], name="exact_subscription_once"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.code}"


class SyncCursor(models.Model):
    """How far an endpoint of the sync API was read; a row version, not a time (`exact.md` 12)."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    endpoint = models.CharField(max_length=60)
    timestamp = models.BigIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "connection", "endpoint"], name="exact_cursor_once"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.timestamp}"


class ShippingMethod(models.Model):
    """A shipping method as last read from Exact; the customer maps it to a UPS service."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="shipping_methods")
    exact_id = models.UUIDField()
    exact_code = models.CharField(max_length=40)
    description = models.CharField(max_length=200, blank=True)
    active = models.BooleanField(default=True)
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "connection", "exact_id"], name="exact_method_once"),
        ]

    def __str__(self) -> str:
        return f"{self.exact_code} {self.description}"


class Warehouse(models.Model):
    """A warehouse as last read from Exact, with the address it ships from; many have none (`exact.md` 8.6)."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="warehouses")
    exact_id = models.UUIDField()
    exact_code = models.CharField(max_length=40)
    description = models.CharField(max_length=200, blank=True)
    is_main = models.BooleanField(default=False)
    sealed_address = SealedField(null=True)
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "connection", "exact_id"], name="exact_warehouse_once"),
        ]

    def __str__(self) -> str:
        return f"{self.exact_code} {self.description}"


class ConsentLink(models.Model):
    """A link that lets a colleague with the Exact rights give the permission, and nothing else.

    It opens no page of the tenant. What the colleague allowed waits here (`grant`, `sealed_answer`) until a member of
    the tenant takes it up. Only the digest of the link's secret is kept.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    token_digest = models.CharField(max_length=64, db_index=True)
    site = models.CharField(max_length=2, choices=Site.choices)
    made_by = models.UUIDField()
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, blank=True, related_name="consent_links")
    sealed_answer = SealedField(null=True)
    given_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(site__in=Site.values), name="exact_consent_link_site_known"),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.code}"


class MasterRecord(models.Model):
    """A record of master data as last read from Exact, encrypted: most of it is about people.

    The company's own address is one of a warehouse, under the connection's code (`exact.addresses`).
    """

    class Resource(models.TextChoices):
        """Which kind of record."""

        ITEM = "item", "item"
        ADDRESS = "address", "address"
        ACCOUNT = "account", "account"
        CONTACT = "contact", "contact"
        ORDER = "order", "sales order"
        WAREHOUSE = "warehouse", "address of a warehouse"

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="master_records")
    resource = models.CharField(max_length=10, choices=Resource.choices)
    key = models.UUIDField()
    sealed_fields: Any = SealedField()
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "connection", "resource", "key"], name="exact_master_once"),
            models.CheckConstraint(
                condition=models.Q(resource__in=["item", "address", "account", "contact", "order", "warehouse"]),
                name="exact_master_resource_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.key}"


class CallBudget(models.Model):
    """The durable half of the call limiter of one connection (`exact.limits`)."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="call_budgets")
    opened_minute = models.BigIntegerField(default=0)
    spare_minute = models.BigIntegerField(default=0)
    spare_calls = models.PositiveIntegerField(default=0)
    day_number = models.IntegerField(default=0)
    day_calls = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "connection"], name="exact_budget_once"),
        ]

    def __str__(self) -> str:
        return f"budget {self.code}"


class Breaker(models.Model):
    """Refusals of one endpoint within the last hour, and whether we stopped calling it (`reliability.md` 2.3)."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="breakers")
    endpoint = models.CharField(max_length=60)
    refused_at = models.JSONField(default=list)
    opened_at = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "connection", "endpoint"], name="exact_breaker_once"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.code}"
