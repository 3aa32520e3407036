"""Users, tenants and memberships, to look at."""

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from connector_site.lib.admin import LookingAdmin, confirmed
from syncjobs.setup import going_live
from syncjobs.sync_now import sync_now
from tenants.context import tenant_context
from tenants.gate import actor_of, signed_in
from tenants.models import ApiKey, Invitation, Membership, Tenant, User

admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)


@admin.register(User)
class UserAdmin(LookingAdmin):
    """People who sign in."""

    list_display = ("email", "name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    ordering = ("email",)


@admin.register(Tenant)
class TenantAdmin(LookingAdmin):
    """Customers, and what our team may do for them: each leaves an event in the customer's own trail."""

    list_display = (
        "name", "code", "shipping_mode", "paused_at", "is_paused_by_staff", "closed_at", "time_zone", "language",
        "created_at",
    )  # fmt: skip
    search_fields = ("name", "code")
    ordering = ("name",)
    actions = ("pause", "resume", "sync")

    @admin.action(description="Pause shipping", permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Buy nothing more at UPS until the team resumes; the customer cannot."""
        question = "Pause shipping of these customers?"
        return self._act(request, queryset, "pause", question, _pause, consequence=_of_pausing)

    @admin.action(description="Resume shipping", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """Ship what waited, at once; what the customer paused herself stays paused."""
        question = "Ship again, all that waits at once, for these customers?"
        return self._act(request, queryset, "resume", question, _resume, consequence=_of_resuming)

    @admin.action(description="Read from Exact now", permissions=["operate"])
    def sync(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> Any:
        """What changed, and everything that is open."""
        return self._act(request, queryset, "sync", "Read everything open from Exact now, for these customers?", _sync)

    def _act(
        self,
        request: HttpRequest,
        queryset: QuerySet[Tenant],
        action: str,
        question: str,
        act: Callable[[str, Tenant], str],
        *,
        consequence: Callable[[Tenant], str] = lambda _tenant: "",
    ) -> Any:
        """Ask first; then each customer by itself."""
        asked = confirmed(request, self, queryset, action=action, question=question, consequence=consequence)
        if asked is not None:
            return asked
        actor = actor_of(signed_in(request))
        for tenant in queryset:
            try:
                self.message_user(request, f"{tenant}: {act(actor, tenant)}", messages.SUCCESS)
            except going_live.NotYours as refused:
                self.message_user(request, f"{tenant}: {refused}", messages.WARNING)
        return None


def _pause(actor: str, tenant: Tenant) -> str:
    is_new = going_live.pause(actor=actor, tenant_id=tenant.pk, at=timezone.now(), by_staff=True)
    return "paused." if is_new else "nothing to pause."


def _resume(actor: str, tenant: Tenant) -> str:
    count = going_live.resume_by_staff(actor=actor, tenant_id=tenant.pk, at=timezone.now())
    return "stays paused by the company." if count is None else f"ships; {count} deliveries had waited."


def _of_pausing(tenant: Tenant) -> str:
    if tenant.shipping_mode == Tenant.ShippingMode.OFF:
        return "ships nothing yet: nothing to pause."
    if tenant.is_paused_by_staff:
        return "paused by the team already."
    if tenant.paused_at is not None:
        return "paused by the company, which then resumes only once the team has."
    return "buys nothing more until the team resumes."


def _of_resuming(tenant: Tenant) -> str:
    if tenant.paused_at is None:
        return "not paused: nothing to resume."
    with tenant_context(tenant.pk):
        count = going_live.waiting(tenant.pk).count()
    if tenant.stays_paused or not tenant.is_paused_by_staff:
        return f"paused by the company: stays paused, {count} deliveries wait."
    return f"{count} deliveries wait and are shipped."


def _sync(actor: str, tenant: Tenant) -> str:
    count = sync_now(actor=actor, tenant_id=tenant.pk, at=timezone.now())
    return f"{count} connections are read now."


@admin.register(ApiKey)
class ApiKeyAdmin(LookingAdmin):
    """Ways in for machines; what opens them is not kept."""

    list_display = ("name", "tenant", "role", "created_at", "last_used_at", "revoked_at")
    list_select_related = ("tenant",)
    search_fields = ("name", "tenant__name")
    ordering = ("-created_at",)


@admin.register(Membership)
class MembershipAdmin(LookingAdmin):
    """Who belongs where."""

    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "tenant")
    search_fields = ("user__email", "tenant__name")
    ordering = ("-created_at",)


@admin.register(Invitation)
class InvitationAdmin(LookingAdmin):
    """Places that were offered."""

    list_display = ("email", "tenant", "role", "created_at", "accepted_at")
    list_filter = ("role",)
    list_select_related = ("tenant",)
    search_fields = ("email", "tenant__name")
    ordering = ("-created_at",)


@admin.register(Group)
class GroupAdmin(LookingAdmin):
    """Django's own groups; the product uses none."""

    list_display = ("name",)


@admin.register(EmailAddress)
class EmailAddressAdmin(LookingAdmin):
    """Addresses that were confirmed."""

    list_display = ("email", "user", "verified", "primary")
    list_select_related = ("user",)
    search_fields = ("email",)


@admin.register(Authenticator)
class AuthenticatorAdmin(LookingAdmin):
    """Second factors, without what they are made of."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-created_at",)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """Secrets stand in `data`."""
        return list(self.list_display)


@admin.register(UserSession)
class UserSessionAdmin(LookingAdmin):
    """Where people are signed in, without the keys that open it."""

    list_display = ("user", "created_at", "ip", "user_agent")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-created_at",)

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """The session's key is as good as a password."""
        return list(self.list_display)
