"""The way through Exact's own consent page and back: begin, answer, choice of company."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.record import acting, calls, happenings
from connector_site.lib.outside_calls import OutsideCall
from exact import connecting, consent_state, ending
from exact.connecting import Change, Connected
from exact.consent_state import WrongState
from exact.errors import ExactError, ExactRightMissing, ExactScopeMissing
from exact.models import Connection
from exact.records import Division
from syncjobs import queue
from syncjobs.models import SyncJob
from syncjobs.replay import look_again
from tenants.access import Access, enter
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

PENDING = "exact_consent"
CHOOSING = "exact_choice"
CHOICE_GOOD_FOR = timedelta(minutes=30)
ERROR_CHARACTERS = 200
BAD_REQUEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why connecting did not work, and what to do."""

    heading: str
    text: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The company that was chosen, the consent that opens it, and the connection there is."""

    grant_id: int
    division: Division
    live: Connection | None

    def change(self) -> Change | None:
        """What a person must agree to first."""
        if self.live is None:
            return None
        return connecting.change_of(self.live, grant_id=self.grant_id, division=self.division)


@require_POST
@members_only(Role.MANAGER)
def start(request: HttpRequest, access: Access) -> HttpResponse:
    """Send the browser to Exact's consent page."""
    site = request.POST.get("site", "")
    if site not in connecting.offered_sites():
        raise Http404("This site of Exact Online is not offered.")
    pending = consent_state.begin(
        site=site, tenant_code=access.tenant_code, user_code=signed_in(request).code, at=timezone.now()
    )
    request.session[PENDING] = pending.as_json()
    request.session.pop(CHOOSING, None)
    other_user = request.POST.get("other_user") == "on"
    return HttpResponseRedirect(connecting.authorize_url(site=site, state=pending.state, force_login=other_user))


@require_safe
@never_cache
@login_required
def callback(request: HttpRequest) -> HttpResponse:
    """Exact's answer. The kept state is taken out of the session first, then compared: it serves once."""
    kept = request.session.pop(PENDING, None)
    user = signed_in(request)
    try:
        pending = consent_state.proven(kept, state=request.GET.get("state", ""), user_code=user.code, at=timezone.now())
    except WrongState as error:
        return _trouble(request, None, _not_ours(str(error)))
    access = enter(user, pending.tenant_code, least=Role.MANAGER)
    code = request.GET.get("code", "")
    if not code:
        return _trouble(request, access, _refused(request.GET.get("error", "")))
    made: list[OutsideCall] = []
    try:
        consent = connecting.finish_consent(site=pending.site, code=code, observe=made.append)
    except ExactError as error:
        return _trouble(request, access, _failed(error))
    finally:
        _record(access, actor_of(user), made, subject_kind="tenant", subject=access.tenant_code)
    request.session[CHOOSING] = {
        "grant_id": consent.grant_id,
        "tenant_code": str(access.tenant_code),
        "at": timezone.now().isoformat(),
    }
    return redirect("exact:companies", access.tenant_code)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER)
def companies(request: HttpRequest, access: Access) -> HttpResponse:
    """Choose the company among those that the consent opened."""
    grant_id = _chosen_grant(request, access)
    if grant_id is None:
        messages.info(request, "Begin here: Exact Online asks for your permission first.")
        return redirect("exact:connection", access.tenant_code)
    made: list[OutsideCall] = []
    actor = actor_of(signed_in(request))
    try:
        divisions = connecting.divisions_of(grant_id, observe=made.append)
        site, user = connecting.who_consented(grant_id)
    except ExactError as error:
        return _trouble(request, access, _failed(error))
    finally:
        _record(access, actor, made, subject_kind="tenant", subject=access.tenant_code)
    with inside(access):
        live = ending.connections_shown(access.tenant_id).first()
    if request.method == "POST":
        chosen = next((one for one in divisions if str(one.code) == request.POST.get("division")), None)
        if chosen is not None:
            return _choose(request, access, Choice(grant_id=grant_id, division=chosen, live=live))
    context = {
        "access": access,
        "section": "exact",
        "divisions": sorted(divisions, key=lambda one: one.name.casefold()),
        "live": live,
        "live_division": live.division if live and live.site == site else None,
        "is_live_shown": live is None or (live.site, live.division) in {(site, one.code) for one in divisions},
        "user": user,
        "nothing_chosen": request.method == "POST",
    }
    return render(request, "exact/companies.html", context, status=BAD_REQUEST if request.method == "POST" else None)


