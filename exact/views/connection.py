"""The connected company, and ending the connection."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.record import acting, calls, happenings
from connector_site.lib import wording
from connector_site.lib.outside_calls import OutsideCall
from exact import connecting, consent_links, ending, rights
from exact.access import open_client
from exact.errors import ExactError
from exact.limits import BudgetClass
from exact.models import Connection, WebhookSubscription
from syncjobs.attention.unfinished import unfinished
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RightShown:
    """One line of the list of rights."""

    name: str
    said: str
    is_given: bool
    is_known: bool
    stops: bool


@require_safe
@members_only(Role.VIEWER)
def connection(request: HttpRequest, access: Access) -> HttpResponse:
    """What is connected and how it is, or the sites that can be connected."""
    with inside(access):
        live = ending.connections_shown(access.tenant_id).first()
        subscription = WebhookSubscription.objects.filter(connection=live).first() if live else None
        grant = live.grant if live else None
        blocked_until_at = live.blocked_until_at if live else None
        context = {
            "access": access,
            "section": "exact",
            "connection": live,
            "paused_until_at": blocked_until_at if blocked_until_at and blocked_until_at > timezone.now() else None,
            "subscription": subscription,
            "exact_user": connecting.user_words(grant) if grant else "",
            "reconnect_reason": grant.reconnect_reason if grant and grant.needs_reconnect_at else "",
            "needs_reconnect": bool(grant and grant.needs_reconnect_at),
            "rights": _rights_shown(live) if live else [],
            "waiting": consent_links.waiting(access.tenant_id, at=timezone.now()),
            "unused_link": consent_links.unused(access.tenant_id, at=timezone.now()),
            "sites": connecting.offered_sites(),
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "exact/connection.html", context)


@require_POST
@members_only(Role.MANAGER)
def check_rights(request: HttpRequest, access: Access) -> HttpResponse:
    """Look every right up again."""
    with inside(access):
        live = ending.connections_shown(access.tenant_id).first()
    if live is None:
        raise Http404("No company is connected.")
    made: list[OutsideCall] = []
    with acting(actor_of(signed_in(request))):
        try:
            client = open_client(live, purpose=BudgetClass.RESERVE, observe=made.append)
            findings = rights.look_up(client)
        except ExactError as error:
            messages.error(request, wording.local(error.message))
        else:
            with inside(access):
                rights.keep(live, findings, at=timezone.now())
            if all(finding.is_given for finding in findings):
                messages.success(request, _("All rights are there."))
        with inside(access):
            happenings(access.tenant_id, calls(made, subject_kind="exact_connection", subject=live.code))
    return redirect("exact:connection", access.tenant_code)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER, fresh=True)
def disconnect(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask first, then end the connection."""
    with inside(access):
        live = ending.connections_shown(access.tenant_id).first()
        if live is None:
            raise Http404("No company is connected.")
        if request.method != "POST":
            left = unfinished(access.tenant_id)
            context = {"access": access, "section": "exact", "connection": live, "left": left}
            return render(request, "exact/disconnect.html", context)
    made: list[OutsideCall] = []
    with acting(actor_of(signed_in(request))):
        ending.disconnect(live, observe=made.append)
        with inside(access):
            happenings(access.tenant_id, calls(made, subject_kind="exact_connection", subject=live.code))
    told = _("{name} is disconnected. Deliveries booked from now on are not read.")
    messages.success(request, told.format(name=live.division_name))
    return redirect("exact:connection", access.tenant_code)


def _rights_shown(live: Connection) -> list[RightShown]:
    names = {
        rights.DELIVERIES: _("Read goods deliveries"),
        rights.WRITING: _("Write the tracking number into goods deliveries"),
        rights.NOTIFICATIONS: _("Be notified of new goods deliveries"),
        rights.ORDERS: _("Read sales orders and shipping methods"),
        rights.ITEMS: _("Read items and their weights"),
        rights.CUSTOMERS: _("Read customers and their addresses"),
        rights.DOCUMENTS: _("Store the proof of delivery as a document"),
    }
    return [
        RightShown(
            name=names.get(finding.what, finding.what),
            said=wording.local(finding.said),
            is_given=finding.is_given,
            is_known=finding.outcome is not rights.Outcome.UNKNOWN,
            stops=finding.stops,
        )
        for finding in rights.kept(live)
    ]
