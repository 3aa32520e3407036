"""Users, tenants and memberships, to look at."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest

from connector_site.lib.admin import LookingAdmin
from tenants.models import Invitation, Membership, Tenant, User

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
    """Customers."""

    list_display = ("name", "code", "time_zone", "language", "weight_unit", "created_at")
    search_fields = ("name", "code")
    ordering = ("name",)


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
