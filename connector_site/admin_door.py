"""The admin's door: its own host if there is one, staff with a second factor only, and a trace of every look.

It shows rows of every customer. So each row that is opened there leaves an event in the trail of the customer it
belongs to.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Sequence

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.admin import STAFF_DATABASE, LookingAdmin
from tenants import second_factor
from tenants.context import tenant_context
from tenants.gate import actor_of
from tenants.models import Membership, Tenant, User

ADMIN = "/admin/"
ALSO_ON_ITS_HOST = (ADMIN, "/account/", "/protect/", "/language/", "/static/", "/health/")
"""What the admin's own host answers: its pages, and those on which its staff sign in."""
LOOKED = "row looked at in the admin"
LOOKED_AT_LIST = "list looked at in the admin"
NAMES_PEOPLE = frozenset(
    {
        "tenants.User",
        "tenants.Membership",
        "tenants.Invitation",
        "account.EmailAddress",
        "mfa.Authenticator",
        "usersessions.UserSession",
    }
)
"""Tables whose lists show who somebody is; all others show numbers, codes and states only."""
logger = logging.getLogger(__name__)


def admin_door(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Guard everything under `/admin/` before any of its views is asked."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if not _is_the_place(request):
            return page_not_found(request, Exception())
        if not request.path_info.startswith(ADMIN):
            return get_response(request)
        asked = _second_factor(request)
        if asked is not None:
            return redirect(asked)
        if isinstance(request.user, User) and _is_form(request):
            second_factor.note_opening(request, request.user, at=timezone.now())
        response = get_response(request)
        _note_list(request, response)
        _note_look(request, response)
        return response

    return respond


def _is_the_place(request: HttpRequest) -> bool:
    """With an admin host of its own the admin is found there alone, and nothing of the customers' is."""
    if not settings.ADMIN_HOST:
        return True
    is_its_host = request.get_host().split(":")[0] == settings.ADMIN_HOST
    if is_its_host:
        return request.path_info == "/" or request.path_info.startswith(ALSO_ON_ITS_HOST)
    return not request.path_info.startswith(ADMIN)


def _second_factor(request: HttpRequest) -> str | None:
    """Where to send staff who have no second factor, or did not use it in this session.

    Whatever is more than a look asks for one that was used a moment ago; where something is typed the question comes
    when its page is opened, and typing may take a while.
    """
    user = request.user
    if not isinstance(user, User) or not user.is_staff:
        return None
    missing = second_factor.missing(request, user)
    is_look = request.method in second_factor.SAFE_METHODS
    if missing or (is_look and not _is_form(request)) or request.path_info == reverse("admin:logout"):
        return missing
    if second_factor.is_fresh_for_this(request, user, at=timezone.now()):
        return None
    if not is_look:
        messages.warning(request, _("Nothing was done: use your second factor, then do it once more."))
    return second_factor.ask_address(request, with_query=True)


def _is_form(request: HttpRequest) -> bool:
    """Whether the page has fields to type into: those of the clock's schedule."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return False
    return any(_page_of(match, page) in _editable() for page in ("add", "change", "delete"))


def _editable() -> set[type[models.Model]]:
    return {one for one, shown in admin.site._registry.items() if not isinstance(shown, LookingAdmin)}  # noqa: SLF001


def _note_list(request: HttpRequest, response: HttpResponseBase) -> None:
    """A line for each list that was opened; not what was looked for, which may name somebody.

    A list that names people is an event for each customer to whom they belong as well.
    """
    model = _model_of(request, "changelist")
    if model is None or not isinstance(response, TemplateResponse) or not isinstance(request.user, User):
        return
    how = "searched" if request.GET.get(SEARCH_VAR) else "listed"
    logger.info("%s %s %s in the admin", actor_of(request.user), how, model._meta.label)
    shown = (response.context_data or {}).get("cl")
    if model._meta.label in NAMES_PEOPLE and shown is not None:
        for tenant_id, rows in _customers_of(list(shown.result_list)).items():
            details = {"what": LOOKED_AT_LIST, "table": model._meta.label, "rows": rows}
            _tell(request.user, tenant_id, tenant_id, details)


def _note_look(request: HttpRequest, response: HttpResponseBase) -> None:
    """An event for the customer whose row was opened; of what belongs to none, a line in the log."""
    row = _row_shown(request, response)
    if row is None or not isinstance(request.user, User):
        return
    customers = {row.pk: 1} if isinstance(row, Tenant) else _customers_of([row])
    if not customers:
        logger.info("%s looked at %s %s in the admin", actor_of(request.user), row._meta.label, row.pk)
    for tenant_id in customers:
        subject = getattr(row, "code", tenant_id)
        _tell(request.user, tenant_id, subject, {"what": LOOKED, "table": row._meta.label})


def _tell(user: User, tenant_id: uuid.UUID, subject: uuid.UUID, details: dict[str, object]) -> None:
    event = Happening(kind=Event.Kind.ASKED, subject_kind="admin", subject=subject, details=details)
    with acting(actor_of(user)), tenant_context(tenant_id):
        happenings(tenant_id, [event])


def _customers_of(rows: Sequence[models.Model]) -> Counter[uuid.UUID]:
    """To whom rows belong, and how many to each; those about a person belong wherever she does."""
    counts = Counter(tenant_id for row in rows if (tenant_id := getattr(row, "tenant_id", None)) is not None)
    people = [person for row in rows if (person := _person_of(row)) is not None]
    places = Membership.objects.using(STAFF_DATABASE).filter(user_id__in=people)
    counts.update(places.values_list("tenant_id", flat=True) if people else ())
    return counts


def _person_of(row: models.Model) -> int | None:
    """Whom a row is about that belongs to no customer."""
    if isinstance(row, User):
        return row.pk
    return None if hasattr(row, "tenant_id") else getattr(row, "user_id", None)


def _row_shown(request: HttpRequest, response: HttpResponseBase) -> models.Model | None:
    model, match = _model_of(request, "change"), request.resolver_match
    if model is None or match is None or not isinstance(response, TemplateResponse):
        return None
    rows = model._default_manager.using(STAFF_DATABASE)  # noqa: SLF001  of whichever table it is
    return rows.filter(pk=unquote(match.kwargs["object_id"])).first()


def _model_of(request: HttpRequest, page: str) -> type[models.Model] | None:
    """The table that a page of this kind is about."""
    return _page_of(request.resolver_match, page) if request.resolver_match else None


def _page_of(match: ResolverMatch, page: str) -> type[models.Model] | None:
    name = str(match.url_name)
    return next((one for one in admin.site._registry if name == _name_of(one, page)), None)  # noqa: SLF001


def _name_of(model: type[models.Model], page: str) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}_{page}"
