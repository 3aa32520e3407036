"""The choice of a company, and its settings."""

from dataclasses import asdict

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from audit.models import Event
from audit.record import Happening, acting, happenings
from tenants.access import Access, tenants_of
from tenants.company import CompanySettings, change_settings, settings_of
from tenants.forms import SettingsForm
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The companies of this person; somebody with one goes straight in."""
    places = tenants_of(signed_in(request))
    if len(places) == 1 and "all" not in request.GET:
        return redirect("syncjobs:deliveries", places[0].tenant_code)
    return render(request, "tenants/home.html", {"places": places})


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
                changed = change_settings(tenant, CompanySettings(**form.cleaned_data))
                if changed:
                    event = Happening(
                        kind=Event.Kind.CHANGED,
                        subject_kind="tenant",
                        subject=access.tenant_code,
                        details={"fields": changed},
                    )
                    happenings(access.tenant_id, [event])
            messages.success(request, "Saved." if changed else "Nothing was changed.")
            return redirect("tenants:settings", access.tenant_code)
        context = {
            "access": access,
            "section": "settings",
            "form": form,
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "tenants/settings.html", context)
