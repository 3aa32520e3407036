"""Whose turn it is on the page "To do", what is put off and comes back, and what the page costs."""

import re
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from exact.models import Grant
from syncjobs.attention import waiting
from syncjobs.attention.kinds import Kind
from syncjobs.attention.moments import Later, moment_of, offered
from syncjobs.attention.waiting import Who
from syncjobs.models import Attention, Delivery, SyncJob
from tenants.context import tenant_context
from tenants.models import Membership, Role, Tenant
from tests.factories import Cast, make_member
from tests.pages import doubts, scene, travels
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups.models import Account

pytestmark = pytest.mark.django_db
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MOST_STATEMENTS = 12


def address(desk: Desk, query: str = "") -> str:
    return reverse("syncjobs:work", args=[desk.tenant.code]) + query


def text(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def press(client: Client, desk: Desk, *deliveries: Delivery, **sent: str) -> str:
    ticked = [f"delivery:{delivery.code}" for delivery in deliveries]
    url = reverse("syncjobs:work_together", args=[desk.tenant.code])
    return client.post(url, {"item": ticked, **sent}, follow=True).content.decode()


def told(desk: Desk) -> list[tuple[str, uuid.UUID, dict[str, str]]]:
    with tenant_context(desk.tenant.id):
        rows = Event.objects.filter(tenant=desk.tenant, kind=Event.Kind.ASKED).order_by("sequence")
        return [(row.subject_kind, row.subject, row.details) for row in rows]


def test_what_somebody_takes_stands_under_hers_and_in_nobodys_list_no_more(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    mine, left = scene.make_held(desk), scene.make_held(desk)
    client = as_user(cast.owner)

    page = press(client, desk, mine, act="give:me")

    assert "1 thing is yours now." in page
    assert "You have it" in page
    numbers = {who: re.findall(r"Delivery (\d+)<", text(client, address(desk, f"?who={who}"))) for who in Who}
    assert numbers[Who.MINE] == [mine.delivery_number]
    assert numbers[Who.NOBODY] == [left.delivery_number]
    assert told(desk) == [("delivery", mine.code, {"what": "given to a person", "user": str(cast.owner.code)})]


def test_a_colleague_is_given_several_and_gives_them_back(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = [scene.make_held(desk) for _ in range(3)]
    colleague = make_member(desk.tenant, Role.OPERATOR)
    with tenant_context(desk.tenant.id):
        place = Membership.objects.get(user=colleague)

    given = press(as_user(cast.owner), desk, *held[:2], act="give", to=str(place.code))
    back = press(as_user(colleague), desk, held[0], act="give:nobody")

    assert "2 things were given to your colleague." in given
    assert f"{colleague.email} has it" in given
    assert "1 thing is nobody&#x27;s now." in back
    with tenant_context(desk.tenant.id):
        assert list(Attention.objects.filter(assigned_to=colleague).values_list("subject", flat=True)) == [held[1].code]


def test_nobody_gives_to_a_stranger_or_to_a_viewer(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    with tenant_context(cast.other_tenant.id):
        stranger = Membership.objects.get(user=cast.outsider)
    with tenant_context(desk.tenant.id):
        viewer = Membership.objects.get(user=cast.viewer)

    pages = [press(as_user(cast.owner), desk, held, act="give", to=str(one.code)) for one in (stranger, viewer)]

    assert ["Choose who takes it." in page for page in pages] == [True, True]
    with pytest.raises(waiting.Unknown):
        waiting.assign(actor="user:x", tenant_id=desk.tenant.id, subjects=[], to=cast.outsider.pk, at=timezone.now())
    with tenant_context(desk.tenant.id):
        assert not Attention.objects.exists()
    assert told(desk) == []


def test_a_viewer_sees_no_buttons_and_changes_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    client = as_user(cast.viewer)

    page = text(client, address(desk))
    answer = client.post(
        reverse("syncjobs:work_together", args=[desk.tenant.code]), {"item": f"delivery:{held.code}", "act": "give:me"}
    )

    assert "<form" not in page.split('id="content"')[1]
    assert answer.status_code == 403
    with tenant_context(desk.tenant.id):
        assert not Attention.objects.exists()


def test_what_is_put_off_is_not_counted_and_comes_back_by_itself(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held, other = scene.make_held(desk), scene.make_held(desk)
    client = as_user(cast.owner)
    assert '<span class="count">2<' in text(client, address(desk))

    page = press(client, desk, held, act="later:hour")

    assert f"Delivery {held.delivery_number}" not in page
    assert '<span class="count">1<' in page
    assert f"Delivery {held.delivery_number}" in text(client, address(desk, "?who=snoozed"))
    with tenant_context(desk.tenant.id):
        Attention.objects.update(snoozed_until=timezone.now() - timedelta(seconds=1))
    again = text(client, address(desk))
    assert [number in again for number in (held.delivery_number, other.delivery_number)] == [True, True]
    assert '<span class="count">2<' in again


def test_something_put_off_is_taken_up_again_at_once(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    client = as_user(cast.owner)
    press(client, desk, held, act="later", until="monday")

    press(client, desk, held, act="later:now")

    assert f"Delivery {held.delivery_number}" in text(client, address(desk))
    assert [details["what"] for _, _, details in told(desk)] == ["put off", "taken up again"]


MONDAY_MORNING = datetime(2026, 3, 23, 9, 30, tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("later", "at", "moment"),
    [
        (Later.HOUR, MONDAY_MORNING, datetime(2026, 3, 23, 10, 30, tzinfo=AMSTERDAM)),
        (Later.AFTERNOON, MONDAY_MORNING, datetime(2026, 3, 23, 14, 0, tzinfo=AMSTERDAM)),
        (Later.TOMORROW, MONDAY_MORNING, datetime(2026, 3, 24, 8, 0, tzinfo=AMSTERDAM)),
        (Later.MONDAY, MONDAY_MORNING, datetime(2026, 3, 30, 8, 0, tzinfo=AMSTERDAM)),
        # the clocks go forward in the night to Sunday the 29th
        (Later.TOMORROW, datetime(2026, 3, 28, 23, 0, tzinfo=AMSTERDAM), datetime(2026, 3, 29, 8, 0, tzinfo=AMSTERDAM)),
        (Later.MONDAY, datetime(2026, 3, 29, 12, 0, tzinfo=AMSTERDAM), datetime(2026, 3, 30, 8, 0, tzinfo=AMSTERDAM)),
    ],
)
def test_moments_are_those_of_the_companys_clock(later: Later, at: datetime, moment: datetime) -> None:
    assert moment_of(later, zone=AMSTERDAM, at=at.astimezone(ZoneInfo("UTC"))) == moment


def test_in_the_afternoon_this_afternoon_is_not_offered() -> None:
    assert Later.AFTERNOON in offered(zone=AMSTERDAM, at=MONDAY_MORNING)
    assert Later.AFTERNOON not in offered(zone=AMSTERDAM, at=MONDAY_MORNING + timedelta(hours=4))


def test_several_are_checked_again_at_once_and_what_cannot_be_is_said(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = [scene.make_held(desk) for _ in range(2)]
    review = doubts.make_review(desk)

    page = press(as_user(cast.owner), desk, *held, review, act="again")

    assert "2 deliveries are looked at again" in page
    assert f"Delivery {review.delivery_number} was left as it is." in page
    with tenant_context(desk.tenant.id):
        assert set(SyncJob.objects.filter(kind="read").values_list("subject", flat=True)) == {one.code for one in held}


def test_kinds_are_counted_and_filtered_and_decisions_come_first(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_held(desk, created_at=timezone.now() - timedelta(days=3))
    review = doubts.make_review(desk)
    travelling = travels.make_travelling(desk)
    client = as_user(cast.owner)

    answer = client.get(address(desk))
    exceptions = text(client, address(desk, "?kind=exception"))

    assert answer.context["lines"][0].item.subject.code == review.code
    assert [(one.word, one.count) for one in answer.context["kinds"]] == [
        ("Everything", 3),
        ("Decisions", 1),
        ("To fix", 1),
        ("Trouble on the way", 1),
    ]
    assert exceptions.count("<article") == 1
    assert f"Delivery {travelling.delivery_number}" in exceptions
    assert "UPS is in trouble with this parcel" in exceptions


def test_pages_follow_each_other_without_gap_or_repeat(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    at = timezone.now() - timedelta(days=1)
    held = [scene.make_held(desk, created_at=at + timedelta(minutes=number // 2)) for number in range(30)]
    client = as_user(cast.owner)

    first = text(client, address(desk))
    after = re.findall(r'href="([^"]*after=[^"]*)"', first)[0].replace("&amp;", "&")
    second = text(client, after)

    found = [re.findall(r"Delivery (\d+)<", page) for page in (first, second)]
    assert (len(found[0]), len(found[1])) == (25, 5)
    assert sorted(found[0] + found[1]) == sorted(one.delivery_number for one in held)
    assert "Show more" not in second


def test_a_place_to_fix_in_exact_has_the_way_to_its_site_and_one_of_ours_has_none(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    scene.make_held(desk)

    page = text(as_user(cast.owner), address(desk))

    assert f'href="{settings.EXACT_BASE_URLS["nl"]}" target="_blank" rel="noopener noreferrer"' in page
    assert "item LAMP-22, net or gross weight" in page


def test_the_page_and_its_menu_take_few_statements_however_much_waits(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    for _ in range(27):
        scene.make_held(desk)
    doubts.make_review(desk)
    travels.make_silent(desk)
    travels.make_travelling(desk)
    client = as_user(cast.owner)
    client.get(address(desk))

    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.get(address(desk))

    assert answer.status_code == 200
    # a test runs in a transaction of its own, within which each context is a savepoint and set back
    of_the_test = ("SAVEPOINT", "RELEASE", "SELECT current_setting('app.user', true), set_config('app.user', ''")
    statements = [one["sql"].strip() for one in asked if not one["sql"].strip().startswith(of_the_test)]
    statements.remove("SELECT current_setting('app.tenant', true), set_config('app.tenant', '', true)")
    assert len(statements) <= MOST_STATEMENTS, "\n".join(one[:150] for one in statements)


def test_the_menu_counts_to_ninety_nine(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    for _ in range(100):
        scene.make_held(desk)

    assert '<span class="count">99+<' in text(as_user(cast.viewer), address(desk))


def test_a_company_whose_permission_ended_comes_first_and_can_be_taken(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_held(desk, created_at=timezone.now() - timedelta(days=1))
    Grant.objects.update(needs_reconnect_at=timezone.now(), reconnect_reason="ended")
    client = as_user(cast.owner)
    url = reverse("syncjobs:work_together", args=[desk.tenant.code])

    client.post(url, {"item": f"company:{desk.connection.code}", "act": "give:me"})

    answer = client.get(address(desk))
    first = answer.context["lines"][0]
    assert (first.item.kind, first.item.subject.code, first.is_mine) == (Kind.CONNECTION, desk.connection.code, True)
    assert told(desk)[0][0] == "company"


def test_nothing_of_another_company_is_found_or_changed(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_desk(cast.other_tenant, division=654321)
    held = scene.make_held(desk)
    url = reverse("syncjobs:work_together", args=[cast.other_tenant.code])
    client = as_user(cast.outsider)

    for act in ("give:me", "later:hour", "again", "approve", "release"):
        client.post(url, {"item": [f"delivery:{held.code}", f"account:{desk.account.code}"], "act": act})

    for tenant in (desk.tenant, cast.other_tenant):
        with tenant_context(tenant.id):
            assert not Attention.objects.exists()
            assert not SyncJob.objects.filter(tenant=tenant).exists()


def test_what_is_done_leads_back_to_our_own_page_only(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    url = reverse("syncjobs:work_together", args=[desk.tenant.code])
    sent = {"item": f"delivery:{held.code}", "act": "give:me"}
    client = as_user(cast.owner)

    inside = client.post(url, {**sent, "next": address(desk, "?who=mine")})
    outside = client.post(url, {**sent, "next": "https://elsewhere.test/"})

    assert (inside["Location"], outside["Location"]) == (address(desk, "?who=mine"), address(desk))


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Tenant.ShippingMode.AUTOMATIC, "Every delivery goes by itself."),
        (Tenant.ShippingMode.APPROVAL, "Each new delivery waits here until somebody approves it."),
    ],
)
def test_an_empty_list_says_what_was_done_today_and_what_comes(
    cast: Cast, desk: Desk, as_user: SignIn, mode: str, words: str
) -> None:
    for _ in range(2):
        scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Tenant.objects.update(shipping_mode=mode)

    page = text(as_user(cast.viewer), address(desk))

    assert "2 shipments were made today, the last one at " in page
    assert words in page
    assert page.count("goes by itself") == (mode == Tenant.ShippingMode.AUTOMATIC)


def test_when_all_is_put_off_the_list_is_empty_and_says_so(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    with tenant_context(desk.tenant.id):
        Account.objects.update(tracking_problem="No.", tracking_problem_at=timezone.now())
    client = as_user(cast.owner)
    url = reverse("syncjobs:work_together", args=[desk.tenant.code])

    page = client.post(
        url, {"item": f"account:{desk.account.code}", "act": "later:tomorrow"}, follow=True
    ).content.decode()

    assert "Nothing is left in this list" in page
    assert '<span class="count">' not in page
