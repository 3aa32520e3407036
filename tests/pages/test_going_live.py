"""The set-up frame, the page that switches shipping on, pausing, approving, and the dry run's page."""

import re
from datetime import UTC, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from syncjobs import engine
from syncjobs.models import Delivery, DryRun, ShipFrom, ShippingRule, SyncJob
from syncjobs.problems import Problem
from syncjobs.setup import dry_run
from syncjobs.setup.dry_run import DryDelivery, DryParcel
from tenants.context import tenant_context
from tenants.models import Role, Tenant
from tests import factories
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups.accounts import save_account
from ups.models import Account
from ups.services import service_name

pytestmark = pytest.mark.django_db
NOW = {"mode": "automatic", "start": "now", "moment": ""}


def not_live(desk: Desk, *, with_address: bool = True) -> None:
    """Everything is set up, or all but the address, and shipping is off."""
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(shipping_mode=Tenant.ShippingMode.OFF)
        if with_address:
            ShipFrom.objects.create(
                tenant=desk.tenant,
                connection=desk.connection,
                company_name="Voorbeeld Groothandel BV",
                address_line_1="Kade 12",
                city="Rotterdam",
                country="NL",
                checked_at=timezone.now(),
            )


def tenant_of(desk: Desk) -> Tenant:
    with tenant_context(desk.tenant.id):
        return Tenant.objects.get(pk=desk.tenant.pk)


def jobs(desk: Desk) -> list[tuple[str, str]]:
    with tenant_context(desk.tenant.id):
        return [(job.kind, str(job.subject)) for job in SyncJob.objects.filter(tenant=desk.tenant).order_by("pk")]


def address(name: str, desk: Desk, *more: object) -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code, *more])


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def wait_for_approval(desk: Desk, content: str = "a" * 64) -> Delivery:
    problem = Problem(code="approval", text="It waits for approval.", content=content)
    return scene.make_stopped(desk, Delivery.State.HOLD, problem)


