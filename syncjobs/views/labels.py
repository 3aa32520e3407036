"""Labels: as a PDF for the browser, or as UPS sent them."""

import uuid

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from syncjobs.models import Delivery, Label, Shipment
from syncjobs.printing import NotAPicture, as_one_file, as_pdf, is_picture
from syncjobs.views.details import labels_of
from tenants.access import Access
from tenants.gate import inside, members_only
from tenants.models import Role

_MEDIA_TYPES = {"GIF": "image/gif", "PNG": "image/png", "PDF": "application/pdf"}
_PRINTER_LANGUAGE = "application/octet-stream"


@require_safe
@members_only(Role.VIEWER)
def all_as_pdf(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Every label of a delivery, a page of 4 x 6 inches each."""
    with inside(access):
        delivery = _delivery(access, delivery_code)
        pictures = [bytes(label.content) for label in labels_of(delivery) if is_picture(label.image_format)]
    if not pictures:
        raise Http404("No label of this delivery is a picture.")
    return _pdf(request, access, delivery, pictures)


@require_safe
@members_only(Role.VIEWER)
def all_for_printer(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Every label of a delivery that is in printer language, as one file."""
    with inside(access):
        delivery = _delivery(access, delivery_code)
        labels = [label for label in labels_of(delivery) if not is_picture(label.image_format)]
        commands = [bytes(label.content) for label in labels]
    if not labels:
        raise Http404("No label of this delivery is in printer language.")
    name = f"labels-{_name(delivery)}.{labels[0].image_format.lower()}"
    return _file(as_one_file(commands), name=name, media_type=_PRINTER_LANGUAGE, is_download=True)


@require_safe
@members_only(Role.VIEWER)
def one_as_pdf(request: HttpRequest, access: Access, label_code: uuid.UUID) -> HttpResponse:
    """One label on a page of 4 x 6 inches."""
    with inside(access):
        label = _label(access, label_code)
        content = bytes(label.content)
    if not is_picture(label.image_format):
        raise Http404("This label is in printer language.")
    return _pdf(request, access, label.parcel.shipment.delivery, [content])


@require_safe
@members_only(Role.VIEWER)
def original(request: HttpRequest, access: Access, label_code: uuid.UUID) -> HttpResponse:
    """One label exactly as UPS sent it."""
    with inside(access):
        label = _label(access, label_code)
        content = bytes(label.content)
    kind = label.image_format.upper()
    return _file(
        content,
        name=f"{label.parcel.tracking_number}.{kind.lower()}",
        media_type=_MEDIA_TYPES.get(kind, _PRINTER_LANGUAGE),
        is_download=True,
    )


def _delivery(access: Access, code: uuid.UUID) -> Delivery:
    shipments = Shipment.objects.order_by("created_at").prefetch_related("parcels__label")
    found = Delivery.objects.filter(tenant_id=access.tenant_id).prefetch_related(
        Prefetch("shipments", queryset=shipments)
    )
    return get_object_or_404(found, code=code)


def _label(access: Access, code: uuid.UUID) -> Label:
    found = Label.objects.filter(tenant_id=access.tenant_id).select_related("parcel__shipment__delivery")
    return get_object_or_404(found, code=code)


def _pdf(request: HttpRequest, access: Access, delivery: Delivery, pictures: list[bytes]) -> HttpResponse:
    try:
        drawn = as_pdf(pictures)
    except NotAPicture as error:
        messages.error(request, f"{error} Download it as UPS sent it instead.")
        return redirect("syncjobs:delivery", access.tenant_code, delivery.code)
    return _file(drawn, name=f"labels-{_name(delivery)}.pdf", media_type="application/pdf", is_download=False)


def _name(delivery: Delivery) -> str:
    return delivery.delivery_number or str(delivery.code)


def _file(content: bytes, *, name: str, media_type: str, is_download: bool) -> HttpResponse:
    disposition = "attachment" if is_download else "inline"
    headers = {"Content-Disposition": f'{disposition}; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=media_type, headers=headers)
