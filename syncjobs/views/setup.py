"""The steps of a new customer, and the way to the next of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from syncjobs.setup.first_steps import first_steps
from tenants.access import Access
from tenants.gate import inside, members_only
from tenants.models import Role


@require_safe
@members_only(Role.VIEWER)
def setup(request: HttpRequest, access: Access) -> HttpResponse:
    """All steps, what is done and what is open; and what else can be set."""
    with inside(access) as tenant:
        context = {
            "access": access,
            "section": "setup",
            "tenant": tenant,
            "progress": first_steps(access.tenant_id),
            "may_pause": access.allows(Role.OPERATOR),
            "may_resume": access.allows(Role.MANAGER),
        }
        return render(request, "syncjobs/setup.html", context)


@require_safe
@members_only(Role.VIEWER)
def go_on(request: HttpRequest, access: Access) -> HttpResponse:
    """To the step that is open now; to the deliveries when none is left."""
    del request
    with inside(access):
        current = first_steps(access.tenant_id).current
    if access.is_live or current is None:
        return redirect("syncjobs:deliveries", access.tenant_code)
    return redirect(current.address, access.tenant_code)
