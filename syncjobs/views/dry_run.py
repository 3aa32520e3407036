"""What would become of the last deliveries: asked for with a button, shown when a worker has looked."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from syncjobs.setup import dry_run as looking
from syncjobs.setup.first_steps import first_steps
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def dry_run(request: HttpRequest, access: Access) -> HttpResponse:
    """The page; the part with the results alone when htmx asks for it."""
    if request.method == "POST":
        user = signed_in(request)
        if not looking.ask(actor=actor_of(user), tenant_id=access.tenant_id, at=timezone.now()):
            messages.warning(request, _("Connect Exact Online first."))
        return redirect("syncjobs:dry_run", access.tenant_code)
    is_part = request.headers.get("HX-Request") == "true"
    with inside(access):
        context = {
            "access": access,
            "section": "dry_run",
            "shown": looking.shown(access.tenant_id, at=timezone.now()),
            "missing": first_steps(access.tenant_id).missing,
            "may_look": access.allows(Role.OPERATOR),
            "count": looking.LOOKED_AT,
        }
        return render(request, f"syncjobs/{'_dry_run' if is_part else 'dry_run'}.html", context)
