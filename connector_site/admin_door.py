"""The admin's door: its own host if there is one, staff with a second factor only, and a trace of every look.

It shows rows of every customer. So each row that is opened there leaves an event in the trail of the customer it
belongs to.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.defaults import page_not_found

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.admin import STAFF_DATABASE
from tenants import second_factor
from tenants.context import tenant_context
from tenants.gate import actor_of
from tenants.models import Tenant, User

ADMIN = "/admin/"
ALSO_ON_ITS_HOST = (ADMIN, "/account/", "/protect/", "/language/", "/static/", "/health/")
"""What the admin's own host answers: its pages, and those on which its staff sign in."""
LOOKED = "row looked at in the admin"
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
    """Where to send staff who have no second factor, or did not use it in this session."""
    user = request.user
    if not isinstance(user, User) or not user.is_staff:
        return None
    return second_factor.missing(request, user)


def _note_list(request: HttpRequest, response: HttpResponseBase) -> None:
    """A line for each list that was opened; not what was looked for, which may name somebody."""
    model = _model_of(request, "changelist")
    if model is None or not isinstance(response, TemplateResponse) or not isinstance(request.user, User):
        return
    how = "searched" if request.GET.get(SEARCH_VAR) else "listed"
    logger.info("%s %s %s in the admin", actor_of(request.user), how, model._meta.label)


def _note_look(request: HttpRequest, response: HttpResponseBase) -> None:
    """An event for the customer whose row was opened; of people, who belong to none, a line in the log."""
    row = _row_shown(request, response)
    if row is None or not isinstance(request.user, User):
        return
    tenant_id = row.pk if isinstance(row, Tenant) else getattr(row, "tenant_id", None)
    if tenant_id is None:
        logger.info("%s looked at %s %s in the admin", actor_of(request.user), row._meta.label, row.pk)
        return
    event = Happening(
        kind=Event.Kind.ASKED,
        subject_kind="admin",
        subject=getattr(row, "code", tenant_id),
        details={"what": LOOKED, "table": row._meta.label},
    )
    with acting(actor_of(request.user)), tenant_context(tenant_id):
        happenings(tenant_id, [event])


def _row_shown(request: HttpRequest, response: HttpResponseBase) -> models.Model | None:
    model, match = _model_of(request, "change"), request.resolver_match
    if model is None or match is None or not isinstance(response, TemplateResponse):
        return None
    rows = model._default_manager.using(STAFF_DATABASE)  # noqa: SLF001  of whichever table it is
    return rows.filter(pk=unquote(match.kwargs["object_id"])).first()


def _model_of(request: HttpRequest, page: str) -> type[models.Model] | None:
    """The table that a page of this kind is about."""
    name = str(request.resolver_match.url_name) if request.resolver_match else ""
    return next((one for one in admin.site._registry if name == _name_of(one, page)), None)  # noqa: SLF001


def _name_of(model: type[models.Model], page: str) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}_{page}"
