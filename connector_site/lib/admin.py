"""The admin is for looking: tables of every tenant, read through the staff role, and no way to write."""

from typing import Any, TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from fernet_fields import EncryptedField
from unfold.admin import ModelAdmin

STAFF_DATABASE = "staff"
"""Reads the rows of every tenant and writes none (`connector_site.lib.row_security`)."""
NEVER_SHOWN = frozenset({"password", "body", "request_hash", "alert_hook_code", "track_code"})
"""Some are addresses that open something to whoever knows them."""

Row = TypeVar("Row", bound=models.Model)


class LookingAdmin(ModelAdmin):
    """A table to look at. Secrets, encrypted columns and raw bytes are left out."""

    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Every tenant's rows, through the role that may read them."""
        found: QuerySet[Any] = super().get_queryset(request).using(STAFF_DATABASE)
        return found

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        """Every column that may be shown."""
        return [field.name for field in self.model._meta.get_fields() if may_show(field)]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """The operating team."""
        return is_operating(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The operating team."""
        return is_operating(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody."""
        return False


def is_operating(user: AbstractBaseUser | AnonymousUser) -> bool:
    """A member of the operating team."""
    return bool(user.is_active and getattr(user, "is_staff", False) and getattr(user, "is_superuser", False))


def may_show(field: object) -> bool:
    """Whether a column may be seen: an own, plain column that holds no secret and no raw bytes."""
    if not isinstance(field, models.Field) or field.many_to_many:
        return False
    hidden = isinstance(field, EncryptedField | models.BinaryField) or field.name in NEVER_SHOWN
    return not hidden
