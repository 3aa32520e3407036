"""Labels of one delivery on the screen and as files. Looking and fetching mark nothing: `views.printing` prints."""

import uuid
from collections.abc import Callable, Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connector_site.lib.secrets import UNREADABLE
from syncjobs.labels import batches, test_label
from syncjobs.labels.batches import PDF, PRINTER_LANGUAGE, File, commands_among, delivery_of, pictures_among
from syncjobs.labels.files import content_of
from syncjobs.labels.pictures import Drawing, drawing_of, picture_of
from syncjobs.labels.printing import NotAPicture, is_picture
from syncjobs.models import Delivery, Label, ShippingRule
from tenants.access import Access
from tenants.download_pace import at_a_pace
from tenants.gate import inside, members_only
from tenants.models import Role

MEDIA_TYPES = {"GIF": "image/gif", "PNG": "image/png", "PDF": PDF}
TEST_PAGES = ("pdf", "zpl")


@require_safe
@members_only(Role.VIEWER)
@at_a_pace
def all_as_pdf(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Every label of a delivery, a page of the size of its label each."""
    return _all(request, access, delivery_code, among=pictures_among, make=batches.as_file)


@require_safe
@members_only(Role.VIEWER)
@at_a_pace
def all_for_printer(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Every label of a delivery that is in printer language, as one file."""
    return _all(request, access, delivery_code, among=commands_among, make=batches.for_printer)


@require_safe
@members_only(Role.VIEWER)
@at_a_pace
def one_as_pdf(request: HttpRequest, access: Access, label_code: uuid.UUID) -> HttpResponse:
    """One label on a page of its size."""
    with inside(access):
        label = _label(access, label_code)
    if not is_picture(label.image_format):
        raise Http404("This label is in printer language.")
    if not batches.is_valid(label):
        return _voided(request, access, delivery_of(label))
    return _answer(request, access, delivery_of(label), [label], batches.as_file)


@require_safe
@members_only(Role.VIEWER)
@at_a_pace
def original(request: HttpRequest, access: Access, label_code: uuid.UUID) -> HttpResponse:
    """One label exactly as UPS sent it."""
    with inside(access):
        label = _label(access, label_code)
    if not batches.is_valid(label):
        return _voided(request, access, delivery_of(label))
    content = content_of(label)
    if content is None:
        return _erased(request, access, delivery_of(label))
    kind = label.image_format.upper()
    name = f"{label.parcel.tracking_number}.{kind.lower()}"
    return file_answer(File(content=content, name=name, media_type=MEDIA_TYPES.get(kind, PRINTER_LANGUAGE)))


@require_safe
@members_only(Role.VIEWER)
def label(request: HttpRequest, access: Access, label_code: uuid.UUID) -> HttpResponse:
    """One label on the screen, with what can be done with it."""
    with inside(access):
        row = _label(access, label_code)
        context = {
            "access": access,
            "section": "deliveries",
            "label": row,
            "delivery": delivery_of(row),
            "drawing": _drawing(row),
            "is_picture": is_picture(row.image_format),
            "is_standing": batches.is_valid(row),
            "may_print": access.allows(Role.OPERATOR),
        }
        return render(request, "syncjobs/label.html", context)


@require_safe
@members_only(Role.VIEWER)
@at_a_pace
def preview(request: HttpRequest, access: Access, label_code: uuid.UUID) -> HttpResponse:
    """One label as a picture for the screen; one in printer language is drawn here."""
    with inside(access):
        row = _label(access, label_code)
    try:
        content = content_of(row)
        drawn = picture_of(row.image_format, content) if content else None
    except (NotAPicture, *UNREADABLE) as error:
        raise Http404("This label cannot be drawn.") from error
    if drawn is None:
        raise Http404("This label was erased.")
    return file_answer(File(content=drawn, name="label.png", media_type=MEDIA_TYPES["PNG"]), is_download=False)


@require_safe
@members_only(Role.VIEWER)
def test_page(request: HttpRequest, access: Access) -> HttpResponse:
    """A page to see whether the printer is set up, of the size and the format that are asked for; no label."""
    size, kind = request.GET.get("size", ""), request.GET.get("kind", "")
    if size not in ShippingRule.LabelSize.values or kind not in TEST_PAGES:
        raise Http404("There is no test page of this size and format.")
    wanted = ShippingRule.LabelSize(size)
    with inside(access):
        content = test_label.as_pdf(wanted) if kind == "pdf" else test_label.as_zpl(wanted)
    media_type = PDF if kind == "pdf" else PRINTER_LANGUAGE
    made = File(content=content, name=f"test-{size}.{kind}", media_type=media_type)
    return file_answer(made, is_download=kind != "pdf")


def file_answer(file: File, *, is_download: bool = True) -> HttpResponse:
    """The file, to be kept or to be shown."""
    disposition = "attachment" if is_download else "inline"
    headers = {"Content-Disposition": f'{disposition}; filename="{file.name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(file.content, content_type=file.media_type, headers=headers)


def _all(
    request: HttpRequest,
    access: Access,
    code: uuid.UUID,
    *,
    among: Callable[[Sequence[Label]], list[Label]],
    make: Callable[[Sequence[Label]], File],
) -> HttpResponse:
    with inside(access):
        delivery = get_object_or_404(Delivery, tenant_id=access.tenant_id, code=code)
        labels = among(batches.labels_in_pick_order(access.tenant_id, [code], with_erased=True, with_earlier=True))
        mine = Label.objects.filter(tenant_id=access.tenant_id, parcel__shipment__delivery=delivery)
        is_voided = not labels and bool(among(list(mine.filter(~batches.valid()).only("image_format"))))
    if is_voided:
        return _voided(request, access, delivery)
    if not labels:
        raise Http404("No label of this delivery is of this kind.")
    return _answer(request, access, delivery, labels, make)


def _answer(
    request: HttpRequest,
    access: Access,
    delivery: Delivery,
    labels: Sequence[Label],
    make: Callable[[Sequence[Label]], File],
) -> HttpResponse:
    kept = [label for label in labels if label.erased_at is None]
    if not kept:
        return _erased(request, access, delivery)
    try:
        made = make(kept)
    except NotAPicture:
        messages.error(request, _("This label cannot be drawn here. Download it as UPS sent it instead."))
        return redirect("syncjobs:delivery", access.tenant_code, delivery.code)
    return file_answer(made, is_download=made.media_type != PDF)


def _erased(request: HttpRequest, access: Access, delivery: Delivery) -> HttpResponse:
    messages.error(request, _("The label was deleted and cannot be printed any more."))
    return redirect("syncjobs:delivery", access.tenant_code, delivery.code)


def _voided(request: HttpRequest, access: Access, delivery: Delivery) -> HttpResponse:
    messages.error(request, _("This parcel is voided, or being voided. Its label is not printed any more."))
    return redirect("syncjobs:delivery", access.tenant_code, delivery.code)


def _drawing(row: Label) -> Drawing | None:
    """None where there is nothing to be shown: it was erased, cannot be read, or is in a language not drawn here."""
    try:
        content = content_of(row)
    except UNREADABLE:
        return None
    return drawing_of(row.image_format, content) if content else None


def _label(access: Access, code: uuid.UUID) -> Label:
    found = Label.objects.filter(tenant_id=access.tenant_id)
    return get_object_or_404(found.select_related("parcel__shipment__delivery", "parcel__shipment__attempt"), code=code)
