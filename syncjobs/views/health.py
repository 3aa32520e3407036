"""How the connections are, and mending them."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.record import acting, calls, happenings
from connector_site.lib import wording
from connector_site.lib.outside_calls import OutsideCall
from exact import ending, repair
from exact.errors import ExactError
from syncjobs import queue
from syncjobs.figures.connection_health import health_of
from syncjobs.models import SyncJob
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@require_safe
@members_only(Role.VIEWER)
def health(request: HttpRequest, access: Access) -> HttpResponse:
    """Everything about both connections on one page."""
    with inside(access):
        context = {
            "access": access,
            "section": "health",
            "health": health_of(access.tenant_id, at=timezone.now()),
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "syncjobs/health.html", context)


@require_POST
@members_only(Role.MANAGER)
def resubscribe(request: HttpRequest, access: Access) -> HttpResponse:
    """Have Exact tell us of deliveries anew."""
    with inside(access):
        live = ending.connections_shown(access.tenant_id).first()
    if live is None:
        raise Http404("No company is connected.")
    made: list[OutsideCall] = []
    with acting(actor_of(signed_in(request))):
        try:
            repair.resubscribe(live, observe=made.append)
        except ExactError as error:
            messages.error(request, wording.local(error.message))
            _subscribe_soon(access, live.code)
        else:
            messages.success(request, _("Exact Online tells us of new deliveries again."))
        with inside(access):
            happenings(access.tenant_id, calls(made, subject_kind="exact_connection", subject=live.code))
    return redirect("syncjobs:health", access.tenant_code)


def _subscribe_soon(access: Access, connection_code: UUID) -> None:
    """What was there may be ended by now, so that it is not left at that: it is tried again by itself."""
    with inside(access):
        queue.add(access.tenant_id, SyncJob.Kind.SUBSCRIBE, connection_code, due_at=timezone.now())
