"""The link for the colleague who has the rights in Exact: making it, and what its holder meets without signing in."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.record import acting, calls, happenings
from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.rate_limit import Rule, client_address, seconds_to_wait
from exact import connecting, consent_links, consent_state, offers
from exact.consent_links import Route
from exact.consent_state import PENDING, WrongState
from exact.errors import ExactError
from exact.models import Site
from exact.offers import Answer
from exact.views import troubles
from tenants import mails
from tenants.access import Access
from tenants.context import tenant_context
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role, Tenant

RULE = Rule(name="consent-link", requests=30, seconds=60)
"""Of one address; a link has 256 random bits, so that no guesser gets anywhere at this pace."""


@require_POST
@never_cache
@members_only(Role.MANAGER, fresh=True)
def make(request: HttpRequest, access: Access) -> HttpResponse:
    """Make a link and show it, once."""
    site = request.POST.get("site", "")
    if site not in connecting.offered_sites():
        raise Http404("This site of Exact Online is not offered.")
    user = signed_in(request)
    at = timezone.now()
    with acting(actor_of(user)), inside(access):
        token = consent_links.make(tenant_id=access.tenant_id, site=site, made_by=user.code, at=at)
    address = f"{settings.PUBLIC_URL}{reverse('exact:by_link', args=[token.reveal()])}"
    subject = _("Permission for Exact Online: {company}").format(company=access.tenant_name)
    body = _(
        "Please open this link and allow the connection to Exact Online. It works once, for seven days: {address}"
    ).format(address=address)
    context = {
        "access": access,
        "section": "exact",
        "address": address,
        "mail": f"mailto:?subject={quote(subject)}&body={quote(body)}",
        "site": Site(site).label,
        "expires_at": at + consent_links.GOOD_FOR,
    }
    return render(request, "exact/link.html", context)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def end(request: HttpRequest, access: Access) -> HttpResponse:
    """End every link that nobody used, and every permission that nobody took up."""
    with acting(actor_of(signed_in(request))):
        consent_links.end_all(access.tenant_id, at=timezone.now())
    messages.success(request, _("The link has ended."))
    return redirect("exact:connection", access.tenant_code)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Say who asks for what, and send the browser to Exact's consent page. Opens nothing of the company here."""
    wait_seconds = seconds_to_wait(RULE, client_address(request))
    if wait_seconds:
        return _slow_down(request, wait_seconds)
    digest = consent_links.digest_of(token)
    route = consent_links.find(digest)
    if route is None:
        return troubles.show(request, None, troubles.link_is_over(), status=HTTPStatus.NOT_FOUND)
    with tenant_context(route.tenant_id):
        asked = consent_links.asked_by(route)
    if asked.site not in connecting.offered_sites() or not asked.email:
        return troubles.show(request, None, troubles.link_is_over(), status=HTTPStatus.NOT_FOUND)
    if request.method == "POST":
        return _go(request, site=asked.site, digest=digest)
    answer = render(request, "exact/by_link.html", {"asked": asked, "site": Site(asked.site).label})
    return _unseen(answer)


@require_safe
@never_cache
def thanks(request: HttpRequest) -> HttpResponse:
    """What the colleague reads at the end; it shows nothing of anybody."""
    return _unseen(render(request, "exact/link_thanks.html"))


def come_back(request: HttpRequest, kept: Mapping[str, str]) -> HttpResponse:
    """Exact's answer to somebody who came by a link: keep the permission for the members, and nothing else."""
    try:
        pending = consent_state.proven(kept, state=request.GET.get("state", ""), user_code=None, at=timezone.now())
    except WrongState as error:
        return troubles.show(request, None, troubles.not_ours_by_link(str(error)))
    route = consent_links.find(pending.link_digest)
    if route is None:
        return troubles.show(request, None, troubles.link_is_over(), status=HTTPStatus.NOT_FOUND)
    code = request.GET.get("code", "")
    if not code:
        return troubles.show(request, None, troubles.refused_by_link(request.GET.get("error", "")))
    return _give(request, route, site=pending.site, code=code)


def _give(request: HttpRequest, route: Route, *, site: str, code: str) -> HttpResponse:
    made: list[OutsideCall] = []
    with acting(f"consent_link:{route.code}"):
        try:
            consent = connecting.finish_consent(site=site, code=code, observe=made.append)
            answer = offers.answer_of(consent)
            is_given = consent_links.give(route, grant_id=consent.grant_id, answer=answer, at=timezone.now())
        except ExactError as error:
            return troubles.show(request, None, troubles.failed(error))
        finally:
            with tenant_context(route.tenant_id):
                happenings(route.tenant_id, calls(made, subject_kind="exact_consent_link", subject=route.code))
    if not is_given:
        connecting.abandon(consent.grant_id)
        return troubles.show(request, None, troubles.link_is_over(), status=HTTPStatus.NOT_FOUND)
    _tell_maker(route, answer)
    return redirect("exact:link_thanks")


def _tell_maker(route: Route, answer: Answer) -> None:
    """So that she notices when somebody else than she meant used her link."""
    with tenant_context(route.tenant_id):
        asked = consent_links.asked_by(route)
        tenant_code = Tenant.objects.values_list("code", flat=True).get(pk=route.tenant_id)
    if asked.email:
        path = reverse("exact:connection", args=[tenant_code])
        context = {"company": asked.company, "user": answer.user, "address": f"{settings.PUBLIC_URL}{path}"}
        mails.send("exact/mails/link_given", to=asked.email, context=context)


def _go(request: HttpRequest, *, site: str, digest: str) -> HttpResponse:
    pending = consent_state.begin_by_link(site=site, link_digest=digest, at=timezone.now())
    request.session[PENDING] = pending.as_json()
    other_user = request.POST.get("other_user") == "on"
    return HttpResponseRedirect(connecting.authorize_url(site=site, state=pending.state, force_login=other_user))


def _slow_down(request: HttpRequest, seconds: int) -> HttpResponse:
    trouble = troubles.Trouble(
        heading=_("Too many requests"),
        text=_("This page was opened very often from your network."),
        advice=_("Wait a minute, then open the link once more."),
    )
    answer = troubles.show(request, None, trouble, status=HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(seconds)
    return answer


def _unseen(answer: HttpResponse) -> HttpResponse:
    """The address is a secret: no other site is told of it, and no search engine keeps it."""
    answer["Referrer-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
