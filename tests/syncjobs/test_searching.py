"""What people type finds the deliveries it may mean, of their own company alone."""

import re
from collections.abc import Callable

import pytest
from django.db import connection

from connector_site.lib.row_security import DISPATCH_ROLE
from syncjobs.listing import searching
from syncjobs.models import Delivery, Parcel, PartyAddress, Shipment
from tenants.context import tenant_context
from tests import factories
from tests.pages import scene
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return scene.make_desk(factories.make_tenant())


def found(desk: Desk, text: str) -> list[int] | None:
    with tenant_context(desk.tenant.id):
        return searching.find(desk.tenant.id, text)


def tracking_number(delivery: Delivery) -> str:
    return str(delivery.written["tracking_number"])


INDEXES = (
    "delivery_number",
    "delivery_order",
    "delivery_orders_of_company",
    "parcel_number",
    "parcel_number_ending",
    "party_finders",
)
WAYS: dict[str, Callable[[Delivery], str]] = {
    "delivery": lambda delivery: delivery.delivery_number,
    "beginning of the delivery": lambda delivery: delivery.delivery_number[:4],
    "order": lambda delivery: "20240015",
    "second order": lambda delivery: "20240016",
    "beginning of the order": lambda delivery: "202400",
    "tracking number": tracking_number,
    "tracking number in pieces": lambda delivery: " ".join(
        [tracking_number(delivery)[:2], tracking_number(delivery)[2:]]
    ),
    "end of the tracking number": lambda delivery: tracking_number(delivery)[-5:],
    "name": lambda delivery: "mobelhaus LINDNER",
    "postcode": lambda delivery: "40212",
    "phone": lambda delivery: "+49 211 1234567",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_delivery_is_found_by_its_numbers_and_its_receiver(desk: Desk, way: str) -> None:
    delivery = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=delivery.pk).update(order_numbers="20240015, 20240016")

    assert found(desk, WAYS[way](delivery)) == [delivery.pk]


@pytest.mark.parametrize("text", ["lindner schmidt", "0015", "99999", "%", "_", "'", "\0x\\"])
def test_what_means_no_delivery_finds_none(desk: Desk, text: str) -> None:
    scene.make_shipped(desk)

    assert found(desk, text) == []


@pytest.mark.parametrize("text", ["", "  ", "\0"])
def test_saying_nothing_is_no_search(desk: Desk, text: str) -> None:
    assert found(desk, text) is None


@pytest.mark.parametrize("way", WAYS)
def test_another_company_finds_nothing_of_ours(desk: Desk, way: str) -> None:
    delivery = scene.make_shipped(desk)
    other = scene.make_desk(factories.make_tenant("Ander Bedrijf BV"), division=654321)

    assert found(other, WAYS[way](delivery)) == []


def test_the_wall_holds_even_for_hashes_made_for_another_company(desk: Desk) -> None:
    scene.make_shipped(desk)
    other = factories.make_tenant("Ander Bedrijf BV")

    with tenant_context(other.id):
        assert searching.find(desk.tenant.id, "Lindner") == []


def test_without_a_company_nothing_is_found(desk: Desk) -> None:
    scene.make_shipped(desk)

    assert searching.find(desk.tenant.id, "Lindner") == []


def test_more_than_can_be_shown_are_cut_and_said_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_FOUND", 2)
    made = [scene.make_delivery(desk) for _ in range(3)]

    with tenant_context(desk.tenant.id):
        answer = searching.search(desk.tenant.id, "20240015")

    assert answer is not None
    assert (answer.is_cut, len(answer.keys)) == (True, 2)
    assert set(answer.keys) < {delivery.pk for delivery in made}


# Among a handful of rows every index costs the same, and which one a plan takes is chance.
MANY = 2000


def make_many(desk: Desk, number: Callable[[int], str], orders: Callable[[int], str]) -> None:
    """Deliveries of which only the numbers count, with a receiver nobody looks for."""
    with tenant_context(desk.tenant.id):
        made = Delivery.objects.bulk_create(
            Delivery(
                tenant=desk.tenant,
                connection=desk.connection,
                exact_entry_id=factories.some_guid(),
                delivery_number=number(n),
                order_numbers=orders(n),
            )
            for n in range(MANY)
        )
        PartyAddress.objects.bulk_create(
            PartyAddress(tenant=desk.tenant, delivery=delivery, finders=[f"{delivery.pk:032x}"]) for delivery in made
        )


def explained(how: str, values: dict[str, str]) -> str:
    """The plan of the statement behind the search, for these values, with sequential scans off."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'syncjobs_find_deliveries'")
        body = re.sub(rf"\b({'|'.join(values)})\b", lambda found: values[found[1]], str(cursor.fetchone()[0]))
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("ANALYZE syncjobs_parcel, syncjobs_delivery, syncjobs_partyaddress")
        cursor.execute(f"SET LOCAL enable_seqscan = off; SET LOCAL ROLE {DISPATCH_ROLE}")
        cursor.execute(f"{how} {body}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_what_other_companies_have_under_the_same_number_is_not_even_met(desk: Desk) -> None:
    scene.make_delivery(desk)
    make_many(desk, number=lambda n: f"7{n:05}", orders=lambda n: f"3024{n:04}")
    other = scene.make_desk(factories.make_tenant("Ander Bedrijf BV"), division=654321)
    make_many(other, number=lambda n: "600", orders=lambda n: "20240014, 20240015")
    values = {"beginning": "'20240015'::text", "ending": "''::text", "ways": "'{}'::text[]", "most": "501"}

    with tenant_context(desk.tenant.id):
        plan = explained("EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF)", values)

    met = re.search(r"Bitmap Index Scan on delivery_orders_of_company \(actual rows=([\d.]+)", plan)
    assert met is not None, plan
    assert float(met[1]) == 1
    assert "Rows Removed" not in plan, plan


def test_every_way_has_an_index(desk: Desk) -> None:
    """With sequential scans off a plan still shows one where nothing else serves."""
    scene.make_shipped(desk)
    make_many(desk, number=lambda n: f"7{n:05}", orders=lambda n: f"3024{n:04}")
    with tenant_context(desk.tenant.id):
        shipment = Shipment.objects.get(tenant=desk.tenant)
        Parcel.objects.bulk_create(
            Parcel(tenant=desk.tenant, shipment=shipment, position=n, tracking_number=f"1ZX{n:08}", weight=1)
            for n in range(2, 2 + MANY)
        )
    values = {"beginning": "'600'::text", "ending": "'006'::text", "ways": "'{a}'::text[]", "most": "501"}
    with tenant_context(desk.tenant.id):
        plan = explained("EXPLAIN", values)

    assert [index for index in INDEXES if not re.search(rf" on {index}\b|using {index}\b", plan)] == [], plan
