"""Users, tenants, memberships and invitations."""

import uuid
from typing import Any, ClassVar

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import RegexValidator, validate_email
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector_site.lib.references import new_code


class UserManager(BaseUserManager["User"]):
    """Makes users that sign in by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person whose address we vouch for; it is stored in lower case, so that it is unique whatever its spelling.

        Those who sign up by themselves prove theirs and are made by `tenants.accounts`. Raises
        ValidationError for what is no e-mail address: nobody could be told anything there.
        """
        address = email.strip().lower()
        validate_email(address)
        user = self.model(email=address, **fields)
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            proven = apps.get_model("account", "EmailAddress")
            proven.objects.using(self._db).create(user=user, email=address, verified=True, primary=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A member of the operating team with every right in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. Belongs to no tenant; memberships say where she may go.

    `language` is that of the pages; without one the browser's is used, and so is whether they are light or dark.
    """

    class Theme(models.TextChoices):
        """How pages look."""

        AUTO = "auto", _("as the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=2, blank=True, default="", db_default="")
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.AUTO, db_default="auto")
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.email


class Tenant(models.Model):
    """A customer of ours: one company with its settings.

    Nothing is shipped before a person has gone live (`shipping_mode`), nothing that was booked before `ships_from_at`,
    and nothing while `paused_at` is set, by the company, by the operating team (`is_paused_by_staff`) or by both
    (`stays_paused` then keeps the company's own). What was planned before `plans_from_at` is planned anew: the company
    has resumed since then, or changed what it ships how.
    One that has ended (`closed_at`) keeps its row for the audit trail alone.
    """

    class WeightUnit(models.TextChoices):
        """The unit of item weights in Exact, which does not say it itself (`exact.md` 8.8)."""

        KILOGRAM = "kg", _("kilograms")
        GRAM = "g", _("grams")
        POUND = "lb", _("pounds")

    class Language(models.TextChoices):
        """The language of what we write into Exact."""

        ENGLISH = "en", "English"
        DUTCH = "nl", "Nederlands"
        GERMAN = "de", "Deutsch"
        FRENCH = "fr", "Français"
        SPANISH = "es", "Español"

    class ShippingMode(models.TextChoices):
        """What becomes of a delivery that is ready to be shipped."""

        OFF = "off", _("nothing is shipped yet")
        AUTOMATIC = "automatic", _("shipped by itself")
        APPROVAL = "approval", _("shipped once a person has approved it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.UUIDField(default=new_code, unique=True, editable=False)
    name = models.CharField(max_length=150)
    time_zone = models.CharField(max_length=64, default="Europe/Amsterdam")
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ENGLISH)
    weight_unit = models.CharField(max_length=2, choices=WeightUnit.choices, default=WeightUnit.KILOGRAM)
    brand_colour = models.CharField(
        max_length=7, default="#1f5fa8", db_default="#1f5fa8", validators=[RegexValidator(r"^#[0-9a-f]{6}$")]
    )
    shipping_mode = models.CharField(
        max_length=9, choices=ShippingMode.choices, default=ShippingMode.OFF, db_default="off"
    )
    ships_from_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    is_paused_by_staff = models.BooleanField(default=False, db_default=False)
    stays_paused = models.BooleanField(default=False, db_default=False)
    plans_from_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    label_days = models.PositiveSmallIntegerField(default=90, db_default=90)
    party_days = models.PositiveSmallIntegerField(default=180, db_default=180)
    receipt_days = models.PositiveSmallIntegerField(default=30, db_default=30)
    audit_months = models.PositiveSmallIntegerField(default=24, db_default=24)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(shipping_mode__in=["off", "automatic", "approval"]), name="tenant_mode_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do; each role may do what the ones below it may."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    OPERATOR = "operator", _("Operator")
    VIEWER = "viewer", _("Viewer")


class Membership(models.Model):
    """A person's place in a tenant."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user"], name="membership_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.code}"


class Invitation(models.Model):
    """A place in a tenant that was offered to an e-mail address.

    The link in the mail holds a secret of which only the digest is kept; the code alone opens nothing.
    """

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role.choices)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    token_digest = models.CharField(max_length=64, blank=True, default="", db_default="", db_index=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "email"], condition=models.Q(accepted_at=None), name="invitation_open_once"
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.code}"


class ApiKey(models.Model):
    """A machine's way into a tenant, with the rights of a role; of the key itself only the digest is kept."""

    code = models.UUIDField(default=new_code, unique=True, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    role = models.CharField(max_length=10, choices=Role.choices)
    token_digest = models.CharField(max_length=64, db_index=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "API key"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "token_digest"], name="api_key_once"),
            models.CheckConstraint(condition=models.Q(role__in=["operator", "viewer"]), name="api_key_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.code}"
