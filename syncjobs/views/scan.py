"""The scan desk: a number is scanned, the parcels are weighed, the label is made and printed, by keyboard alone."""

import uuid
from http import HTTPStatus
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from csp.constants import SELF
from csp.decorators import csp_replace, csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from syncjobs import desk, packing, scanning
from syncjobs.forms import scan as forms
from syncjobs.labels import batches, printing, stations
from syncjobs.labels.batches import PDF, File, pictures_among
from syncjobs.models import Delivery, Label, Station
from syncjobs.receivers import receiver_of
from syncjobs.scanning import Stage
from syncjobs.views.labels import file_answer
from tenants.access import Access
from tenants.download_pace import at_a_pace, note_handed_out
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

_STATION = "scan_stations"
"""In the session: by company, the station that this desk prints at."""
_GONE = frozenset({Delivery.State.IN_TRANSIT, Delivery.State.DELIVERED, Delivery.State.CLOSED})


@require_safe
@members_only(Role.VIEWER)
def scan(request: HttpRequest, access: Access) -> HttpResponse:
    """The field for the next number; with `number` what was found for it, at once where that is one delivery.

    Where several were found for `among`, a digit chooses one of them.
    """
    number, among = request.GET.get("number", "").strip(), request.GET.get("among", "").strip()
    with inside(access):
        found = scanning.find(access.tenant_id, among or number)
        context = _desk(request, access)
    if among:
        place = int(number) if number.isascii() and number.isdigit() and len(number) == 1 else 0
        found, number = (found[place - 1 : place], number) if place else ([], number)
        if not found:
            return _scan_again(access, number)
    if len(found) == 1:
        return redirect("syncjobs:scan_delivery", access.tenant_code, found[0].code)
    choices = [{"delivery": row, "receiver": receiver_of(row), "state": desk.shown_state(row, ())} for row in found]
    return render(request, "syncjobs/scan.html", context | {"scanned": number, "choices": choices})


