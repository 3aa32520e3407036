"""Packing stations: which there are, what waits at one to be printed, and taking it so that nobody else prints it."""

import uuid
from http import HTTPStatus

from csp.constants import SELF
from csp.decorators import csp_replace, csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.record import acting
from exact.models import Warehouse
from syncjobs.forms.stations import StationForm, first_place_of
from syncjobs.labels import batches, station_book, stations
from syncjobs.labels.batches import PDF, commands_among, pictures_among
from syncjobs.labels.printing import NotAPicture
from syncjobs.labels.sheets import PERCENT, SHEETS
from syncjobs.labels.station_book import StationTaken
from syncjobs.models import Station
from syncjobs.views.labels import file_answer
from tenants.access import Access
from tenants.download_pace import at_a_pace, note_handed_out, of_many
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

_SHOWN = 50
"""Labels of a queue that are listed one by one."""


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER)
def list_stations(request: HttpRequest, access: Access) -> HttpResponse:
    """All stations with what waits there; a manager makes them here."""
    return _station_form(request, access, None)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER)
def edit_station(request: HttpRequest, access: Access, station_code: uuid.UUID) -> HttpResponse:
    """Change a station."""
    with inside(access):
        row = _open_station(access, station_code)
    return _station_form(request, access, row)


@require_POST
@members_only(Role.MANAGER)
def end_station(request: HttpRequest, access: Access, station_code: uuid.UUID) -> HttpResponse:
    """Close a station; what waited there is printed from the list of deliveries."""
    with acting(actor_of(signed_in(request))), inside(access):
        row = _open_station(access, station_code)
        station_book.end(row, at=timezone.now())
    messages.success(request, _("{station} is closed.").format(station=row.name))
    return redirect("syncjobs:stations", access.tenant_code)


@csp_update({"frame-src": [SELF]})
@require_safe
@members_only(Role.VIEWER)
def station(request: HttpRequest, access: Access, station_code: uuid.UUID) -> HttpResponse:
    """What waits at a station, and what was taken last.

    An open page asks for its part again and again: 204 while nothing has changed.
    """
    is_part = request.headers.get("HX-Request") == "true"
    with inside(access):
        found = stations.find_with_state(access.tenant_id, station_code)
        if found is None:
            raise Http404("There is no such station.")
        row, state = found
        if is_part and request.GET.get("seen") == state.mark:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        context = {
            "access": access,
            "section": "stations",
            "station": row,
            "state": state,
            "jobs": stations.listed(row, most=_SHOWN),
            "batches": stations.last_batches(row),
            "is_sheet": row.paper in SHEETS,
            "percent": PERCENT,
            "most": stations.TAKEN_AT_ONCE,
            "may_print": access.allows(Role.OPERATOR),
            "may_change": access.allows(Role.MANAGER),
            "batch": None if is_part else _batch_shown(request, row),
        }
        return render(request, f"syncjobs/{'_station' if is_part else 'station'}.html", context)


@require_POST
@members_only(Role.OPERATOR)
@at_a_pace
def take(request: HttpRequest, access: Access, station_code: uuid.UUID) -> HttpResponse:
    """Take what waits, mark it as printed, and lead to its file."""
    user = signed_in(request)
    try:
        batch = stations.take(
            actor=actor_of(user),
            tenant_id=access.tenant_id,
            station_code=station_code,
            user_id=user.pk,
            at=timezone.now(),
        )
    except Station.DoesNotExist as error:
        raise Http404("There is no such station.") from error
    if batch is None:
        messages.info(request, _("Nothing waits here any more; somebody else has taken it."))
        return redirect("syncjobs:station", access.tenant_code, station_code)
    return _to_batch(request, access, station_code, batch)


@require_POST
@members_only(Role.OPERATOR)
def drop(request: HttpRequest, access: Access, station_code: uuid.UUID) -> HttpResponse:
    """Let the chosen labels wait no longer."""
    codes = [code for text in request.POST.getlist("job")[: stations.COUNTED] if (code := _code_or_none(text))]
    try:
        count = stations.drop(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            station_code=station_code,
            job_codes=codes,
        )
    except Station.DoesNotExist as error:
        raise Http404("There is no such station.") from error
    words = ngettext("{count} label waits here no longer.", "{count} labels wait here no longer.", count)
    messages.success(request, words.format(count=count))
    return redirect("syncjobs:station", access.tenant_code, station_code)


