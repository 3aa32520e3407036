"""The page behind the link of an invitation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.models import Event
from audit.record import Happening, acting, happenings
from tenants.context import tenant_context
from tenants.gate import actor_of
from tenants.invitations import Place, find_place, owns_address, take
from tenants.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Which company and which role; one click for the person whose address it is, and the way there for others."""
    place = find_place(token)
    if place is None:
        return render(request, "tenants/join_ended.html", status=404)
    user = request.user if isinstance(request.user, User) else None
    is_invited = user is not None and owns_address(user, place.email)
    if request.method == "POST" and user is not None and is_invited:
        return _take(request, place, user, token)
    context = {"place": place, "is_invited": is_invited, "here": request.path}
    return render(request, "tenants/join.html", context)


def _take(request: HttpRequest, place: Place, user: User, token: str) -> HttpResponse:
    at = timezone.now()
    with tenant_context(place.tenant_id), acting(actor_of(user)):
        member_code = take(place, token=token, user=user, at=at)
        if member_code is not None:
            event = Happening(
                kind=Event.Kind.CHANGED,
                subject_kind="membership",
                subject=member_code,
                details={"joined_as": place.role, "invitation": str(place.code)},
            )
            happenings(place.tenant_id, [event])
    if member_code is None:
        return render(request, "tenants/join_ended.html", status=404)
    messages.success(request, _("You belong to {company} now.").format(company=place.tenant_name))
    return redirect("syncjobs:deliveries", place.tenant_code)
