"""The admin is for looking: tables of every tenant, read through the staff role, and no way to write."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.contrib.admin import SimpleListFilter
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from fernet_fields import EncryptedField
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

STAFF_DATABASE = "staff"
"""Reads the rows of every tenant and writes none (`connector_site.lib.row_security`)."""
NEVER_SHOWN = frozenset({"password", "body", "request_hash", "alert_hook_code", "track_code", "token_digest"})
"""Some are addresses that open something to whoever knows them."""
NEWEST = 100_000
"""Our own bound: a list of a large table shows and filters so many of the newest rows; older ones are searched for."""
FOUND_AT_MOST = 200
CONFIRMED = "confirmed"

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

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may use the actions: the operating team."""
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


class _NewestFirst(ChangeList):
    """No other order, whatever the address asks for: only this one has an index across all tenants."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        del request, queryset
        return ["-pk"]


class LargeAdmin(LookingAdmin):
    """A table of many millions of rows.

    Its list is of the newest rows, so every filter is quick; a search finds any row by an exact value of one of the
    `search_fields`, each of which has an index that begins with the tenant, or is unique by itself.
    """

    ordering = ("-pk",)
    sortable_by = ()
    search_fields: ClassVar[tuple[str, ...]] = ("code",)
    search_help_text = f"An exact code or number. Without one, the newest {NEWEST:,} rows are listed and filtered."

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """The one order."""
        del request, kwargs
        return _NewestFirst

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What is found, else the newest."""
        del request
        term = search_term.strip()
        if term:
            return queryset.filter(pk__in=self._found(term)), False
        newest = self._rows().order_by("-pk").values_list("pk", flat=True).first() or 0
        return queryset.filter(pk__gt=newest - NEWEST), False

    def _found(self, term: str) -> set[int]:
        """One field after the other: together no index would serve them."""
        tenants = _tenants()
        found: set[int] = set()
        for path in self.search_fields:
            value = _value(self.model, path, term)
            if value is not None:
                keys = self._rows().filter(**{path: value}, **_of_tenants(path, tenants))
                found.update(keys.values_list("pk", flat=True)[:FOUND_AT_MOST])
        return found

    def _rows(self) -> QuerySet[Any]:
        return QuerySet(self.model).using(STAFF_DATABASE)


def one_of(column: str, choices: Iterable[tuple[str, str]]) -> type[SimpleListFilter]:
    """A filter whose choices are known: Django's own looks through the whole table for them."""
    known = [(str(value), str(words)) for value, words in choices]

    class Filter(SimpleListFilter):
        title = column.replace("_", " ")
        parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            del request, model_admin
            return known

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            del request
            return queryset.filter(**{column: self.value()}) if self.value() else queryset

    return Filter


def confirmed(
    request: HttpRequest,
    shown: ModelAdmin,
    rows: QuerySet[Any],
    *,
    action: str,
    question: str,
    consequence: Callable[[Any], str] = lambda _row: "",
) -> Any:
    """None once the person has confirmed an action; until then the page that asks, with what becomes of each row."""
    if CONFIRMED in request.POST:
        return None
    context = {
        **shown.admin_site.each_context(request),
        "title": question,
        "opts": shown.model._meta,
        "rows": [(row, consequence(row)) for row in rows],
        "action": action,
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)


def asks_first(question: str, act: Callable[..., Any]) -> Callable[..., Any]:
    """An action of the library's, which asks before it does anything."""

    @wraps(act)
    def respond(shown: ModelAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        asked = confirmed(request, shown, queryset, action=act.__name__, question=question)
        return act(shown, request, queryset) if asked is None else asked

    return respond


def is_operating(user: AbstractBaseUser | AnonymousUser) -> bool:
    """A member of the operating team."""
    return bool(user.is_active and getattr(user, "is_staff", False) and getattr(user, "is_superuser", False))


def may_show(field: object) -> bool:
    """Whether a column may be seen: an own, plain column that holds no secret and no raw bytes."""
    if not isinstance(field, models.Field) or field.many_to_many:
        return False
    hidden = isinstance(field, EncryptedField | models.BinaryField) or field.name in NEVER_SHOWN
    return not hidden


def _tenants() -> list[uuid.UUID]:
    """All of them: an index that begins with the tenant serves a search across tenants when each is named."""
    rows: QuerySet[Any] = QuerySet(apps.get_model("tenants", "Tenant")).using(STAFF_DATABASE)
    return list(rows.values_list("pk", flat=True))


def _of_tenants(path: str, tenants: Sequence[uuid.UUID]) -> dict[str, Sequence[uuid.UUID]]:
    """The tenants of the row and, where a value of another row is looked for, of that one."""
    if path in {"pk", "code"}:
        return {}
    before, _, _ = path.rpartition("__")
    return {"tenant__in": tenants} | ({f"{before}__tenant__in": tenants} if before else {})


def _value(model: type[models.Model], path: str, term: str) -> object:
    """The term as the column has it, None where it can be none of its values."""
    *links, name = path.split("__")
    for link in links:
        model = model._meta.get_field(link).related_model  # type: ignore[assignment]
    try:
        return model._meta.get_field(name).to_python(term)  # type: ignore[union-attr]
    except ValidationError:
        return None
