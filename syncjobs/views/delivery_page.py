"""The page of one delivery: all that is known of it, its proof, and the notes of colleagues."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from connector_site.lib.secrets import UNREADABLE
from connector_site.lib.wording import local, said
from syncjobs import desk, notes, papers, receivers, story
from syncjobs.doubts.notices import answers_slowly, notices_of
from syncjobs.labels.batches import marks_of
from syncjobs.models import Attempt, Delivery, Note, Parcel, Shipment, TrackingEvent
from syncjobs.problems import from_json
from syncjobs.proof import file_name, proof_of_delivery
from syncjobs.setup.going_live import content_to_approve
from syncjobs.timeline import Scan, timeline
from syncjobs.views import details
from syncjobs.views.action_panel import panel_of
from syncjobs.views.parcels import ParcelShown, Seen, mark_of, mark_seen, parcels_shown
from syncjobs.views.returning import returns_shown
from syncjobs.wording import words_for
from tenants.access import Access
from tenants.download_pace import at_a_pace
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from ups.models import SEALED_OF_ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteShown:
    """A colleague's note; `text` is None where it was erased or cannot be read."""

    text: str | None
    by: str
    at: datetime


@require_safe
@members_only(Role.VIEWER)
def delivery(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Everything about one delivery. An open page asks for its part again and again: 204 while nothing has changed."""
    is_part = request.headers.get("HX-Request") == "true"
    with inside(access):
        if is_part and request.GET.get("seen") == mark_of(access.tenant_id, delivery_code):
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        row, returns = _whole(access.tenant_id, delivery_code)
        context = _context(access, row) | {"returns": returns_shown(returns)}
        return render(request, f"syncjobs/{'_delivery' if is_part else 'delivery'}.html", context)


@require_safe
@members_only(Role.VIEWER)
@at_a_pace
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


@require_POST
@members_only(Role.OPERATOR)
def note(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Keep what a colleague wrote."""
    user = signed_in(request)
    try:
        notes.write(
            actor=actor_of(user),
            author_id=user.pk,
            tenant_id=access.tenant_id,
            delivery_code=delivery_code,
            text=request.POST.get("text", ""),
            at=timezone.now(),
        )
    except Delivery.DoesNotExist as error:
        raise Http404("No such delivery.") from error
    except notes.NoteRefused as refused:
        messages.warning(request, local(str(refused)))
    return redirect("syncjobs:delivery", access.tenant_code, delivery_code)


def _context(access: Access, row: Delivery) -> dict[str, Any]:
    at = timezone.now()
    attempts, parcels = list(row.attempts.all()), desk.live_parcels(list(row.shipments.all()))
    doubts, events = notices_of(attempts, at=at), story.events_of(access.tenant_id, row)
    in_doubt = any(doubt.is_doubt for doubt in doubts)
    shown = parcels_shown(row, parcels, at=at)
    return {
        "access": access,
        "section": "deliveries",
        "delivery": row,
        "mark": mark_seen(row, _seen(row, attempts, events)),
        "shown": desk.shown_state(row, doubts),
        "milestone": desk.shown_milestone(row),
        "doubts": doubts,
        "may_decide": access.allows(Role.MANAGER),
        "may_write": access.allows(Role.OPERATOR),
        "is_moving": row.state in desk.MOVING and not in_doubt,
        "answers_slowly": any(answers_slowly(each.state, each.sent_at, at=at) for each in attempts),
        "is_live": row.state in desk.MOVING | desk.FOLLOWED or desk.lacks_proof(row) or bool(doubts),
        "receiver": receivers.receiver_of(row),
        "problems": from_json(row.problems),
        "to_approve": content_to_approve(row) if row.state == Delivery.State.HOLD else "",
        "may_retry": access.allows(Role.OPERATOR),
        "button": "" if in_doubt else desk.button_for(row),
        "parcels": shown,
        "print": details.printable(row),
        "marks": marks_of(details.kept_labels_of(row)),
        "panel": panel_of(access, row, list(row.shipments.all()), attempts),
        "receivers_page": papers.page_url(row) if parcels else "",
        "has_proof": row.state in {Delivery.State.DELIVERED, Delivery.State.CLOSED},
        "written": details.written_facts(row),
        "attempts": [details.attempt_shown(attempt) for attempt in attempts],
        "shipping": details.shipping_facts(row),
        "timeline": timeline(story.story_of(row, events), _scans(shown)),
        "notes": _notes(row),
        "longest_note": notes.LONGEST_NOTE,
    }


def _scans(parcels: list[ParcelShown]) -> list[tuple[str, Scan]]:
    return [
        (shown.parcel.tracking_number, Scan(event=line.event, words=line.words, told=line.told))
        for shown in parcels
        for line in shown.lines
    ]


def _notes(row: Delivery) -> list[NoteShown]:
    return [NoteShown(text=_words(note), by=_author(note), at=note.created_at) for note in row.notes.all()]


def _words(note: Note) -> str | None:
    try:
        return notes.words_of(note) if note.erased_at is None else None
    except UNREADABLE:
        return None


def _author(note: Note) -> str:
    return (note.author.name or note.author.email) if note.author else said("a former member")


def _seen(row: Delivery, attempts: list[Attempt], events: list[Any]) -> Seen:
    parcels = [parcel for shipment in row.shipments.all() for parcel in shipment.parcels.all()]
    return Seen(
        attempts=attempts,
        parcels=sorted(parcels, key=lambda parcel: parcel.pk),
        told=[event for parcel in parcels for event in parcel.events.all()],
        last_event=max((event.sequence for event in events), default=None),
    )


def _whole(tenant_id: uuid.UUID, code: uuid.UUID) -> tuple[Delivery, list[Delivery]]:
    """With all that the page shows, and the returns of it; nothing sealed but receiver and notes is loaded."""
    sealed = SEALED_OF_ACCOUNT
    shipments = Shipment.objects.select_related("attempt__account").order_by("created_at")
    shipments = shipments.defer("attempt__request", *(f"attempt__{name}" for name in sealed))
    attempts = Attempt.objects.select_related("account").defer("request", *sealed)
    labels = Parcel.objects.select_related("label").defer("label__content", "label__sealed_key").order_by("position")
    parcels = Prefetch("parcels", queryset=labels)
    events = Prefetch("parcels__events", queryset=TrackingEvent.objects.defer("sealed"))
    mine = Delivery.objects.filter(tenant_id=tenant_id, code=code).values("pk")
    rows = _rows(tenant_id).filter(Q(code=code) | Q(return_of=Subquery(mine))).order_by("created_at")
    found = rows.select_related("connection__reporting", "return_of").prefetch_related(
        Prefetch("shipments", queryset=shipments.prefetch_related(parcels, events)),
        Prefetch("attempts", queryset=attempts.order_by("shipment_no", "attempt_no")),
        Prefetch("notes", queryset=Note.objects.select_related("author").order_by("created_at")),
    )
    some = list(found)
    whole = next((row for row in some if row.code == code), None)
    if whole is None:
        raise Http404("No such delivery.")
    return whole, [row for row in some if row.code != code]


def _rows(tenant_id: uuid.UUID) -> QuerySet[Delivery]:
    return receivers.with_receiver(Delivery.objects.filter(tenant_id=tenant_id))
