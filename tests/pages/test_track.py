"""The receiver's page: open to whoever has its address, closed to all the rest, and silent about people."""

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connector_site.lib import rate_limit
from connector_site.lib.rate_limit import Rule
from connector_site.lib.references import new_code
from syncjobs.models import Parcel, Shipment
from syncjobs.views.tracking import COLOUR_VERSION
from syncjobs.wording import LANGUAGES
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import Cast
from tests.pages import scene, travels
from tests.pages.scene import Desk
from tests.pages.travels import receivers_address

pytestmark = pytest.mark.django_db
PERSONAL = ("Möbelhaus", "Lindner", "Wareneingang", "Königsallee", "40212", "1234567", "9711AB", "20240015", "9.87")


@pytest.fixture(autouse=True)
def _own_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A count of its own for each test, which nobody else's requests fill."""
    rate_limit.forget()
    monkeypatch.setattr("syncjobs.views.tracking.PAGE_RULE", Rule(name=f"track-{new_code()}", requests=60, seconds=60))


def text_of(client: Client, address: str, **headers: str) -> str:
    return client.get(address, headers=headers).content.decode()


def test_the_receiver_sees_the_way_of_every_parcel(desk: Desk, client: Client) -> None:
    delivery = travels.make_travelling(desk)

    page = text_of(client, receivers_address(delivery))

    first, second = travels.parcels_of(delivery)
    assert [page.count(f"tracknum={parcel.tracking_number}") for parcel in (first, second)] == [1, 1]
    assert ["Parcel 1 of 2" in page, "Parcel 2 of 2" in page, "0 of 2 parcels delivered" in page] == [True] * 3
    assert "Sent by Voorbeeld Groothandel BV" in page
    assert page.count("Delivery exception: held at customs") == 1
    assert page.index("Out For Delivery Today") < page.index("Departed from Facility") < page.index("Pickup Scan")
    assert "DÜSSELDORF, DE" in page


def test_nothing_personal_is_on_the_page(desk: Desk, client: Client) -> None:
    page = text_of(client, receivers_address(travels.make_travelling(desk)))

    assert [word for word in PERSONAL if word in page] == []


def test_times_are_those_of_the_place_and_an_unknown_zone_is_told(desk: Desk, client: Client) -> None:
    delivery = scene.make_shipped(desk)
    (parcel,) = travels.parcels_of(delivery)
    known = travels.make_event(parcel, "picked_up", told="Pickup Scan", hours_ago=9)
    unknown = travels.make_event(parcel, "in_transit", told="Departed", hours_ago=2, zone_known=False)

    page = text_of(client, receivers_address(delivery))

    lines = {line.split("</div>")[0] for line in page.split('<div class="quiet">')[1:]}
    assert [known.local_at[11:16] in line and "zone" not in line for line in sorted(lines)].count(True) == 1
    assert [unknown.local_at[11:16] in line and "time zone unknown" in line for line in lines].count(True) == 1


def test_a_delivery_nobody_confirmed_is_told_as_being_checked(desk: Desk, client: Client) -> None:
    delivery = scene.make_shipped(desk)
    (parcel,) = travels.parcels_of(delivery)
    travels.make_event(parcel, "delivered", told="DELIVERED", sources=("push",))
    travels.stand(parcel, "out_for_delivery")

    page = text_of(client, receivers_address(delivery))

    assert "Reported, not confirmed yet: being checked with UPS" in page
    assert "Delivered on" not in page
    assert 'class="status status-out_for_delivery"' in page


def test_a_confirmed_delivery_says_when(desk: Desk, client: Client) -> None:
    page = text_of(client, receivers_address(travels.make_delivered(desk)))

    assert "Delivered on" in page
    assert "not confirmed" not in page
    assert "Expected on" not in page


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_every_language_can_be_chosen(desk: Desk, client: Client, code: str) -> None:
    page = text_of(client, f"{receivers_address(travels.make_travelling(desk))}?lang={code}")

    words = LANGUAGES[code]
    assert f'<html lang="{code}">' in page
    assert words.page.title in page
    assert words.milestones.exception in page
    assert words.reasons.customs in page
    assert page.count('lang="en"') >= 2


