"""The way in, the choice of a company, a new one, and its settings."""

from dataclasses import asdict, replace

from allauth.account.forms import SignupForm
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.models import Event
from audit.record import Happening, acting, changes, happenings
from tenants import second_factor
from tenants.access import Access, tenants_of
from tenants.company import CompanySettings, change_settings, settings_of
from tenants.context import tenant_context
from tenants.forms import NewCompanyForm, SettingsForm
from tenants.founding import found_tenant
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.languages import shown_language
from tenants.models import Role, Tenant, User

_SHOWN = ("time_zone", "language", "weight_unit", "brand_colour")
"""The name stays out of the audit trail: it may be that of a person."""
COMPANIES_PER_PERSON = 20
"""Our own bound: more than one group of companies needs, and few enough that nobody fills our tables."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, for a visitor; the companies of a person, and straight into the only one."""
    if not isinstance(request.user, User):
        return render(request, "tenants/landing.html", {"form": SignupForm()})
    places = tenants_of(request.user)
    asked = second_factor.missing(request, request.user) if places else None
    if asked:
        return redirect(asked)
    if "all" not in request.GET:
        if not places:
            return redirect("tenants:new")
        if len(places) == 1:
            return redirect("syncjobs:overview", places[0].tenant_code)
    return render(request, "tenants/home.html", {"places": places})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """The first step of the set-up: what holds for the whole company. Whoever saves it owns it."""
    user = signed_in(request)
    asked = second_factor.missing(request, user)
    if asked:
        return redirect(asked)
    if len(tenants_of(user)) >= COMPANIES_PER_PERSON:
        text = _("You belong to {count} companies; that is as many as one person can have here.")
        messages.error(request, text.format(count=COMPANIES_PER_PERSON))
        return redirect(f"{reverse('tenants:home')}?all=1")
    start = {"time_zone": "Europe/Amsterdam", "language": shown_language(), "weight_unit": Tenant.WeightUnit.KILOGRAM}
    form = NewCompanyForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        tenant = _found(user, form.cleaned_data)
        return redirect("syncjobs:go_on", tenant.code)
    return render(request, "tenants/new.html", {"form": form, "is_first": not tenants_of(user)})


def _found(user: User, given: dict[str, str]) -> Tenant:
    with transaction.atomic():
        tenant = found_tenant(name=given["name"], owner=user)
        with tenant_context(tenant.id), acting(actor_of(user)):
            changed = change_settings(tenant, replace(settings_of(tenant), **given))
            _record(tenant, {"founded": True, "fields": changed})
    return tenant


def _record(tenant: Tenant, details: dict[str, object]) -> None:
    happenings(
        tenant.id,
        [Happening(kind=Event.Kind.CHANGED, subject_kind="tenant", subject=tenant.code, details=details)],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER)
def settings(request: HttpRequest, access: Access) -> HttpResponse:
    """Name, time zone, language, unit of weights and colour."""
    with inside(access) as tenant:
        form = SettingsForm(
            request.POST if request.method == "POST" else None,
            initial=asdict(settings_of(tenant)),
            is_locked=not access.allows(Role.MANAGER),
        )
        if request.method == "POST" and form.is_valid():
            with acting(actor_of(signed_in(request))):
                before = settings_of(tenant)
                changed = change_settings(tenant, CompanySettings(**form.cleaned_data))
                if changed:
                    _record(tenant, changes(asdict(before), form.cleaned_data, shown=_SHOWN))
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return redirect("tenants:settings", access.tenant_code)
        context = {
            "access": access,
            "section": "settings",
            "form": form,
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "tenants/settings.html", context)
