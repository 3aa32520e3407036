"""Labels: as a PDF for the browser, or as UPS sent them."""

import uuid
from collections.abc import Iterable

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connector_site.lib.secrets import UNREADABLE, unseal
from syncjobs import test_label
from syncjobs.label_files import content_of
from syncjobs.models import Delivery, Label, Shipment, ShippingRule
from syncjobs.printing import USUAL_HEIGHT_INCHES, NotAPicture, as_one_file, as_pdf, is_picture
from syncjobs.views.details import labels_of
from tenants.access import Access
from tenants.gate import inside, members_only
from tenants.models import Role

_MEDIA_TYPES = {"GIF": "image/gif", "PNG": "image/png", "PDF": "application/pdf"}
TEST_PAGES = ("pdf", "zpl")
_PRINTER_LANGUAGE = "application/octet-stream"


@require_safe
@members_only(Role.VIEWER)
def all_as_pdf(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Every label of a delivery, a page of the size of its label each."""
    with inside(access):
        delivery = _delivery(access, delivery_code)
        labels = [label for label in labels_of(delivery) if is_picture(label.image_format)]
        pictures = _contents(labels)
        height = _height_inches(labels[0]) if labels else 0
    if not labels:
        raise Http404("No label of this delivery is a picture.")
    if not pictures:
        return _erased(request, access, delivery)
    return _pdf(request, access, delivery, pictures, height)


@require_safe
@members_only(Role.VIEWER)
def all_for_printer(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Every label of a delivery that is in printer language, as one file."""
    with inside(access):
        delivery = _delivery(access, delivery_code)
        labels = [label for label in labels_of(delivery) if not is_picture(label.image_format)]
        commands = _contents(labels)
    if not labels:
        raise Http404("No label of this delivery is in printer language.")
    if not commands:
        return _erased(request, access, delivery)
    name = f"labels-{_name(delivery)}.{labels[0].image_format.lower()}"
    return _file(as_one_file(commands), name=name, media_type=_PRINTER_LANGUAGE, is_download=True)


@require_safe
@members_only(Role.VIEWER)
def one_as_pdf(request: HttpRequest, access: Access, label_code: uuid.UUID) -> HttpResponse:
    """One label on a page of its size."""
    with inside(access):
        label = _label(access, label_code)
        content = content_of(label)
        height = _height_inches(label)
    if not is_picture(label.image_format):
        raise Http404("This label is in printer language.")
    if content is None:
        return _erased(request, access, label.parcel.shipment.delivery)
    return _pdf(request, access, label.parcel.shipment.delivery, [content], height)


@require_safe
@members_only(Role.VIEWER)
def original(request: HttpRequest, access: Access, label_code: uuid.UUID) -> HttpResponse:
    """One label exactly as UPS sent it."""
    with inside(access):
        label = _label(access, label_code)
        content = content_of(label)
    if content is None:
        return _erased(request, access, label.parcel.shipment.delivery)
    kind = label.image_format.upper()
    return _file(
        content,
        name=f"{label.parcel.tracking_number}.{kind.lower()}",
        media_type=_MEDIA_TYPES.get(kind, _PRINTER_LANGUAGE),
        is_download=True,
    )


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
    media_type = _MEDIA_TYPES["PDF"] if kind == "pdf" else _PRINTER_LANGUAGE
    return _file(content, name=f"test-{size}.{kind}", media_type=media_type, is_download=kind != "pdf")


def _contents(labels: Iterable[Label]) -> list[bytes]:
    """What is left of them: an erased one has no content."""
    return [content for label in labels if (content := content_of(label)) is not None]


def _erased(request: HttpRequest, access: Access, delivery: Delivery) -> HttpResponse:
    messages.error(request, _("The label was deleted and cannot be printed any more."))
    return redirect("syncjobs:delivery", access.tenant_code, delivery.code)


def _height_inches(label: Label) -> int:
    """The height that was asked of UPS; that of the usual label where the request cannot be read any more."""
    attempt = label.parcel.shipment.attempt
    try:
        body = unseal(attempt.request, owner=attempt.delivery.code, purpose=attempt.reference)
        return int(body["ShipmentRequest"]["LabelSpecification"]["LabelStockSize"]["Height"])
    except (*UNREADABLE, LookupError, TypeError, ValueError):
        return USUAL_HEIGHT_INCHES


def _delivery(access: Access, code: uuid.UUID) -> Delivery:
    shipments = (
        Shipment.objects.order_by("created_at").select_related("attempt__delivery").prefetch_related("parcels__label")
    )
    found = Delivery.objects.filter(tenant_id=access.tenant_id).prefetch_related(
        Prefetch("shipments", queryset=shipments)
    )
    return get_object_or_404(found, code=code)


def _label(access: Access, code: uuid.UUID) -> Label:
    found = Label.objects.filter(tenant_id=access.tenant_id).select_related(
        "parcel__shipment__delivery", "parcel__shipment__attempt__delivery"
    )
    return get_object_or_404(found, code=code)


def _pdf(
    request: HttpRequest, access: Access, delivery: Delivery, pictures: list[bytes], height_inches: int
) -> HttpResponse:
    try:
        drawn = as_pdf(pictures, height_inches=height_inches)
    except NotAPicture:
        messages.error(request, _("This label cannot be drawn here. Download it as UPS sent it instead."))
        return redirect("syncjobs:delivery", access.tenant_code, delivery.code)
    return _file(drawn, name=f"labels-{_name(delivery)}.pdf", media_type="application/pdf", is_download=False)


def _name(delivery: Delivery) -> str:
    return delivery.delivery_number or str(delivery.code)


def _file(content: bytes, *, name: str, media_type: str, is_download: bool) -> HttpResponse:
    disposition = "attachment" if is_download else "inline"
    headers = {"Content-Disposition": f'{disposition}; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=media_type, headers=headers)
