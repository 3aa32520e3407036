"""Labels in the browser and as files."""

import pytest
from django.urls import reverse

from syncjobs.models import Delivery, Label
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


def labels(desk: Desk, delivery: Delivery) -> list[Label]:
    with tenant_context(desk.tenant.id):
        return list(Label.objects.filter(parcel__shipment__delivery=delivery).order_by("parcel__position"))


def test_all_labels_open_as_one_pdf(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk, parcels=3)

    answer = as_user(cast.viewer).get(reverse("syncjobs:labels_pdf", args=[desk.tenant.code, delivery.code]))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'inline; filename="labels-{delivery.delivery_number}.pdf"'
    assert answer.content.count(b"/MediaBox") == 3
    assert "no-store" in answer["Cache-Control"]


def test_one_label_opens_as_pdf(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    label = labels(desk, scene.make_shipped(desk, parcels=2))[1]

    answer = as_user(cast.viewer).get(reverse("syncjobs:label_pdf", args=[desk.tenant.code, label.code]))

    assert answer.content.startswith(b"%PDF")
    assert answer.content.count(b"/MediaBox") == 1


def test_the_original_is_what_ups_sent_byte_for_byte(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    label = labels(desk, scene.make_shipped(desk))[0]

    answer = as_user(cast.viewer).get(reverse("syncjobs:label_original", args=[desk.tenant.code, label.code]))

    assert answer.content == scene.label_picture()
    assert answer["Content-Type"] == "image/gif"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_printer_language_is_handed_on_as_it_is(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk, image_format="ZPL", parcels=2)
    client = as_user(cast.viewer)

    together = client.get(reverse("syncjobs:labels_printer", args=[desk.tenant.code, delivery.code]))
    single = client.get(reverse("syncjobs:label_original", args=[desk.tenant.code, labels(desk, delivery)[0].code]))

    assert together.content == scene.ZPL + b"\n" + scene.ZPL + b"\n"
    assert single.content == scene.ZPL
    assert together["Content-Disposition"].endswith('.zpl"')


def test_printer_language_is_not_offered_as_pdf(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk, image_format="ZPL")
    client = as_user(cast.viewer)
    page = client.get(reverse("syncjobs:delivery", args=[desk.tenant.code, delivery.code])).content.decode()

    answer = client.get(reverse("syncjobs:labels_pdf", args=[desk.tenant.code, delivery.code]))

    assert answer.status_code == 404
    assert "Label for the label printer" in page
    assert "Print label" not in page


def test_a_picture_that_cannot_be_read_leads_back_with_advice(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        label = Label.objects.get(parcel__shipment__delivery=delivery)
        label.sealed_key, label.content = None, b"not a picture"
        label.save(update_fields=["sealed_key", "content"])

    answer = as_user(cast.viewer).get(
        reverse("syncjobs:labels_pdf", args=[desk.tenant.code, delivery.code]), follow=True
    )

    assert answer.status_code == 200
    assert "Download it as UPS sent it instead." in answer.content.decode()


def test_an_outsider_gets_no_label(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)
    label = labels(desk, delivery)[0]
    client = as_user(cast.outsider)

    own = cast.other_tenant.code
    for name, code in (
        ("labels_pdf", delivery.code),
        ("labels_printer", delivery.code),
        ("label_pdf", label.code),
        ("label_original", label.code),
    ):
        assert client.get(reverse(f"syncjobs:{name}", args=[desk.tenant.code, code])).status_code == 404
        assert client.get(reverse(f"syncjobs:{name}", args=[own, code])).status_code == 404