def _choose(request: HttpRequest, access: Access, choice: Choice) -> HttpResponse:
    """Connect the company; another user or another company than until now is asked about first."""
    if "keep" in request.POST:
        connecting.abandon(choice.grant_id)
        request.session.pop(CHOOSING, None)
        messages.info(request, "Nothing was changed.")
        return redirect("exact:connection", access.tenant_code)
    try:
        change = choice.change()
    except ExactError as error:
        return _trouble(request, access, _failed(error))
    if change is None or request.POST.get("confirmed") == change.key:
        return _connect(request, access, choice)
    context = {"access": access, "section": "exact", "change": change, "division": choice.division}
    return render(request, "exact/change.html", context)


def _connect(request: HttpRequest, access: Access, choice: Choice) -> HttpResponse:
    made: list[OutsideCall] = []
    actor = actor_of(signed_in(request))
    with acting(actor):
        try:
            connected = connecting.connect_division(
                tenant_id=access.tenant_id,
                grant_id=choice.grant_id,
                division=choice.division,
                replaces=choice.live,
                observe=made.append,
            )
        except ExactError as error:
            _record(access, actor, made, subject_kind="tenant", subject=access.tenant_code)
            return _trouble(request, access, _failed(error))
    row = connected.connection
    _record(access, actor, made, subject_kind="exact_connection", subject=row.code)
    request.session.pop(CHOOSING, None)
    _ask_for_the_rest(access, connected)
    look_again(access.tenant_id, timezone.now())
    messages.success(request, f"{row.division_name} is connected.")
    for problem in connected.problems:
        messages.warning(request, f"{problem.message} It is tried again by itself.")
    return redirect("exact:connection", access.tenant_code)


def _ask_for_the_rest(access: Access, connected: Connected) -> None:
    """Read master data now; repeat what did not work at once; after a new consent compare all that is open."""
    kinds = [SyncJob.Kind.MASTER, SyncJob.Kind.CHANGES if connected.is_first_time else SyncJob.Kind.COMPARE]
    if connected.problems:
        kinds += [SyncJob.Kind.SUBSCRIBE, SyncJob.Kind.METHODS]
    with inside(access):
        for kind in kinds:
            queue.add(access.tenant_id, kind, connected.connection.code, due_at=timezone.now())


def _chosen_grant(request: HttpRequest, access: Access) -> int | None:
    """The grant that this session may choose companies of, for this tenant only and not for long."""
    kept = request.session.get(CHOOSING)
    if not kept or kept["tenant_code"] != str(access.tenant_code):
        return None
    if timezone.now() - datetime.fromisoformat(kept["at"]) > CHOICE_GOOD_FOR:
        return None
    return int(kept["grant_id"])


def _record(access: Access, actor: str, made: list[OutsideCall], *, subject_kind: str, subject: UUID) -> None:
    with acting(actor), inside(access):
        happenings(access.tenant_id, calls(made, subject_kind=subject_kind, subject=subject))


def _trouble(request: HttpRequest, access: Access | None, trouble: Trouble) -> HttpResponse:
    """A plain page that says what to do; without a proven consent it belongs to no company."""
    template = "exact/trouble.html" if access else "exact/trouble_plain.html"
    context = {"access": access, "section": "exact", "trouble": trouble, "sites": connecting.offered_sites()}
    return render(request, template, context, status=BAD_REQUEST)


def _not_ours(text: str) -> Trouble:
    return Trouble(
        heading="This answer of Exact Online cannot be used",
        text=text,
        advice="Nothing was connected. Open the page Exact Online of your company here and begin again.",
    )


def _refused(error: str) -> Trouble:
    if error in {"", "access_denied"}:
        text = "You, or somebody at the same screen, did not give the permission at Exact Online."
    else:
        text = f"Exact Online reported: {error[:ERROR_CHARACTERS]}"
    return Trouble(
        heading="The permission was not given",
        text=text,
        advice="Nothing was connected. Begin again and choose to allow it; you can take it back at any time.",
    )


def _failed(error: ExactError) -> Trouble:
    if isinstance(error, ExactRightMissing):
        return Trouble(
            heading="A right is missing in Exact Online",
            text=error.message,
            advice="Nothing was connected. Have the right given to this user in Exact Online, then begin again.",
        )
    if isinstance(error, ExactScopeMissing):
        return Trouble(
            heading="Our app lacks a permission at Exact Online",
            text=error.message,
            advice="This is ours to fix, not yours. Please tell our team; then begin again.",
        )
    return Trouble(
        heading="Exact Online could not be connected",
        text=error.message,
        advice="Nothing was connected. Begin again; if it happens once more, wait a few minutes first.",
    )
