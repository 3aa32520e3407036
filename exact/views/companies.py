"""The choice of the company, among those that a consent opened."""

from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.record import acting
from connector_site.lib import wording
from connector_site.lib.outside_calls import OutsideCall
from exact import connecting, consent_links, ending
from exact.connecting import Change, Connected
from exact.errors import ExactError
from exact.models import Connection
from exact.records import Division
from exact.views import choice, troubles
from exact.views.choice import Choosing
from exact.views.consent import record_calls
from syncjobs import queue
from syncjobs.models import SyncJob
from syncjobs.replay import look_again
from tenants.access import Access, tenants_of
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from tenants.second_factor import SAFE_METHODS


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The company that was chosen, the consent that opens it, and the connection there is."""

    choosing: Choosing
    division: Division
    live: Connection | None

    def change(self) -> Change | None:
        """What a person must agree to first."""
        if self.live is None:
            return None
        return connecting.change_of(self.live, grant_id=self.choosing.grant_id, division=self.division)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER, fresh_change=True)
def companies(request: HttpRequest, access: Access) -> HttpResponse:
    """Look at the companies that the consent opened, or choose one; only the choice asks Exact."""
    act = _look if request.method in SAFE_METHODS else _choose
    return act(request, access)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def take_up(request: HttpRequest, access: Access) -> HttpResponse:
    """Go on with the permission that a colleague gave by a link."""
    with inside(access):
        waiting = consent_links.waiting(access.tenant_id, at=timezone.now())
    if waiting is None:
        messages.info(request, _("No permission waits any more. Begin here, or make a new link."))
        return redirect("exact:connection", access.tenant_code)
    choosing = Choosing(grant_id=waiting.grant_id, answer=waiting.answer, link_code=waiting.code)
    choice.keep(request, access, choosing)
    return redirect("exact:companies", access.tenant_code)


def _look(request: HttpRequest, access: Access) -> HttpResponse:
    choosing = choice.kept(request, access)
    return _begin_first(request, access) if choosing is None else _page(request, access, choosing)


def _choose(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask Exact once more what the permission opens now, then connect the company; a change is asked about first."""
    choosing = choice.kept(request, access)
    if choosing is None or _has_ended(access, choosing):
        choice.forget(request)
        return _begin_first(request, access)
    wanted = request.POST.get("division", "")
    if wanted not in {str(offer.code) for offer in choosing.answer.offers}:
        return _page(request, access, choosing, problem=True)
    if "keep" in request.POST:
        return _leave(request, access, choosing)
    made: list[OutsideCall] = []
    try:
        divisions = connecting.divisions_of(choosing.grant_id, observe=made.append)
    except ExactError as error:
        return troubles.show(request, access, troubles.failed(error))
    finally:
        actor = actor_of(signed_in(request))
        record_calls(access, actor, made, subject_kind="tenant", subject=access.tenant_code)
    division = next((one for one in divisions if str(one.code) == wanted), None)
    if division is None:
        return troubles.show(request, access, troubles.not_opened())
    return _connect_or_ask(request, access, Choice(choosing=choosing, division=division, live=_live(access)))


def _connect_or_ask(request: HttpRequest, access: Access, chosen: Choice) -> HttpResponse:
    try:
        change = chosen.change()
    except ExactError as error:
        return troubles.show(request, access, troubles.failed(error))
    if change is None or request.POST.get("confirmed") == change.key:
        return _connect(request, access, chosen)
    context = {"access": access, "section": "exact", "change": change, "division": chosen.division}
    return render(request, "exact/change.html", context)


def _connect(request: HttpRequest, access: Access, chosen: Choice) -> HttpResponse:
    made: list[OutsideCall] = []
    actor = actor_of(signed_in(request))
    with acting(actor):
        try:
            connected = connecting.connect_division(
                tenant_id=access.tenant_id,
                grant_id=chosen.choosing.grant_id,
                division=chosen.division,
                replaces=chosen.live,
                observe=made.append,
            )
        except ExactError as error:
            record_calls(access, actor, made, subject_kind="tenant", subject=access.tenant_code)
            return troubles.show(request, access, troubles.failed(error))
        if chosen.choosing.link_code is not None:
            consent_links.end(access.tenant_id, chosen.choosing.link_code, at=timezone.now())
    record_calls(access, actor, made, subject_kind="exact_connection", subject=connected.connection.code)
    choice.forget(request)
    _ask_for_the_rest(access, connected)
    look_again(access.tenant_id, timezone.now())
    return _say(request, access, connected)


