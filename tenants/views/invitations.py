"""The page behind the link of an invitation."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import local
from tenants import invited, mails, second_factor
from tenants.context import tenant_context
from tenants.gate import actor_of
from tenants.invitations import Place, Taken, digest_of, find_place, owns_address, take
from tenants.models import Role, User
from tenants.team import TeamRefusal


@require_safe
@never_cache
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Note the place in the session and go on without the secret in the address."""
    place = find_place(digest_of(token))
    if place is None:
        return render(request, "tenants/join_ended.html", status=404)
    invited.keep(request, place)
    return redirect("tenants:joining")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def joining(request: HttpRequest) -> HttpResponse:
    """Which company and which role; one click for the person whose address it is, and the way there for others."""
    place = invited.kept(request)
    if place is None:
        invited.forget(request)
        return render(request, "tenants/join_ended.html", status=404)
    user = request.user if isinstance(request.user, User) else None
    if request.method == "POST" and "sign_out" in request.POST:
        logout(request)
        invited.keep(request, place)
        return redirect("tenants:joining")
    is_invited = user is not None and owns_address(user, place.email)
    if request.method == "POST" and user is not None and is_invited:
        return _join(request, place, user)
    return render(request, "tenants/join.html", {"place": place, "is_invited": is_invited})


def _join(request: HttpRequest, place: Place, user: User) -> HttpResponse:
    has_one = second_factor.has_one(user)
    if has_one and not second_factor.was_used_here(request, user):
        return redirect(second_factor.ask_address(request))
    if place.role == Role.OWNER and not has_one:
        return redirect(f"{reverse('tenants:protect')}?{urlencode({'next': request.path})}")
    try:
        taken = _take(place, user)
    except TeamRefusal as refusal:
        messages.error(request, local(str(refusal)))
        return redirect("tenants:joining")
    invited.forget(request)
    if taken is None:
        return render(request, "tenants/join_ended.html", status=404)
    for owner in taken.others:
        context = {"company": place.tenant_name, "email": user.email, "by": place.invited_by}
        mails.send("tenants/mails/owner_joined", to=owner, context=context)
    messages.success(request, _("You belong to {company} now.").format(company=place.tenant_name))
    return redirect("syncjobs:overview", place.tenant_code)


def _take(place: Place, user: User) -> Taken | None:
    with tenant_context(place.tenant_id), acting(actor_of(user)):
        taken = take(place, user=user, at=timezone.now())
        if taken is not None:
            event = Happening(
                kind=Event.Kind.CHANGED,
                subject_kind="membership",
                subject=taken.member_code,
                details={"joined_as": place.role, "invitation": str(place.code)},
            )
            happenings(place.tenant_id, [event])
    return taken
