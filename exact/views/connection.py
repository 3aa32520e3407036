"""The connected company, and ending the connection."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from audit.record import acting, calls, happenings
from connector_site.lib.outside_calls import OutsideCall
from exact import connecting, ending
from exact.models import WebhookSubscription
from syncjobs.unfinished import unfinished
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


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
            "sites": connecting.offered_sites(),
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "exact/connection.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER)
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
    messages.success(request, f"{live.division_name} is disconnected. Deliveries booked from now on are not read.")
    return redirect("exact:connection", access.tenant_code)