def test_the_next_step_is_where_a_new_company_goes_on(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    not_live(desk, with_address=False)
    assert client.get(address("go_on", desk))["Location"] == address("ship_from", desk)

    not_live(desk)
    assert client.get(address("go_on", desk))["Location"] == address("dry_run", desk)


def test_a_live_company_goes_on_to_its_deliveries(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    assert as_user(cast.owner).get(address("go_on", desk))["Location"] == address("deliveries", desk)


def test_every_page_shows_how_far_a_new_company_is(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    not_live(desk)

    page = text(as_user(cast.viewer), address("rules", desk))

    assert "5 of 7 steps done" in page
    assert page.count('aria-current="step"') == 1
    assert "steps done" not in text(as_user(cast.outsider), reverse("syncjobs:rules", args=[cast.other_tenant.code]))


def test_going_live_from_now_on(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    not_live(desk)
    waiting = scene.make_stopped(desk, Delivery.State.SKIPPED, Problem(code="not_live", text="Not yet."))
    with tenant_context(desk.tenant.id):
        Delivery.objects.update(created_at=timezone.now() - timedelta(hours=1))
    before = timezone.now().replace(microsecond=0)

    answer = as_user(cast.owner).post(address("go_live", desk), NOW)

    tenant = tenant_of(desk)
    assert answer["Location"] == address("deliveries", desk)
    assert tenant.shipping_mode == Tenant.ShippingMode.AUTOMATIC
    assert tenant.ships_from_at is not None
    assert before <= tenant.ships_from_at <= timezone.now()
    assert jobs(desk) == [("begin", str(desk.tenant.code))]
    engine.work([SyncJob.Queue.SYNC])
    assert len(jobs(desk)) == 1
    with tenant_context(desk.tenant.id):
        assert Delivery.objects.get(pk=waiting.pk).problems[0]["code"] == "booked_before_start"
    with tenant_context(desk.tenant.id):
        event = Event.objects.get(subject=desk.tenant.code)
    assert event.details["fields"] == ["shipping_mode", "ships_from_at"]
    assert event.actor == f"user:{cast.owner.code}"


def test_going_live_from_a_moment_in_the_companys_own_time(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    not_live(desk)
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(time_zone="Pacific/Auckland")
    wanted = (timezone.now() + timedelta(days=2)).astimezone(tz=UTC).replace(minute=0, second=0, microsecond=0)
    typed = wanted.astimezone(ZoneInfo("Pacific/Auckland")).strftime("%Y-%m-%dT%H:%M")

    as_user(cast.owner).post(address("go_live", desk), {"mode": "approval", "start": "moment", "moment": typed})

    tenant = tenant_of(desk)
    assert (tenant.shipping_mode, tenant.ships_from_at) == (Tenant.ShippingMode.APPROVAL, wanted)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"mode": "automatic", "start": "moment", "moment": ""}, "Choose the day and the time"),
        ({"mode": "automatic", "start": "moment", "moment": "soon"}, "Give the day and the time"),
        ({"mode": "automatic", "start": "moment", "moment": "2020-01-01T08:00"}, "from 7 days ago"),
        ({"mode": "off", "start": "now", "moment": ""}, "Select a valid choice"),
        ({"start": "now"}, "Choose how deliveries are shipped"),
    ],
    ids=["no moment", "no date", "long ago", "off", "no mode"],
)
def test_what_cannot_be_is_refused_and_nothing_is_switched_on(
    cast: Cast, desk: Desk, as_user: SignIn, sent: dict[str, str], said: str
) -> None:
    not_live(desk)

    answer = as_user(cast.owner).post(address("go_live", desk), sent)

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert tenant_of(desk).shipping_mode == Tenant.ShippingMode.OFF
    assert jobs(desk) == []


def test_a_moment_before_exact_was_connected_is_refused_with_the_reason(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    not_live(desk)
    wanted = timezone.localtime(timezone.now() - timedelta(days=2), ZoneInfo(desk.tenant.time_zone))
    typed = wanted.strftime("%Y-%m-%dT%H:%M")

    answer = as_user(cast.owner).post(
        address("go_live", desk), {"mode": "automatic", "start": "moment", "moment": typed}
    )

    page = answer.content.decode()
    assert "What was booked before is never shipped by itself" in page
    assert typed in page
    assert tenant_of(desk).shipping_mode == Tenant.ShippingMode.OFF


def test_what_ships_without_a_start_goes_on_without_one(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    """A customer of before there was a start saves the page as it is."""
    as_user(cast.owner).post(address("go_live", desk), {"mode": "approval", "start": "kept", "moment": ""})

    tenant = tenant_of(desk)
    assert (tenant.shipping_mode, tenant.ships_from_at) == (Tenant.ShippingMode.APPROVAL, None)


def test_an_account_that_the_rules_name_and_that_does_not_work_stops_going_live(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    not_live(desk)
    other = save_account(desk.tenant.id, scene.account_details(name="Second", shipper_number="B2C3D4"))
    with tenant_context(desk.tenant.id):
        Account.objects.filter(pk=other.pk).update(checked_at=timezone.now())
        Account.objects.filter(pk=desk.account.pk).update(check_problem="Refused.")

    answer = as_user(cast.owner).post(address("go_live", desk), NOW)

    assert "Connect UPS" in answer.content.decode()
    assert tenant_of(desk).shipping_mode == Tenant.ShippingMode.OFF


def test_services_are_named_by_where_parcels_leave_from(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    not_live(desk)
    with tenant_context(desk.tenant.id):
        ShippingRule.objects.exclude(service_code="").update(service_code="07")
        ShipFrom.objects.update(country="US")

    assert f": {service_name('US', '07')}" in text(as_user(cast.viewer), address("go_live", desk))


def test_methods_whose_parcels_nobody_ships_by_ups_are_seen_before_going_live(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    not_live(desk)

    page = " ".join(text(as_user(cast.owner), address("go_live", desk)).split())

    assert 'Customer picks up: <span class="text-secondary">Not UPS</span>' in page
    assert 'UPS Express Saver: <span class="state state-ask">Not chosen yet</span>' in page
    assert "Parcel post" not in page


def test_an_open_step_is_named_and_nothing_is_switched_on(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    not_live(desk, with_address=False)

    answer = as_user(cast.owner).post(address("go_live", desk), NOW)

    page = answer.content.decode()
    assert "Say where parcels leave from" in page
    assert "Something has to be set up first." in page
    assert tenant_of(desk).shipping_mode == Tenant.ShippingMode.OFF


def test_an_operator_does_not_go_live(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    not_live(desk)
    operator = factories.make_member(desk.tenant, Role.OPERATOR)

    answer = as_user(operator).post(address("go_live", desk), NOW)

    assert answer.status_code == 403
    assert tenant_of(desk).shipping_mode == Tenant.ShippingMode.OFF


def test_an_operator_pauses_and_a_manager_lets_it_go_on(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    operator = as_user(factories.make_member(desk.tenant, Role.OPERATOR))

    operator.post(address("pause", desk))

    assert tenant_of(desk).paused_at is not None
    assert "Shipping is paused." in text(operator, address("work", desk))
    assert operator.post(address("resume", desk)).status_code == 403
    assert tenant_of(desk).paused_at is not None
    as_user(factories.make_member(desk.tenant, Role.MANAGER)).post(address("resume", desk))
    assert tenant_of(desk).paused_at is None


def test_what_waits_for_approval_is_ticked_and_approved_together(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    waiting = [wait_for_approval(desk), wait_for_approval(desk)]
    left = wait_for_approval(desk)
    client = as_user(cast.owner)
    page = text(client, address("work", desk))
    ticks = re.findall(r'type="checkbox" form="together" name="item" value="([^"]+)"', page)
    assert sorted(ticks) == sorted(f"delivery:{each.code}:{'a' * 64}" for each in [*waiting, left])
    assert "Needs fixing" not in page

    sent = [tick for tick in ticks if str(left.code) not in tick]
    client.post(address("work_together", desk), {"act": "approve", "item": sent})

    assert sorted(jobs(desk)) == sorted(("read", str(each.code)) for each in waiting)
    with tenant_context(desk.tenant.id):
        assert Delivery.objects.get(pk=left.pk).approved_at is None


def test_an_approval_of_what_has_changed_does_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    waiting = wait_for_approval(desk)

    answer = as_user(cast.owner).post(
        address("approve", desk), {"delivery": f"{waiting.code}:{'b' * 64}", "next": address("work", desk)}, follow=True
    )

    assert "was not approved" in answer.content.decode()
    assert jobs(desk) == []


def test_a_viewer_approves_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    waiting = wait_for_approval(desk)

    answer = as_user(cast.viewer).post(address("approve", desk), {"delivery": f"{waiting.code}:{'a' * 64}"})

    assert answer.status_code == 403
    assert jobs(desk) == []


def test_a_look_ahead_is_asked_for_once(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.owner)

    client.post(address("dry_run", desk))
    client.post(address("dry_run", desk))

    assert jobs(desk) == [("dry_run", str(desk.connection.code))]
    part = client.get(address("dry_run", desk), headers={"HX-Request": "true"}).content.decode()
    assert "are being read" in part
    assert "<html" not in part


def test_the_look_ahead_shows_receiver_service_parcels_price_and_problems(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    ended_look(
        desk,
        DryDelivery(
            number="60001",
            delivered_on="2026-11-20",
            receiver=("Möbelhaus Lindner GmbH", "40212 Düsseldorf"),
            service="UPS Standard",
            parcels=(DryParcel(weight="8.4 kg", size="40 x 30 x 20 cm"),),
            price=Decimal("9.87"),
            currency="EUR",
        ),
        DryDelivery(
            number="60002",
            delivered_on="2026-11-19",
            problems=(Problem(code="x", text="Item LAMP-22 has no weight.", where="Exact Online"),),
        ),
    )

    page = text(as_user(cast.viewer), address("dry_run", desk))

    for words in ("Möbelhaus Lindner GmbH", "UPS Standard", "8.4 kg, 40 x 30 x 20 cm", "9.87 EUR", "LAMP-22"):
        assert words in page
    assert "1 of 2 would be shipped with UPS, 1 would wait" in page


def test_a_company_without_deliveries_may_go_on(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    not_live(desk)
    ended_look(desk)

    page = text(as_user(cast.owner), address("dry_run", desk))

    assert "has no goods deliveries yet" in page
    assert f'href="{address("go_live", desk)}"' in page


def ended_look(desk: Desk, *deliveries: DryDelivery) -> None:
    with tenant_context(desk.tenant.id):
        run = DryRun.objects.create(tenant=desk.tenant, connection=desk.connection)
        dry_run.finish(run, list(deliveries), at=timezone.now())
