"""Switching shipping on, pausing it, and approving single deliveries."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from connector_site.lib.wording import local
from syncjobs.forms.going_live import GoLiveForm, Start
from syncjobs.setup import going_live, summary
from syncjobs.setup.first_steps import first_steps
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role, Tenant


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER, fresh=True)
def go_live(request: HttpRequest, access: Access) -> HttpResponse:
    """How and from when deliveries are shipped. Before going live it says what is still open."""
    form = None
    if request.method == "POST":
        form = _form(request, access)
        if form.is_valid():
            try:
                again = _begin(request, access, form)
            except going_live.NotReady as refused:
                form.add_error(refused.field or None, local(str(refused)))
            else:
                looks_back = form.cleaned_data["start"] != Start.NOW
                messages.success(request, _said(form.mode_chosen(), again, looks_back=looks_back))
                return redirect("syncjobs:deliveries", access.tenant_code)
    with inside(access) as tenant:
        context = {
            "access": access,
            "section": "go_live",
            "tenant": tenant,
            "form": form or _form(request, access, tenant),
            "missing": () if access.is_live else first_steps(access.tenant_id).missing,
            "summary": summary.of(access.tenant_id),
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "syncjobs/go_live.html", context)


@require_POST
@members_only(Role.OPERATOR)
def pause(request: HttpRequest, access: Access) -> HttpResponse:
    """Buy nothing until somebody resumes."""
    if going_live.pause(actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, at=timezone.now()):
        messages.success(request, _("Shipping is paused. Nothing is lost: what comes in waits."))
    return _back(request, access)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def resume(request: HttpRequest, access: Access) -> HttpResponse:
    """Go on with everything that waits."""
    if access.is_paused:
        try:
            count = going_live.resume(actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, at=timezone.now())
        except going_live.NotYours as refused:
            messages.warning(request, local(str(refused)))
            return _back(request, access)
        words = ngettext("{count} delivery goes on now.", "{count} deliveries go on now.", count).format(count=count)
        messages.success(request, f"{_('Shipping goes on.')} {words}" if count else _("Shipping goes on."))
    return _back(request, access)


@require_POST
@members_only(Role.OPERATOR)
def approve(request: HttpRequest, access: Access) -> HttpResponse:
    """Ship what was ticked, each as it was shown."""
    chosen = _ticked(request.POST.getlist("delivery"))
    if not chosen:
        messages.warning(request, _("Nothing was approved: tick the deliveries that are to be shipped."))
        return _back(request, access)
    approved = going_live.approve(
        actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, chosen=chosen, at=timezone.now()
    )
    tell_approved(request, approved, is_paused=access.is_paused)
    return _back(request, access)


def tell_approved(request: HttpRequest, approved: going_live.Approved, *, is_paused: bool) -> None:
    """Say what was approved, and what was not."""
    if approved.count:
        messages.success(request, _approved(approved.count, is_paused=is_paused))
    if approved.overtaken:
        words = ngettext(
            "{count} delivery was not approved: it has changed since this page was opened. Look at it again.",
            "{count} deliveries were not approved: they have changed since this page was opened. Look at them again.",
            approved.overtaken,
        )
        messages.warning(request, words.format(count=approved.overtaken))
    if approved.unpriced:
        words = ngettext(
            "{count} delivery was not approved: it is a further shipment, whose price has to be looked at first.",
            "{count} deliveries were not approved: they are further shipments, whose price has to be looked at first.",
            approved.unpriced,
        )
        messages.warning(request, words.format(count=approved.unpriced))


def _form(request: HttpRequest, access: Access, tenant: Tenant | None = None) -> GoLiveForm:
    data = request.POST if request.method == "POST" else None
    suggested = (timezone.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    if tenant is not None:
        return GoLiveForm(data, tenant=tenant, is_locked=not access.allows(Role.MANAGER), suggested=suggested)
    with inside(access) as found:
        form = GoLiveForm(data, tenant=found, is_locked=not access.allows(Role.MANAGER), suggested=suggested)
        form.is_valid()
        return form


def _begin(request: HttpRequest, access: Access, form: GoLiveForm) -> int:
    at = timezone.now()
    return going_live.go_live(
        actor=actor_of(signed_in(request)),
        tenant_id=access.tenant_id,
        mode=form.mode_chosen(),
        ships_from_at=form.starts_at(at),
        at=at,
    )


def _approved(count: int, *, is_paused: bool) -> str:
    if is_paused:
        words = ngettext(
            "{count} delivery was approved. It is shipped once shipping goes on.",
            "{count} deliveries were approved. They are shipped once shipping goes on.",
            count,
        )
    else:
        words = ngettext(
            "{count} delivery was approved and is shipped now.",
            "{count} deliveries were approved and are shipped now.",
            count,
        )
    return words.format(count=count)


def _said(mode: Tenant.ShippingMode, again: int, *, looks_back: bool) -> str:
    if mode == Tenant.ShippingMode.APPROVAL:
        words = _("Shipping is on. Each delivery waits for approval on the page “To do”.")
    else:
        words = _("Shipping is on. Book a goods delivery in Exact Online: it appears here within seconds.")
    if not again:
        return words
    if looks_back:
        looked = ngettext(
            "{count} delivery that waited is looked at now.", "{count} deliveries that waited are looked at now.", again
        )
    else:
        looked = ngettext(
            "{count} delivery that was booked before is left alone.",
            "{count} deliveries that were booked before are left alone.",
            again,
        )
    return f"{words} {looked.format(count=again)}"


def _ticked(values: list[str]) -> dict[uuid.UUID, str]:
    """Deliveries with the fingerprint of what was shown of each; what is no such pair is left out."""
    found = {}
    for value in values:
        code, _mark, content = value.partition(":")
        try:
            found[uuid.UUID(code)] = content
        except ValueError:
            continue
    return found


def _back(request: HttpRequest, access: Access) -> HttpResponse:
    """To the page whose button was pressed, if it is one of this company."""
    ours = reverse("syncjobs:overview", args=[access.tenant_code])
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith(ours) and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if is_ours else reverse("syncjobs:deliveries", args=[access.tenant_code]))