@csp_update({"frame-src": [SELF]})
@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def scan_delivery(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """One delivery: what goes into it, its parcels, and later its label; POST ships it.

    While its label is awaited the open page asks for its part again and again: 204 while nothing has changed.
    """
    with inside(access):
        row = get_object_or_404(scanning.whole(access.tenant_id), code=delivery_code)
        labels = scanning.labels_of(row)
        standing = scanning.standing_of(row, labels, is_paused=access.is_paused, at=timezone.now())
        mark = scanning.mark_of(row, standing)
        if request.headers.get("HX-Request") == "true" and request.GET.get("seen") == mark:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        context = _desk(request, access) | _printed(labels, access) | _shown(row, standing, access) | {"mark": mark}
    if request.method == "POST":
        return _pack(request, access, row, context)
    context["is_printing"] = standing.stage is Stage.LABEL and request.GET.get("print") == "1"
    if standing.stage is Stage.PACK:
        to_pack = packing.to_pack_of(row)
        context["form"] = to_pack and forms.fresh(to_pack, packing.packed_of(row), row.packed_at)
    return _page(request, context)


@require_POST
@members_only(Role.OPERATOR)
@at_a_pace
def scan_print(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Print its labels: into the queue of this desk's station, else as a file that the next page shows.

    `first` comes by itself when a label has just been made: what was printed meanwhile is not printed again.
    """
    with inside(access):
        row = get_object_or_404(Delivery, tenant_id=access.tenant_id, code=delivery_code)
        labels = batches.labels_in_pick_order(access.tenant_id, [delivery_code])
        station = _station(request, access, list(stations.open_stations(access.tenant_id)))
        is_first = "first" in request.POST
        if is_first and station is not None and not batches.are_new(access.tenant_id, labels):
            labels = []
        if station is not None:
            stations.enqueue(access.tenant_id, labels, station, timezone.now())
    if station is not None or not labels:
        return _to_delivery(access, row)
    try:
        _file_of(labels)
    except printing.NotAPicture:
        messages.error(request, _("This label cannot be drawn here. Download it as UPS sent it instead."))
        return redirect("syncjobs:delivery", access.tenant_code, row.code)
    actor, at = actor_of(signed_in(request)), timezone.now()
    if batches.hand_out(actor=actor, tenant_id=access.tenant_id, labels=labels, at=at, first=is_first):
        note_handed_out(request, reverse("syncjobs:scan_file", args=[access.tenant_code, row.code]))
        return _to_delivery(access, row, print="1")
    return _to_delivery(access, row)


@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})
@require_safe
@members_only(Role.VIEWER)
@at_a_pace
def scan_file(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """The file that the page prints; fetching it marks nothing."""
    with inside(access):
        get_object_or_404(Delivery, tenant_id=access.tenant_id, code=delivery_code)
        labels = batches.labels_in_pick_order(access.tenant_id, [delivery_code])
    try:
        file = _file_of(labels)
    except printing.NotAPicture as error:
        raise Http404("There is no label to print.") from error
    return file_answer(file, is_download=file.media_type != PDF)


@require_POST
@members_only(Role.OPERATOR)
def scan_station(request: HttpRequest, access: Access) -> HttpResponse:
    """Choose the station that this desk prints at, for the session."""
    chosen = request.session.get(_STATION, {})
    request.session[_STATION] = chosen | {str(access.tenant_code): request.POST.get("station", "")[:36]}
    return redirect("syncjobs:scan", access.tenant_code)


def _scan_again(access: Access, number: str) -> HttpResponse:
    """As if it had been scanned into an empty page."""
    return redirect(f"{reverse('syncjobs:scan', args=[access.tenant_code])}?{urlencode({'number': number})}")


def _to_delivery(access: Access, row: Delivery, **question: str) -> HttpResponse:
    address = reverse("syncjobs:scan_delivery", args=[access.tenant_code, row.code])
    return redirect(f"{address}?{urlencode(question)}" if question else address)


def _file_of(labels: list[Label]) -> File:
    """The pictures as one file for paper; else what a label printer takes. Raises `NotAPicture`."""
    pictures = pictures_among(labels)
    return batches.as_file(pictures) if pictures else batches.for_printer(labels)


def _pack(request: HttpRequest, access: Access, row: Delivery, context: dict[str, object]) -> HttpResponse:
    """Another row, one less, or ship it as entered."""
    to_pack = packing.to_pack_of(row)
    if to_pack is None:
        return _to_delivery(access, row)
    form = forms.sent(to_pack, request.POST)
    if "more" in request.POST:
        return _page(request, context | {"form": forms.with_more(form), "is_longer": True})
    if "less" in request.POST:
        return _page(request, context | {"form": forms.with_less(form)})
    if not form.is_valid():
        return _page(request, context | {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        packing.pack(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_code=row.code,
            parcels=form.parcels,
            seen=form.seen,
            at=timezone.now(),
        )
    except packing.PackedAlready as refused:
        messages.info(request, str(refused))
    except packing.NotPacked as refused:
        messages.error(request, str(refused))
    return _to_delivery(access, row)


def _page(request: HttpRequest, context: dict[str, object], *, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    """In the company's own time of day, though its rows are read already."""
    is_part = request.headers.get("HX-Request") == "true"
    access = context["access"]
    zone = ZoneInfo(access.tenant.time_zone) if isinstance(access, Access) else None
    with timezone.override(zone):
        return render(request, f"syncjobs/{'_scan_delivery' if is_part else 'scan'}.html", context, status=status)


def _desk(request: HttpRequest, access: Access) -> dict[str, object]:
    """What the page shows whatever was scanned."""
    known = list(stations.open_stations(access.tenant_id))
    return {
        "access": access,
        "section": "scan",
        "may_pack": access.allows(Role.OPERATOR),
        "stations": known,
        "station": _station(request, access, known),
    }


def _station(request: HttpRequest, access: Access, known: list[Station]) -> Station | None:
    """The one this desk prints at; None where that is its own browser."""
    chosen = request.session.get(_STATION, {}).get(str(access.tenant_code))
    return next((station for station in known if str(station.code) == chosen), None)


def _shown(row: Delivery, standing: scanning.Standing, access: Access) -> dict[str, object]:
    return {
        "delivery": row,
        "receiver": receiver_of(row),
        "to_pack": packing.to_pack_of(row),
        "standing": standing,
        "stage": standing.stage,
        "lines": [line for line in row.facts.get("lines", ()) if not str(line["quantity"]).startswith("-")],
        "is_gone": row.state in _GONE,
        "state": desk.shown_state(row, ()),
        "may_pack": access.allows(Role.OPERATOR),
    }


def _printed(labels: list[Label], access: Access) -> dict[str, object]:
    """The labels, whether they were printed, and whether printing them is to begin by itself."""
    printed = [label.printed_at for label in labels if label.printed_at is not None]
    waits_at = scanning.waits_at(labels)
    is_new = bool(labels) and not printed and not waits_at and access.allows(Role.OPERATOR)
    return {
        "labels": labels,
        "is_drawn": bool(pictures_among(labels)),
        "printed_at": min(printed) if printed else None,
        "waits_at": waits_at,
        "print_now": is_new,
    }
