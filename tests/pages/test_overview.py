"""The first page of a company: what it tells, to whom, how it keeps itself fresh, and what it costs."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from syncjobs.attention import waiting
from syncjobs.attention.kinds import Subject, SubjectKind
from syncjobs.figures import days
from syncjobs.models import Delivery, Parcel
from tenants.context import tenant_context
from tenants.models import Tenant, User
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.syncjobs.figure_scene import arrive, make_shipment

pytestmark = pytest.mark.django_db
NOT_OF_A_TABLE = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SELECT current_setting")


def address(desk: Desk) -> str:
    return reverse("syncjobs:overview", args=[desk.tenant.code])


def text(client: Client, page: str) -> str:
    return " ".join(client.get(page).content.decode().split())


def ship_some(desk: Desk) -> None:
    """Three today, one of which arrived late and one in trouble; two yesterday, on time."""
    now = timezone.now()
    today = timezone.localdate()
    make_shipment(desk.connection, desk.account, at=now)
    late, astray = (make_shipment(desk.connection, desk.account, at=now) for _ in range(2))
    arrive(late, at=now, promised=today - timedelta(days=1))
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=astray.delivery_id).update(milestone="exception")
    for _ in range(2):
        shipment = make_shipment(desk.connection, desk.account, at=now - timedelta(days=1))
        arrive(shipment, at=now, promised=today + timedelta(days=1), exception=True)
    with tenant_context(desk.tenant.id):
        days.count_days(desk.tenant.id, [today, today - timedelta(days=1)], at=now)


def tally(page: str, name: str) -> str:
    """What stands under a heading of the large numbers."""
    found = re.search(rf"<dt>{name}</dt><dd>(?:<a[^>]*>)?([^<]+)", page)
    return found[1].strip() if found else ""


def days_told(page: str, section: str) -> list[str]:
    """The days of a table, from its first line on."""
    _before, _, after = page.partition(f'id="{section}"')
    table = after.partition("<tbody>")[2].partition("</tbody>")[0]
    return re.findall(r'<th scope="row">\s*([^<]+?)\s*</th>', table)


def test_today_and_three_weeks_are_told_in_numbers(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = timezone.localtime().replace(hour=12, minute=0)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    ship_some(desk)

    page = text(as_user(cast.viewer), address(desk))

    assert [tally(page, name) for name in ("Booked", "Shipped", "Arrived", "In trouble now")] == ["3", "3", "3", "1"]
    names = ("Shipments", "Delivered", "With an exception", "On time")
    assert [tally(page, name) for name in names] == ["5", "3", "2", "67%"]
    assert page.count('class="chart-column"') == 21
    assert days_told(page, "weeks-title") == [f"{noon - timedelta(days=on):%a %-d %b}" for on in range(21)]


def test_the_page_to_do_counts_as_many_deliveries_in_trouble(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    """Put off is put off, and what has to be decided is counted as that, on both pages."""
    calling, returned = travels.make_travelling(desk), scene.make_shipped(desk)
    astray, put_off = scene.make_shipped(desk), scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk__in=[astray.pk, put_off.pk]).update(milestone="exception")
        Delivery.objects.filter(pk=returned.pk).update(milestone="returned_to_sender", state="review")
        Parcel.objects.filter(shipment__delivery=calling).update(attention=Parcel.Attention.SILENT)
    subject = Subject(SubjectKind.DELIVERY, put_off.code)
    now = timezone.now()
    waiting.snooze(actor="test", tenant_id=desk.tenant.id, subjects=[subject], until=now + timedelta(days=1), at=now)
    client = as_user(cast.viewer)

    page = client.get(address(desk)).content.decode()
    (link,) = re.findall(r'class="tally-stop" href="([^"]+)"', page)
    work = client.get(link)

    assert tally(page, "In trouble now") == "2"
    assert {line.item.subject.code for line in work.context["lines"]} == {calling.code, astray.code}


def test_what_waits_and_how_the_connections_are_is_told(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)

    page = text(as_user(cast.viewer), address(desk))

    waiting = page.split('id="waiting-title"')[1].split("</section>")[0]
    assert f"Delivery {held.delivery_number}" in waiting
    assert "Connected to Voorbeeld Groothandel BV." in page
    assert "5,000 of 5,000" in page
    assert "UPS: Main account" in page


def test_an_ended_permission_is_told(cast: Cast, as_user: SignIn) -> None:
    scene.make_connection(cast.tenant, needs_reconnect=True)

    page = text(as_user(cast.viewer), reverse("syncjobs:overview", args=[cast.tenant.code]))

    assert "The permission has ended. Connect again." in page


def test_a_company_without_deliveries_is_told_what_comes_first(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    page = text(as_user(cast.owner), address(desk))

    assert "All is ready for the first delivery" in page
    assert "In trouble now" not in page


def test_before_going_live_the_steps_are_shown(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    with tenant_context(cast.tenant.id):
        Tenant.objects.filter(pk=cast.tenant.id).update(shipping_mode=Tenant.ShippingMode.OFF)

    page = text(as_user(cast.owner), address(desk))

    assert "steps-list" in page
    assert "Not live yet" in page


def test_only_who_may_is_offered_to_pause(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    assert "Pause shipping" in text(as_user(cast.owner), address(desk))
    assert "Pause shipping" not in text(as_user(cast.viewer), address(desk))


def mark_of(client: Client, page: str) -> str:
    return client.get(page).content.decode().split("?seen=")[1].split('"')[0]


def test_an_open_page_is_answered_only_when_something_changed(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_delivery(desk)
    client, page = as_user(cast.viewer), address(desk)
    live = {"HX-Request": "true"}
    seen = mark_of(client, page)

    same = client.get(page, {"seen": seen}, headers=live)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(changed_at=timezone.now() + timedelta(seconds=1))
    changed = client.get(page, {"seen": seen}, headers=live)

    assert (same.status_code, same.content) == (204, b"")
    assert changed.status_code == 200
    assert b"<html" not in changed.content
    assert b"Newest deliveries" in changed.content


def test_numbers_are_written_as_the_reader_writes_them(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    ship_some(desk)
    client = as_user(cast.viewer)
    User.objects.filter(pk=cast.viewer.pk).update(language="de")

    assert "5.000" in text(client, address(desk))


def test_it_takes_twelve_statements_at_most(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    ship_some(desk)
    scene.make_held(desk)
    client = as_user(cast.viewer)
    client.get(address(desk))

    with CaptureQueriesContext(connection) as found:
        client.get(address(desk))

    statements = [one["sql"] for one in found if not one["sql"].lstrip().startswith(NOT_OF_A_TABLE)]
    assert len(statements) <= 12, "\n".join(statements)
