"""What the line in Exact and the proof of delivery say, out of the rows of a delivery."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncjobs.models import Delivery, Parcel
from syncjobs.papers import line_facts, page_url, proof_facts
from syncjobs.proof import ProofFacts
from syncjobs.remarks import LineFacts
from syncjobs.tracking.progress import lock, take_in
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.pages.scene import make_desk, make_shipped
from tests.pages.travels import parcels_of
from tests.syncjobs.tellings import NOON, PUSH, hours, record, scan, without_gmt
from ups.events import ParcelEvent, Place

pytestmark = pytest.mark.django_db
AT = NOON + hours(9)
KOELN = Place(city="KOELN", country="DE")
SIGNED = "DE BOER"


def shipped(parcels: int = 1) -> Delivery:
    return make_shipped(make_desk(make_tenant("Voorbeeld Groothandel BV")), parcels=parcels, created_at=NOON)


def hear(delivery: Delivery, parcel: Parcel, *news: ParcelEvent) -> None:
    """Take in news of this parcel."""
    with tenant_context(delivery.tenant_id):
        mine = [replace(event, tracking_number=parcel.tracking_number) for event in news]
        take_in(lock(delivery.tenant_id, delivery.code), mine, at=AT)


def line(delivery: Delivery, milestone: str) -> LineFacts:
    with tenant_context(delivery.tenant_id):
        return line_facts(delivery, milestone)


def proof(delivery: Delivery) -> ProofFacts | None:
    with tenant_context(delivery.tenant_id):
        return proof_facts(delivery.tenant_id, delivery)


def test_the_line_tells_where_and_when_by_the_clock_of_the_place() -> None:
    delivery = shipped()
    (parcel,) = parcels_of(delivery)
    hear(delivery, parcel, scan("departed", NOON - hours(5)), scan("out", NOON, place=KOELN))

    facts = line(delivery, "out_for_delivery")

    assert (facts.milestone, facts.city, facts.country) == ("out_for_delivery", "KOELN", "DE")
    assert facts.local_at == (NOON + hours(2)).replace(tzinfo=None)
    assert facts.numbers == (parcel.tracking_number,)
    assert facts.url == page_url(delivery)
    assert facts.url.endswith(f"/track/{delivery.track_code}")


def test_a_line_about_an_earlier_milestone_tells_of_that_one() -> None:
    delivery = shipped()
    (parcel,) = parcels_of(delivery)
    hear(delivery, parcel, scan("picked up", NOON - hours(5), place=KOELN), scan("departed", NOON))

    facts = line(delivery, "picked_up")

    assert (facts.city, facts.local_at) == ("KOELN", (NOON - hours(3)).replace(tzinfo=None))


def test_a_line_about_an_earlier_milestone_tells_of_the_last_time_it_was_reached() -> None:
    delivery = shipped()
    first, again = scan("out", NOON - hours(26)), scan("out", NOON - hours(2), place=KOELN)
    hear(delivery, parcels_of(delivery)[0], first, again, scan("delay"))

    assert line(delivery, "out_for_delivery").city == "KOELN"


def test_a_line_about_a_delivery_tells_of_the_one_that_was_confirmed() -> None:
    delivery = shipped()
    claim = scan("delivered", NOON + hours(3), source=PUSH, place=KOELN)
    hear(delivery, parcels_of(delivery)[0], scan("delivered"), claim)

    assert line(delivery, "delivered").city == "GRONINGEN"


def test_a_line_about_what_nobody_saw_has_neither_time_nor_place() -> None:
    delivery = shipped()
    hear(delivery, parcels_of(delivery)[0], scan("departed"))

    facts = line(delivery, "picked_up")

    assert (facts.city, facts.country, facts.local_at) == ("", "", None)


def test_a_line_about_several_parcels_is_about_the_least_advanced_and_counts_the_delivered() -> None:
    delivery = shipped(parcels=2)
    one, other = parcels_of(delivery)
    hear(delivery, one, scan("delivered", NOON))
    hear(delivery, other, scan("delay", NOON - hours(1), place=KOELN))

    facts = line(delivery, "exception")

    assert (facts.city, facts.delivered) == ("KOELN", 1)
    assert facts.numbers == (one.tracking_number, other.tracking_number)


def test_who_signed_never_stands_in_the_line() -> None:
    delivery = shipped()
    hear(delivery, parcels_of(delivery)[0], scan("delivered", received_by=SIGNED))

    assert SIGNED not in repr(line(delivery, "delivered"))


@pytest.mark.parametrize("news", [[], [scan("out")], [scan("delivered", source=PUSH)], [record("delivered")]])
def test_there_is_no_proof_of_what_the_tracking_api_did_not_confirm(news: list[ParcelEvent]) -> None:
    delivery = shipped(parcels=2)
    one, other = parcels_of(delivery)
    hear(delivery, one, scan("delivered"))
    hear(delivery, other, *news)

    assert proof(delivery) is None


def test_the_proof_tells_of_every_parcel_and_all_that_happened_newest_first() -> None:
    delivery = shipped(parcels=2)
    one, other = parcels_of(delivery)
    hear(delivery, one, scan("out", NOON - hours(4)), scan("delivered", received_by=SIGNED))
    hear(delivery, other, without_gmt(scan("delivered", NOON + hours(1))))

    facts = proof(delivery)

    assert facts is not None
    assert (facts.company, facts.delivery_number) == ("Voorbeeld Groothandel BV", delivery.delivery_number)
    assert (facts.order_numbers, facts.made_at, facts.page_url) == (("20240015",), AT, page_url(delivery))
    first, second = facts.parcels
    assert (first.tracking_number, first.received_by, first.place) == (one.tracking_number, SIGNED, "GRONINGEN NL")
    assert (first.delivered_local_at, first.offset_minutes) == ((NOON + hours(2)).replace(tzinfo=None), 120)
    assert [event.milestone for event in first.events] == ["delivered", "out_for_delivery"]
    assert (second.received_by, second.zone_known, second.offset_minutes) == ("", False, None)


def test_a_parcel_whose_label_was_voided_is_no_part_of_the_proof() -> None:
    delivery = shipped(parcels=2)
    one, other = parcels_of(delivery)
    hear(delivery, one, scan("delivered"))
    hear(delivery, other, scan("voided"))

    facts = proof(delivery)

    assert facts is not None
    assert [parcel.tracking_number for parcel in facts.parcels] == [one.tracking_number]


def test_the_proof_of_a_wrong_delivery_put_right_tells_of_the_right_one() -> None:
    delivery = shipped()
    again = NOON + timedelta(hours=6)
    hear(
        delivery,
        parcels_of(delivery)[0],
        scan("delivered", place=KOELN),
        scan("delay", NOON + hours(1)),
        scan("delivered", again),
    )

    facts = proof(delivery)

    assert facts is not None
    assert (facts.parcels[0].place, facts.parcels[0].delivered_local_at) == (
        "GRONINGEN NL",
        (again + hours(2)).replace(tzinfo=None),
    )