@require_POST
@members_only(Role.OPERATOR)
@at_a_pace
def batch_again(request: HttpRequest, access: Access, station_code: uuid.UUID, batch: uuid.UUID) -> HttpResponse:
    """Print a batch once more: the same shipments, counted as printed again."""
    with acting(actor_of(signed_in(request))), inside(access):
        row = _open_station(access, station_code)
        labels = stations.labels_of_batch(row, batch)
        if labels:
            batches.mark_printed(access.tenant_id, labels, at=timezone.now(), station=row)
    if not labels:
        messages.warning(request, _("None of these labels can be printed any more."))
        return redirect("syncjobs:station", access.tenant_code, station_code)
    messages.info(request, _("Printed once more. They are the same shipments: nothing new was bought."))
    return _to_batch(request, access, station_code, batch)


@xframe_options_sameorigin
@csp_replace({"frame-ancestors": [SELF]})
@require_safe
@members_only(Role.VIEWER)
@of_many
def batch_file(request: HttpRequest, access: Access, station_code: uuid.UUID, batch: uuid.UUID) -> HttpResponse:
    """The file of a batch that was taken; fetching it again marks nothing."""
    kind = request.GET.get("kind", "pdf")
    with inside(access):
        row = get_object_or_404(Station, tenant_id=access.tenant_id, code=station_code)
        labels = stations.labels_of_batch(row, batch)
    try:
        if kind == "printer":
            file = batches.for_printer(labels)
        else:
            first = first_place_of(request.GET.get("first", ""))
            file = batches.as_file(labels, paper=row.paper, first_place=first)
    except NotAPicture as error:
        raise Http404("There is no such file any more.") from error
    return file_answer(file, is_download=file.media_type != PDF)


def _station_form(request: HttpRequest, access: Access, row: Station | None) -> HttpResponse:
    with acting(actor_of(signed_in(request))), inside(access):
        known = Warehouse.objects.filter(tenant_id=access.tenant_id, connection__disconnected_at=None)
        names = [(one.exact_code, str(one)) for one in known.defer("sealed_address").order_by("exact_code")]
        form = StationForm(request.POST if request.method == "POST" else None, warehouses=names, station=row)
        if request.method == "POST" and form.is_valid() and _saved(form, access, row):
            messages.success(request, _("Saved."))
            return redirect("syncjobs:stations", access.tenant_code)
        context = {
            "access": access,
            "section": "stations",
            "form": form,
            "station": row,
            "rows": [] if row else stations.overview(access.tenant_id),
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, f"syncjobs/{'station_form' if row else 'stations'}.html", context)


def _saved(form: StationForm, access: Access, row: Station | None) -> bool:
    """False where another station stands in the way: then the form says which."""
    try:
        station_book.keep(access.tenant_id, row, at=timezone.now(), **form.cleaned_data)
    except StationTaken as taken:
        form.add_error(taken.field, str(taken))
        return False
    return True


def _batch_shown(request: HttpRequest, row: Station) -> dict[str, object] | None:
    """The batch that was just taken, with the files it makes."""
    code = _code_or_none(request.GET.get("batch", ""))
    labels = stations.labels_of_batch(row, code) if code else []
    if not labels:
        return None
    return {
        "code": code,
        "labels": len(labels),
        "pictures": len(pictures_among(labels)),
        "commands": len(commands_among(labels)),
        "first": first_place_of(request.GET.get("first", "")),
    }


def _to_batch(request: HttpRequest, access: Access, station_code: uuid.UUID, batch: uuid.UUID) -> HttpResponse:
    note_handed_out(request, reverse("syncjobs:batch_file", args=[access.tenant_code, station_code, batch]))
    first = first_place_of(request.POST.get("first_place", ""))
    address = reverse("syncjobs:station", args=[access.tenant_code, station_code])
    return redirect(f"{address}?batch={batch}&first={first}")


def _open_station(access: Access, code: uuid.UUID) -> Station:
    return get_object_or_404(stations.open_stations(access.tenant_id), code=code)


def _code_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
