"""The scan desk: what a scanned number leads to, what is taken from the scale, and that a label is printed once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from syncjobs.models import Delivery, Label, Parcel, PrintJob, Station, SyncJob
from syncjobs.packing import TO_PACK
from syncjobs.problems import Problem
from syncjobs.setup.going_live import APPROVAL
from tenants.context import tenant_context
from tenants.models import Role, Tenant
from tests import factories
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.security.digests import digest

pytestmark = pytest.mark.django_db
S = Delivery.State
SEEN = "c" * 64
STATEMENTS = 12
OF_THE_TEST = re.compile(r"^(SAVEPOINT|RELEASE)|set_config\('app\.\w+', ''")
"""What stands for the ends of transactions, because the test itself is one."""


def make_waiting(desk: Desk, *, weight: str = "8.4", **changes: Any) -> Delivery:
    """A delivery that waits for approval, as the worker leaves it."""
    problem = Problem(code=APPROVAL, text="It waits for approval.", content="a" * 64)
    delivery = scene.make_stopped(desk, S.HOLD, problem)
    parcel = {"weight": weight, "sides": []}
    planned = {"content": SEEN, "service": "UPS Standard", "units": "metric", "parcels": [parcel]}
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(facts=delivery.facts | {TO_PACK: planned}, **changes)
        delivery.refresh_from_db()
    return delivery


def make_station(desk: Desk, name: str = "Table 2") -> Station:
    with tenant_context(desk.tenant.id):
        return Station.objects.create(tenant=desk.tenant, name=name)


def refreshed(delivery: Delivery) -> Delivery:
    with tenant_context(delivery.tenant_id):
        return Delivery.objects.get(pk=delivery.pk)


def scanned(client: Client, desk: Desk, number: str, among: str = "") -> Any:
    query = {"number": number} | ({"among": among} if among else {})
    return client.get(reverse("syncjobs:scan", args=[desk.tenant.code]), query)


def page_of(delivery: Delivery, desk: Desk) -> str:
    return reverse("syncjobs:scan_delivery", args=[desk.tenant.code, delivery.code])


def entered(*weights: str, **more: str) -> dict[str, str]:
    """The form as a browser sends it."""
    parcels = {f"parcel{number}-weight": weight for number, weight in enumerate(weights)}
    return {"content": SEEN, "packed_at": "", "parcels": str(len(weights)), **parcels, **more}


@pytest.fixture
def operator(cast: Cast, as_user: SignIn) -> Client:
    return as_user(factories.make_member(cast.tenant, Role.OPERATOR))


def test_each_of_its_numbers_leads_to_a_delivery(desk: Desk, operator: Client) -> None:
    delivery = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(order_numbers="778801, 778802")
        tracking = Parcel.objects.get(shipment__delivery=delivery).tracking_number
    numbers = [delivery.delivery_number, "778802", tracking.lower(), f" *{tracking}* ", str(delivery.code)]

    answers = [scanned(operator, desk, number) for number in numbers]

    assert [answer.headers.get("Location") for answer in answers] == [page_of(delivery, desk)] * len(numbers)


@pytest.mark.parametrize("number", ["1", "NOTHING", "0" * 200, "%00", "7788"])
def test_a_number_that_is_not_exactly_one_of_ours_finds_nothing(desk: Desk, operator: Client, number: str) -> None:
    scene.make_shipped(desk)

    page = scanned(operator, desk, number)

    assert "No delivery has the number" in page.content.decode()
    assert 'data-sound="stop"' in page.content.decode()


def test_a_number_of_another_company_finds_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_shipped(desk)

    found = as_user(cast.outsider).get(
        reverse("syncjobs:scan", args=[cast.other_tenant.code]), {"number": delivery.delivery_number}
    )

    assert "No delivery has the number" in found.content.decode()


def test_one_order_of_several_deliveries_asks_for_a_digit(desk: Desk, operator: Client) -> None:
    first, second = make_waiting(desk), make_waiting(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=second.pk).update(created_at=timezone.now() + timedelta(seconds=1))
        Delivery.objects.update(order_numbers="900900")

    asked = scanned(operator, desk, "900900")
    chosen = scanned(operator, desk, "2", among="900900")
    another = scanned(operator, desk, first.delivery_number, among="900900")

    assert "900900 is several deliveries" in asked.content.decode()
    assert chosen.headers["Location"] == page_of(first, desk)
    assert another.headers["Location"].endswith(f"?number={first.delivery_number}")


def test_what_is_weighed_is_kept_and_shipping_asked_for(desk: Desk, operator: Client) -> None:
    delivery = make_waiting(desk)
    sides = {"parcel0-length": "40", "parcel0-width": "30", "parcel0-height": "19,2"}

    shown = operator.get(page_of(delivery, desk)).content.decode()
    answer = operator.post(page_of(delivery, desk), entered("3,45 kg", "12", **sides))

    assert 'value="8.4"' in shown
    assert scene.RECEIVER.name in shown
    assert answer.headers["Location"] == page_of(delivery, desk)
    packed = refreshed(delivery)
    assert packed.packing == {
        "units": "metric",
        "shipment_no": 1,
        "parcels": [{"weight": "3.45", "sides": [40, 30, 20]}, {"weight": "12", "sides": []}],
    }
    assert packed.packed_content == SEEN
    with tenant_context(desk.tenant.id):
        assert SyncJob.objects.filter(subject=delivery.code, kind=SyncJob.Kind.READ, state="due").count() == 1


@pytest.mark.parametrize(
    ("wrong", "where", "told"),
    [
        (entered("70.01"), "parcel0-weight", "at most 70 kg"),
        (entered("0"), "parcel0-weight", "more than 0"),
        (entered("3", ""), "parcel1-weight", "Enter the weight."),
        (entered("heavy"), "parcel0-weight", "Enter a number"),
        (entered("3 lb"), "parcel0-weight", "This desk takes kg."),
        (entered("3", **{"parcel0-length": "10"}), "parcel0-length", "or none of them"),
        (
            entered("3", **{"parcel0-length": "275", "parcel0-width": "1", "parcel0-height": "1"}),
            "parcel0-length",
            "274 cm",
        ),
        (
            entered("3", **{"parcel0-length": "200", "parcel0-width": "60", "parcel0-height": "60"}),
            "parcel0-length",
            "419 cm",
        ),
    ],
)
def test_what_ups_would_refuse_is_said_at_its_field_and_nothing_happens(
    desk: Desk, operator: Client, wrong: dict[str, str], where: str, told: str
) -> None:
    delivery = make_waiting(desk)
    before = digest(desk.tenant.id)

    answer = operator.post(page_of(delivery, desk), wrong)

    page = answer.content.decode()
    assert answer.status_code == 422
    error = page.split(f'id="id_{where}_error">', 1)[1].split("</div>", 1)[0]
    assert told in error
    assert f'aria-describedby="id_{where}_error"' in page
    assert digest(desk.tenant.id) == before


def test_one_parcel_more_keeps_what_was_typed(desk: Desk, operator: Client) -> None:
    delivery = make_waiting(desk)
    sides = {"parcel0-length": "40", "parcel0-width": "30", "parcel0-height": "20"}

    page = operator.post(page_of(delivery, desk), entered("3.4", **sides, more="1")).content.decode()

    assert 'name="parcels" value="2"' in page
    assert page.count('value="40"') == 2
    assert 'name="parcel0-weight" value="3.4"' in page
    assert refreshed(delivery).packing is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"content": "d" * 64}, "It has changed in Exact Online meanwhile."),
        ({"packed_at": "2026-01-01T00:00:00+00:00"}, "It was packed a moment ago"),
    ],
)
def test_what_is_no_longer_as_it_was_seen_is_shown_again(
    desk: Desk, operator: Client, changes: dict[str, str], told: str
) -> None:
    delivery = make_waiting(desk)

    page = operator.post(page_of(delivery, desk), entered("3") | changes, follow=True).content.decode()

    assert told in page
    assert "Ship and print" in page
    assert refreshed(delivery).packing is None


def test_a_paused_company_packs_nothing_and_says_so(desk: Desk, operator: Client) -> None:
    delivery = make_waiting(desk)
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(paused_at=timezone.now())

    shown = operator.get(page_of(delivery, desk)).content.decode()
    operator.post(page_of(delivery, desk), entered("3"))

    assert "nothing is shipped until somebody resumes it" in shown
    assert refreshed(delivery).packing is None


def test_a_viewer_looks_and_packs_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery, client = make_waiting(desk), as_user(cast.viewer)

    shown = client.get(page_of(delivery, desk))
    refused = client.post(page_of(delivery, desk), entered("3"))

    assert (shown.status_code, refused.status_code) == (200, 403)
    assert "Ship and print" not in shown.content.decode()
    assert refreshed(delivery).packing is None


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (scene.make_skipped, "It is not one for UPS."),
        (scene.make_held, "It cannot be shipped yet."),
        (scene.make_sending, "UPS makes the label"),
    ],
)
def test_what_cannot_be_packed_says_why(desk: Desk, operator: Client, make: scene.Make, told: str) -> None:
    page = operator.get(page_of(make(desk), desk)).content.decode()

    assert told in page
    assert "Ship and print" not in page


def test_an_open_page_is_told_only_of_what_is_new(desk: Desk, operator: Client) -> None:
    delivery = scene.make_sending(desk)
    page = operator.get(page_of(delivery, desk)).content.decode()
    address = page.split('hx-get="', 1)[1].split('"', 1)[0].replace("&amp;", "&")

    unchanged = operator.get(address, headers={"HX-Request": "true"})
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(state=S.REVIEW, changed_at=timezone.now())
    changed = operator.get(address, headers={"HX-Request": "true"})

    assert (unchanged.status_code, changed.status_code) == (204, 200)
    assert "A person has to decide" in changed.content.decode()
    assert "<html" not in changed.content.decode()


def test_a_new_label_is_printed_by_itself_and_once(desk: Desk, operator: Client) -> None:
    delivery = scene.make_shipped(desk)
    address = reverse("syncjobs:scan_print", args=[desk.tenant.code, delivery.code])

    printing = f"{page_of(delivery, desk)}?print=1"

    shown = operator.get(page_of(delivery, desk)).content.decode()
    answers = [operator.post(address, {"first": "1"}), operator.post(address, {"first": "1"}), operator.post(address)]
    printed = operator.get(printing).content.decode()
    shown_later = operator.get(page_of(delivery, desk)).content.decode()

    assert "data-print-first" in shown
    assert [answer.headers["Location"] for answer in answers] == [printing, page_of(delivery, desk), printing]
    assert "data-print-file" in printed
    assert "data-print-first" not in shown_later + printed
    assert "no new shipment" in shown_later
    with tenant_context(desk.tenant.id):
        assert Label.objects.get().prints == 2


def test_a_label_whose_parcel_is_being_voided_is_not_offered(desk: Desk, operator: Client) -> None:
    delivery = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Parcel.objects.update(void_asked_at=timezone.now())

    page = operator.get(page_of(delivery, desk)).content.decode()

    assert "It has no label that may be printed now." in page
    assert reverse("syncjobs:scan_print", args=[desk.tenant.code, delivery.code]) not in page


def test_the_label_opens_in_a_page_of_ours_only_and_looking_marks_nothing(desk: Desk, operator: Client) -> None:
    delivery = scene.make_shipped(desk)

    file = operator.get(reverse("syncjobs:scan_file", args=[desk.tenant.code, delivery.code]))
    page = operator.get(page_of(delivery, desk))

    assert file.headers["Content-Type"] == "application/pdf"
    assert file.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in file.headers["Content-Security-Policy"]
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    with tenant_context(desk.tenant.id):
        assert Label.objects.get().printed_at is None


def test_the_chosen_station_gets_the_label_once(desk: Desk, operator: Client) -> None:
    delivery, station = scene.make_shipped(desk), make_station(desk)
    address = reverse("syncjobs:scan_print", args=[desk.tenant.code, delivery.code])

    operator.post(reverse("syncjobs:scan_station", args=[desk.tenant.code]), {"station": str(station.code)})
    answers = [operator.post(address, {"first": "1"}) for _ in range(2)]
    page = operator.get(page_of(delivery, desk)).content.decode()

    assert [answer.status_code for answer in answers] == [302, 302]
    assert "its label waits at Table 2" in page
    assert "data-print-first" not in page
    with tenant_context(desk.tenant.id):
        assert PrintJob.objects.filter(station=station).count() == 1
        assert Label.objects.get().printed_at is None


@pytest.mark.parametrize("make", [make_waiting, scene.make_shipped, scene.make_sending])
def test_the_page_costs_few_statements(desk: Desk, operator: Client, make: scene.Make) -> None:
    delivery = make(desk)
    operator.get(page_of(delivery, desk))

    with CaptureQueriesContext(connection) as asked:
        operator.get(page_of(delivery, desk))

    statements = [query["sql"] for query in asked if not OF_THE_TEST.search(query["sql"])]
    assert len(statements) <= STATEMENTS, "\n".join(statement[:150] for statement in statements)
