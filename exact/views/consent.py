"""The way to Exact's own consent page and back, for a member."""

from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.record import acting, calls, happenings
from connector_site.lib.outside_calls import OutsideCall
from exact import connecting, consent_state, offers
from exact.consent_state import PENDING, WrongState
from exact.errors import ExactError
from exact.views import choice, links, troubles
from exact.views.choice import Choosing
from tenants.access import Access, enter
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role, User


@require_POST
@members_only(Role.MANAGER, fresh=True)
def start(request: HttpRequest, access: Access) -> HttpResponse:
    """Send the browser to Exact's consent page."""
    site = request.POST.get("site", "")
    if site not in connecting.offered_sites():
        raise Http404("This site of Exact Online is not offered.")
    pending = consent_state.begin(
        site=site, tenant_code=access.tenant_code, user_code=signed_in(request).code, at=timezone.now()
    )
    request.session[PENDING] = pending.as_json()
    choice.forget(request)
    other_user = request.POST.get("other_user") == "on"
    return HttpResponseRedirect(connecting.authorize_url(site=site, state=pending.state, force_login=other_user))


@require_safe
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Exact's answer. The kept state is taken out of the session first, then compared: it serves once.

    Whoever is signed out meanwhile begins again: the code is written into no other address.
    """
    if consent_state.is_by_link(request.session.get(PENDING)):
        return links.come_back(request, request.session.pop(PENDING))
    if not isinstance(request.user, User):
        return redirect_to_login(request.path)
    kept = request.session.pop(PENDING, None)
    try:
        pending = consent_state.proven(
            kept, state=request.GET.get("state", ""), user_code=request.user.code, at=timezone.now()
        )
    except WrongState as error:
        return troubles.show(request, None, troubles.not_ours(str(error)))
    if pending.tenant_code is None:
        raise Http404("This answer belongs to no company.")
    access = enter(request.user, pending.tenant_code, least=Role.MANAGER)
    code = request.GET.get("code", "")
    if not code:
        return troubles.show(request, access, troubles.refused(request.GET.get("error", "")))
    return _take_in(request, access, site=pending.site, code=code)


def _take_in(request: HttpRequest, access: Access, *, site: str, code: str) -> HttpResponse:
    made: list[OutsideCall] = []
    try:
        consent = connecting.finish_consent(site=site, code=code, observe=made.append)
        answer = offers.answer_of(consent)
    except ExactError as error:
        return troubles.show(request, access, troubles.failed(error))
    finally:
        record_calls(access, actor_of(signed_in(request)), made, subject_kind="tenant", subject=access.tenant_code)
    choice.keep(request, access, Choosing(grant_id=consent.grant_id, answer=answer))
    return redirect("exact:companies", access.tenant_code)


def record_calls(access: Access, actor: str, made: list[OutsideCall], *, subject_kind: str, subject: UUID) -> None:
    """Write down what was asked of Exact, whatever came of it."""
    with acting(actor), inside(access):
        happenings(access.tenant_id, calls(made, subject_kind=subject_kind, subject=subject))
