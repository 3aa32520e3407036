"""Printing labels of many deliveries: as one file now, or at a packing station; both mark them as printed.

The file is the answer to a POST, so that no link, preview or prefetch marks anything.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from syncjobs.forms.stations import PRINTER, PaperForm, first_place_of
from syncjobs.labels import batches, stations
from syncjobs.labels.batches import MOST_DELIVERIES, MOST_LABELS, PDF, File, commands_among, pictures_among
from syncjobs.labels.printing import NotAPicture
from syncjobs.labels.sheets import SHEETS
from syncjobs.models import Delivery, Label
from syncjobs.views.labels import file_answer
from tenants.access import Access
from tenants.download_pace import WHOLE, counted_as
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

_SHOWN_NUMBERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to be printed: labels in their order, and deliveries that have none."""

    codes: tuple[uuid.UUID, ...]
    labels: list[Label]
    without: tuple[str, ...]

    @property
    def pictures(self) -> list[Label]:
        """Those for paper."""
        return pictures_among(self.labels)

    @property
    def commands(self) -> list[Label]:
        """Those for a label printer."""
        return commands_among(self.labels)


def _cost(request: HttpRequest) -> int:
    """The labels of one delivery count as one; the page that asks how to print gives none yet."""
    is_of_many = len({*request.POST.getlist("delivery")}) > 1 and "paper" in request.POST
    return WHOLE if is_of_many else 1


@require_POST
@members_only(Role.OPERATOR)
@counted_as(_cost)
def print_labels(request: HttpRequest, access: Access) -> HttpResponse:
    """Of the deliveries posted as `delivery`, 200 at most: what there is to print; with `paper` the file itself.

    `paper` is a `Station.Paper`, or `printer` for labels in printer language. With `station` they wait there instead.
    """
    codes = _codes(request.POST.getlist("delivery"))
    with inside(access):
        asked = _asked(access, codes, order=request.POST.get("order", ""), which=request.POST.get("which", ""))
    refused = _refused(asked)
    if refused:
        messages.warning(request, refused)
        return redirect("syncjobs:deliveries", access.tenant_code)
    if request.POST.get("station"):
        return _to_station(request, access, asked)
    paper = request.POST.get("paper", "")
    if paper == PRINTER and asked.commands:
        return _hand_out(request, access, asked, asked.commands, paper)
    if paper and paper != PRINTER and asked.pictures and (request.POST.get("part") or not asked.commands):
        return _hand_out(request, access, asked, asked.pictures, paper)
    return _choice(request, access, asked)


def _refused(asked: _Asked) -> str:
    if not asked.codes:
        return _("Choose the deliveries whose labels are to be printed.")
    if len(asked.codes) > MOST_DELIVERIES:
        return _("At most {most} deliveries can be printed at once.").format(most=MOST_DELIVERIES)
    if len(asked.labels) > MOST_LABELS:
        return _("These deliveries have more than {most} labels. Choose fewer.").format(most=MOST_LABELS)
    return ""


def _asked(access: Access, codes: Sequence[uuid.UUID], *, order: str, which: str) -> _Asked:
    if not 0 < len(codes) <= MOST_DELIVERIES:
        return _Asked(codes=tuple(codes), labels=[], without=())
    labels = batches.labels_in_pick_order(access.tenant_id, codes, as_listed=order == "listed")
    with_labels = {batches.delivery_of(label).code for label in labels}
    others = Delivery.objects.filter(tenant_id=access.tenant_id, code__in=[*{*codes} - with_labels])
    return _Asked(
        codes=tuple(codes),
        labels=[label for label in labels if label.printed_at is None] if which == "new" else labels,
        without=tuple(others.order_by("pk").values_list("delivery_number", flat=True)),
    )


def _hand_out(request: HttpRequest, access: Access, asked: _Asked, labels: Sequence[Label], paper: str) -> HttpResponse:
    """The file first, the marks after it: what cannot be drawn was not printed."""
    try:
        file = _file(labels, paper, first_place_of(request.POST.get("first_place", "")))
    except NotAPicture:
        messages.error(request, _("One of these labels cannot be drawn here. Download it as UPS sent it instead."))
        return _choice(request, access, asked)
    batches.hand_out(actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, labels=labels, at=timezone.now())
    again = sum(1 for label in labels if label.printed_at)
    if again:
        words = ngettext(
            "{count} label was printed once more. It is the same shipment: nothing new was bought.",
            "{count} labels were printed once more. They are the same shipments: nothing new was bought.",
            again,
        )
        messages.info(request, words.format(count=again))
    return file_answer(file, is_download=file.media_type != PDF)


def _file(labels: Sequence[Label], paper: str, first_place: int) -> File:
    if paper == PRINTER:
        return batches.for_printer(labels)
    return batches.as_file(labels, paper=paper if paper in SHEETS else "label", first_place=first_place)


def _to_station(request: HttpRequest, access: Access, asked: _Asked) -> HttpResponse:
    with inside(access):
        open_ones = stations.open_stations(access.tenant_id)
        station = get_object_or_404(open_ones, code=_code_or_none(request.POST["station"]))
        count = stations.enqueue(access.tenant_id, asked.labels, station, timezone.now())
    words = ngettext("{count} label waits at {station} now.", "{count} labels wait at {station} now.", count)
    messages.success(request, words.format(count=count, station=station.name))
    return redirect("syncjobs:station", access.tenant_code, station.code)


def _choice(request: HttpRequest, access: Access, asked: _Asked) -> HttpResponse:
    """What there is to print, what was printed before, what cannot be, and how."""
    with inside(access):
        context = {
            "access": access,
            "section": "deliveries",
            "asked": asked,
            "marks": batches.marks_of(asked.labels),
            "without": asked.without[:_SHOWN_NUMBERS],
            "more_without": max(len(asked.without) - _SHOWN_NUMBERS, 0),
            "form": PaperForm(initial=dict(request.POST.items())),
            "is_mixed": bool(asked.pictures and asked.commands),
            "stations": list(stations.open_stations(access.tenant_id)),
        }
        return render(request, "syncjobs/print.html", context)


def _codes(texts: Sequence[str]) -> list[uuid.UUID]:
    """Each once, in their order; one more than may be is enough to know."""
    found = (_code_or_none(text) for text in texts[: MOST_DELIVERIES * 2])
    return list(dict.fromkeys(code for code in found if code is not None))


def _code_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