def _say(request: HttpRequest, access: Access, connected: Connected) -> HttpResponse:
    """Tell what is connected; while setting up, go on, unless there is something to read first."""
    name = connected.connection.division_name
    messages.success(request, _("{name} is connected.").format(name=name))
    for problem in connected.problems:
        again = _("It is tried again by itself.")
        messages.warning(request, f"{wording.local(problem.message)} {again}")
    lacking = [finding for finding in connected.findings if not finding.is_given]
    for finding in lacking:
        messages.warning(request, wording.local(finding.said))
    if access.is_live or connected.problems or lacking:
        return redirect("exact:connection", access.tenant_code)
    return redirect("syncjobs:go_on", access.tenant_code)


def _ask_for_the_rest(access: Access, connected: Connected) -> None:
    """Read master data now; repeat what did not work at once; after a new consent compare all that is open."""
    kinds = [SyncJob.Kind.MASTER, SyncJob.Kind.CHANGES if connected.is_first_time else SyncJob.Kind.COMPARE]
    if connected.problems:
        kinds += [SyncJob.Kind.SUBSCRIBE, SyncJob.Kind.METHODS, SyncJob.Kind.WAREHOUSES]
    with inside(access):
        for kind in kinds:
            queue.add(access.tenant_id, kind, connected.connection.code, due_at=timezone.now())


def _leave(request: HttpRequest, access: Access, choosing: Choosing) -> HttpResponse:
    if choosing.link_code is not None:
        with acting(actor_of(signed_in(request))):
            consent_links.end(access.tenant_id, choosing.link_code, at=timezone.now())
    connecting.abandon(choosing.grant_id)
    choice.forget(request)
    messages.info(request, _("Nothing was changed."))
    return redirect("exact:connection", access.tenant_code)


def _has_ended(access: Access, choosing: Choosing) -> bool:
    """Whether somebody has ended the link by which the permission came."""
    if choosing.link_code is None:
        return False
    with inside(access):
        return not consent_links.is_waiting(access.tenant_id, choosing.link_code, at=timezone.now())


def _begin_first(request: HttpRequest, access: Access) -> HttpResponse:
    messages.info(request, _("Begin here: Exact Online asks for your permission first."))
    return redirect("exact:connection", access.tenant_code)


def _page(request: HttpRequest, access: Access, choosing: Choosing, *, problem: bool = False) -> HttpResponse:
    live = _live(access)
    answer = choosing.answer
    open_ones = [offer.code for offer in answer.offers if offer.is_open]
    is_shown = live is None or (live.site, live.division) in {(answer.site, offer.code) for offer in answer.offers}
    others = connecting.companies_besides(choosing.grant_id, access.tenant_id)
    mine = [one.tenant_name for one in tenants_of(signed_in(request)) if one.tenant_id in others]
    context = {
        "access": access,
        "section": "exact",
        "answer": answer,
        "live": live,
        "chosen": _preselected(live, answer.site, open_ones),
        "is_live_shown": is_shown,
        "can_choose": bool(open_ones),
        "mine": mine,
        "others": len(others) - len(mine),
        "nothing_chosen": problem,
    }
    return render(request, "exact/companies.html", context, status=HTTPStatus.BAD_REQUEST if problem else None)


def _preselected(live: Connection | None, site: str, open_ones: list[int]) -> int | None:
    """The company that is connected; where none is, the only one there is."""
    if live is not None:
        return live.division if live.site == site else None
    return open_ones[0] if len(open_ones) == 1 else None


def _live(access: Access) -> Connection | None:
    with inside(access):
        return ending.connections_shown(access.tenant_id).first()
