"""The list of deliveries, one delivery with its proof, the work list, and the button that looks again."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from syncjobs import desk, papers, receivers, replay, story
from syncjobs.account_notices import account_notices
from syncjobs.alarm_notices import listed_alarms
from syncjobs.approvals import approvals
from syncjobs.doubt_notices import answers_slowly, notices_of
from syncjobs.first_steps import first_steps
from syncjobs.going_live import content_to_approve
from syncjobs.models import Attempt, Delivery, Label, Parcel, Shipment, TrackingEvent
from syncjobs.problems import from_json
from syncjobs.proof import file_name, proof_of_delivery
from syncjobs.unfinished import empty_list, left_behind
from syncjobs.views import details
from syncjobs.views.parcels import mark_of, parcels_shown
from syncjobs.wording import words_for
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from ups.models import SEALED_OF_ACCOUNT

SEARCH_CHARACTERS = 60


@require_safe
@members_only(Role.VIEWER)
def deliveries(request: HttpRequest, access: Access) -> HttpResponse:
    """Newest first; the table part alone when htmx asks for a fresh one."""
    choice = request.GET.get("state", "")
    search = request.GET.get("q", "").strip()[:SEARCH_CHARACTERS]
    before = _code_or_none(request.GET.get("before", ""))
    is_part = request.headers.get("HX-Request") == "true"
    with inside(access):
        page = desk.find_deliveries(access.tenant_id, choice=choice, search=search, before=before)
        context = {
            "access": access,
            "section": "deliveries",
            "page": page,
            "filters": desk.FILTERS,
            "choice": choice,
            "search": search,
            "is_first": before is None,
            "is_filtered": bool(choice or search),
            "progress": None if page.rows or access.is_live else first_steps(access.tenant_id),
            "may_pause": access.allows(Role.OPERATOR),
        }
        return render(request, f"syncjobs/{'_table' if is_part else 'deliveries'}.html", context)


@require_safe
@members_only(Role.VIEWER)
def delivery(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Everything about one delivery. An open page asks for its part again and again: 204 while nothing has changed."""
    is_part = request.headers.get("HX-Request") == "true"
    with inside(access):
        mark = mark_of(get_object_or_404(Delivery, tenant_id=access.tenant_id, code=delivery_code))
        if is_part and request.GET.get("seen") == mark:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        row = _whole(access.tenant_id).get(code=delivery_code)
        parcels = desk.live_parcels(list(row.shipments.all()))
        context = _context(access, row, parcels) | {"mark": mark}
        return render(request, f"syncjobs/{'_delivery' if is_part else 'delivery'}.html", context)


@require_safe
@members_only(Role.VIEWER)
def proof(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """The proof of delivery, the same file that is put into Exact Online."""
    with inside(access) as tenant:
        row = get_object_or_404(Delivery, tenant_id=access.tenant_id, code=delivery_code)
        facts = papers.proof_facts(access.tenant_id, row)
    if facts is None:
        raise Http404("Not every parcel was delivered.")
    headers = {"Content-Disposition": f'inline; filename="{file_name(facts)}"', "X-Content-Type-Options": "nosniff"}
    made = proof_of_delivery(facts, words=words_for(tenant.language))
    return HttpResponse(made, content_type="application/pdf", headers=headers)


@require_safe
@members_only(Role.VIEWER)
def work(request: HttpRequest, access: Access) -> HttpResponse:
    """What waits for a person, longest waiting first."""
    with inside(access):
        context = {
            "access": access,
            "section": "work",
            "items": desk.work_list(access.tenant_id),
            "left_behind": left_behind(access.tenant_id),
            "approvals": approvals(access.tenant_id),
            "empty": empty_list(access.tenant_id),
            "accounts": account_notices(access.tenant_id),
            "alarms": listed_alarms(access.tenant_id, access.tenant_code),
            "may_retry": access.allows(Role.OPERATOR),
            "may_decide": access.allows(Role.MANAGER),
        }
        return render(request, "syncjobs/work.html", context)


@require_POST
@members_only(Role.OPERATOR)
def again(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Look again, from the step that stopped."""
    user = signed_in(request)
    with inside(access):
        row = get_object_or_404(Delivery, tenant_id=access.tenant_id, code=delivery_code)
        name = row.delivery_number
    try:
        replay.run_again(
            actor=actor_of(user), tenant_id=access.tenant_id, delivery_code=delivery_code, at=timezone.now()
        )
    except replay.NotAllowedNow as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(
            request, _("Delivery {number} is looked at again; it takes a few seconds.").format(number=name)
        )
    if request.POST.get("next") == "work":
        return redirect("syncjobs:work", access.tenant_code)
    return redirect("syncjobs:delivery", access.tenant_code, delivery_code)


def _context(access: Access, row: Delivery, parcels: tuple[Parcel, ...]) -> dict[str, object]:
    attempts = list(row.attempts.all())
    doubts = notices_of(attempts, at=timezone.now())
    in_doubt = any(doubt.is_doubt for doubt in doubts)
    return {
        "access": access,
        "section": "deliveries",
        "delivery": row,
        "shown": desk.shown_state(row, doubts),
        "milestone": desk.shown_milestone(row),
        "doubts": doubts,
        "may_decide": access.allows(Role.MANAGER),
        "is_moving": row.state in desk.MOVING and not in_doubt,
        "answers_slowly": any(answers_slowly(each.state, each.sent_at, at=timezone.now()) for each in attempts),
        "is_live": row.state in desk.MOVING | desk.FOLLOWED or desk.lacks_proof(row) or bool(doubts),
        "receiver": receivers.receiver_of(row),
        "problems": from_json(row.problems),
        "to_approve": content_to_approve(row) if row.state == Delivery.State.HOLD else "",
        "may_retry": access.allows(Role.OPERATOR),
        "button": "" if in_doubt else desk.button_for(row),
        "parcels": parcels_shown(row, parcels, at=timezone.now()),
        "print": details.printable(row),
        "receivers_page": papers.page_url(row) if parcels else "",
        "has_proof": row.state in {Delivery.State.DELIVERED, Delivery.State.CLOSED},
        "written": details.written_facts(row),
        "attempts": [details.attempt_shown(attempt) for attempt in attempts],
        "shipping": details.shipping_facts(row),
        "story": story.story_of(access.tenant_id, row),
    }


def _whole(tenant_id: uuid.UUID) -> QuerySet[Delivery]:
    """With all that the page shows; nothing sealed but the receiver is loaded, so nothing else can fail to open."""
    sealed = SEALED_OF_ACCOUNT
    shipments = Shipment.objects.select_related("attempt__account").order_by("created_at")
    shipments = shipments.defer("attempt__request", *(f"attempt__{name}" for name in sealed))
    attempts = Attempt.objects.select_related("account").defer("request", *sealed)
    events, labels = TrackingEvent.objects.defer("sealed"), Label.objects.defer("content", "sealed_key")
    of_parcels = Prefetch("parcels__label", queryset=labels), Prefetch("parcels__events", queryset=events)
    return (
        receivers.with_receiver(Delivery.objects.filter(tenant_id=tenant_id))
        .select_related("connection__reporting")
        .prefetch_related(
            Prefetch("shipments", queryset=shipments.prefetch_related(*of_parcels)),
            Prefetch("attempts", queryset=attempts.order_by("shipment_no", "attempt_no")),
        )
    )


def _code_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