@pytest.mark.parametrize(
    ("asked", "header", "shown"),
    [
        ("fr", "de-DE,de;q=0.9", "fr"),
        ("", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("", "pl,es;q=0.8", "es"),
        ("", "pl", "nl"),
        ("xx", "", "nl"),
        ("", "", "nl"),
    ],
)
def test_the_language_is_the_readers_before_the_senders(
    desk: Desk, client: Client, asked: str, header: str, shown: str
) -> None:
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(language="nl")
    address = receivers_address(scene.make_shipped(desk))

    answer = client.get(f"{address}?lang={asked}", headers={"Accept-Language": header})

    assert answer["Content-Language"] == shown


def test_the_page_is_private_unlisted_and_sets_no_cookie(desk: Desk, client: Client) -> None:
    answer = client.get(receivers_address(scene.make_shipped(desk)))

    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "Accept-Language" in answer["Vary"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert dict(client.cookies) == {}


def test_before_the_first_scan_the_page_says_so(desk: Desk, client: Client) -> None:
    page = text_of(client, receivers_address(scene.make_shipped(desk)))

    assert "No scan yet" in page
    assert "Not updated yet" in page


@pytest.mark.parametrize("code", [str(uuid.UUID(int=7)), "not-a-code", "0a1b2c3d"])
def test_an_unknown_code_is_told_in_the_readers_language(db: None, client: Client, code: str) -> None:
    answer = client.get(f"/track/{code}", headers={"Accept-Language": "nl"})

    assert answer.status_code == 404
    assert "Wij kunnen deze zending niet vinden" in answer.content.decode()


def test_the_code_of_our_own_pages_opens_nothing(desk: Desk, client: Client) -> None:
    delivery = scene.make_shipped(desk)

    assert client.get(reverse("syncjobs:track", args=[delivery.code])).status_code == 404


def test_what_was_never_shipped_or_was_voided_has_no_page(desk: Desk, client: Client) -> None:
    held, voided = scene.make_held(desk), scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Shipment.objects.filter(delivery=voided).update(voided_at=timezone.now())

    assert [client.get(receivers_address(one)).status_code for one in (held, voided)] == [404, 404]


def test_the_page_ends_when_the_history_at_ups_does(desk: Desk, client: Client) -> None:
    old, recent = scene.make_shipped(desk), scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Shipment.objects.update(created_at=timezone.now() - timedelta(days=200))
        for delivery, days in ((old, 121), (recent, 119)):
            parcels = Parcel.objects.filter(shipment__delivery=delivery)
            parcels.update(last_event_at=timezone.now() - timedelta(days=days))

    assert [client.get(receivers_address(one)).status_code for one in (old, recent)] == [404, 200]


def test_who_asks_too_often_waits_and_is_told_how_long(
    desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = Rule(name=f"track-{new_code()}", requests=2, seconds=60)
    monkeypatch.setattr("syncjobs.views.tracking.PAGE_RULE", rule)
    address = receivers_address(scene.make_shipped(desk))

    answers = [client.get(address, headers={"Accept-Language": "de"}) for _ in range(3)]
    elsewhere = client.get(address, REMOTE_ADDR="192.0.2.77")

    assert [answer.status_code for answer in (*answers, elsewhere)] == [200, 200, 429, 200]
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert LANGUAGES["de"].page.too_many_title in answers[2].content.decode()


def test_the_page_needs_nothing_from_elsewhere_and_nothing_inline(desk: Desk, client: Client) -> None:
    page = text_of(client, receivers_address(travels.make_travelling(desk)))

    assert re.findall(r'<script|<style|\bstyle="|\bon[a-z]+="', page) == []
    assert re.findall(r'(?:src|<link[^>]*href)="(?:https?:)?//', page) == []
    away = re.findall(r'<a href="(https?://[^"?]+)[^>]*rel="([^"]+)"', page)
    assert away == [("https://www.ups.com/track", "noreferrer noopener nofollow")] * 2


def test_the_senders_colour_comes_as_a_style_sheet_of_its_own(desk: Desk, client: Client) -> None:
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(brand_colour="#ffd400")

    page = text_of(client, receivers_address(scene.make_shipped(desk)))
    sheet = client.get(f"/track/colours/{COLOUR_VERSION}/ffd400.css")

    assert f'<link rel="stylesheet" href="/track/colours/{COLOUR_VERSION}/ffd400.css">' in page
    assert sheet["Content-Type"] == "text/css; charset=utf-8"
    assert "--brand: #ffd400; --brand-text: #000000;" in sheet.content.decode()
    assert "(prefers-color-scheme: dark) { :root { --brand-ink: #ffd400; } }" in sheet.content.decode()


@pytest.mark.parametrize("digits", ["FFD400", "fff", "red", "ffd400%7D"])
def test_no_style_sheet_says_anything_but_a_colour(client: Client, digits: str) -> None:
    assert client.get(f"/track/colours/{COLOUR_VERSION}/{digits}.css").status_code == 404


def test_another_customers_deliveries_are_not_mixed_in(cast: Cast, desk: Desk, client: Client) -> None:
    ours = scene.make_shipped(desk)
    theirs = scene.make_shipped(scene.make_desk(cast.other_tenant, division=654321))

    page = text_of(client, receivers_address(ours))

    assert travels.parcels_of(ours)[0].tracking_number in page
    assert travels.parcels_of(theirs)[0].tracking_number not in page
    assert "Ander Bedrijf BV" not in page


def test_sending_to_the_page_changes_nothing(desk: Desk, client: Client) -> None:
    assert client.post(receivers_address(scene.make_shipped(desk))).status_code == 405
