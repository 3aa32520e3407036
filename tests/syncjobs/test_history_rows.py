"""A history in the database: every word of it comes back, and what names a person stands in no plain column."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from connector_site.lib.secrets import unseal
from syncjobs.models import Parcel, TrackingEvent
from syncjobs.tracking.history_rows import PURPOSE, received_by, receiver_of, rows_of, store, told_of
from syncjobs.tracking.merging import merge, told
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.pages.scene import make_desk, make_shipped
from tests.pages.travels import parcels_of
from tests.syncjobs.tellings import NOON, PUSH, M, hours, record, scan, without_gmt
from ups.events import ParcelEvent, Place, Source

pytestmark = pytest.mark.django_db
SIGNED = "DE BOER"


@pytest.fixture
def parcel() -> Parcel:
    return parcels_of(make_shipped(make_desk(make_tenant())))[0]


def keep(parcel: Parcel, *events: ParcelEvent) -> list[TrackingEvent]:
    """Take events into the stored history; the rows afterwards."""
    with tenant_context(parcel.tenant_id):
        rows = rows_of([parcel])[parcel.pk]
        store(parcel, rows, merge(map(told_of, rows), map(told, events)), at=NOON)
        return rows_of([parcel])[parcel.pk]


def raw_of(row: TrackingEvent) -> object:
    with tenant_context(row.tenant_id):
        return unseal(TrackingEvent.objects.get(pk=row.pk).sealed, owner=row.code, purpose=PURPOSE)["raw"]


def signer_of(row: TrackingEvent) -> str:
    with tenant_context(row.tenant_id):
        return receiver_of(row)


@pytest.mark.parametrize(
    "event",
    [
        scan("delivered", scheduled_date=NOON.date()),
        without_gmt(scan("customs", source=PUSH)),
        record("delivered"),
        scan("odd", happened_at=None, local_at=None, offset_minutes=None, zone_known=False, place=Place()),
        scan("hold asked for", offset_minutes=-210),
    ],
    ids=lambda event: f"{event.source}-{event.description}",
)
def test_an_event_comes_back_from_its_row_as_it_was(parcel: Parcel, event: ParcelEvent) -> None:
    (row,) = keep(parcel, event)

    before = told(event)
    assert told_of(row) == type(before)(
        **{name: getattr(before, name) for name in before.__dataclass_fields__ if name != "raw"}, raw={}
    )


def test_a_row_tells_the_same_history_when_the_same_news_comes_again(parcel: Parcel) -> None:
    news = [scan("delivered"), scan("out", NOON - hours(3), source=PUSH), record("picked up", NOON - hours(20))]
    before = [(row.pk, row.code, row.fingerprint) for row in keep(parcel, *news)]

    after = keep(parcel, *reversed(news))

    assert [(row.pk, row.code, row.fingerprint) for row in after] == before


def test_news_that_was_told_before_is_not_written_again(parcel: Parcel) -> None:
    keep(parcel, scan("departed"), scan("out", NOON + hours(2)))

    with tenant_context(parcel.tenant_id):
        rows = rows_of([parcel])[parcel.pk]
        merged = merge(map(told_of, rows), map(told, [scan("departed"), scan("out", NOON + hours(2))]))

    assert merged.changed == frozenset()


def test_a_richer_telling_enriches_the_row_and_keeps_what_both_sent(parcel: Parcel) -> None:
    first = keep(parcel, without_gmt(scan("delivered", source=PUSH, raw={"pushed": 1})))

    (row,) = keep(parcel, scan("delivered", raw={"tracked": 2}))

    assert (row.pk, row.code) == (first[0].pk, first[0].code)
    assert (row.sources, row.zone_known, row.happened_at) == (["push", "track"], True, NOON)
    assert raw_of(row) == {"push": {"pushed": 1}, "track": {"tracked": 2}}


def test_two_rows_that_turn_out_to_be_one_event_become_one_and_lose_nothing(parcel: Parcel) -> None:
    gmt_alone = scan("delivered", source=PUSH, local_at=None, offset_minutes=None, raw={"pushed": 1})
    by_the_wall = record("delivered", raw={"viewed": 2}, received_by=SIGNED)
    first = keep(parcel, gmt_alone, by_the_wall)

    (row,) = keep(parcel, scan("delivered", raw={"tracked": 3}))

    assert len(first) == 2
    assert row.pk == first[0].pk
    assert row.sources == ["push", "track", "view"]
    assert raw_of(row) == {"push": {"pushed": 1}, "view": {"viewed": 2}, "track": {"tracked": 3}}
    assert signer_of(row) == SIGNED


def test_the_same_hour_on_the_wall_in_two_zones_is_kept_as_two_rows(parcel: Parcel) -> None:
    first = scan("departed")
    later = scan("departed", NOON + hours(1), local_at=first.local_at, offset_minutes=60)

    assert len(keep(parcel, first, later)) == 2


def test_who_signed_stands_in_no_plain_column_and_opens_for_its_own_row_alone(parcel: Parcel) -> None:
    event = scan("delivered", received_by=SIGNED, raw={"deliveryInformation": {"receivedBy": SIGNED}})

    (row,) = keep(parcel, event)

    with tenant_context(parcel.tenant_id), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e)::text FROM syncjobs_trackingevent e")
        ((stored,),) = cursor.fetchall()
    assert SIGNED not in stored
    assert SIGNED not in json.dumps(row.description)
    assert signer_of(row) == SIGNED


def test_who_signed_survives_a_later_telling_without_a_name(parcel: Parcel) -> None:
    keep(parcel, record("delivered", received_by=SIGNED))

    (row,) = keep(parcel, scan("delivered"))

    assert signer_of(row) == SIGNED


def test_a_history_says_who_signed_wherever_it_stands_in_it(parcel: Parcel) -> None:
    rows = keep(parcel, scan("departed"), scan("delivered", NOON + hours(4), received_by=SIGNED))

    with tenant_context(parcel.tenant_id):
        assert received_by(rows) == SIGNED
        assert received_by(rows[:1]) == ""


def test_words_longer_than_their_column_are_cut_and_kept_whole_under_seal(parcel: Parcel) -> None:
    words = "Straße " * 60

    (row,) = keep(parcel, scan("delay", description=words, raw={"words": words}))

    assert row.description == words[:250]
    assert raw_of(row) == {"track": {"words": words}}


@pytest.mark.parametrize("source", [PUSH, Source.TRACK, Source.VIEW])
@pytest.mark.parametrize(
    "words",
    [
        {"type": "ß" * 30, "code": "CODE" * 3, "description": "D" * 300},
        {"type": "T" * 300, "status_code": "005" * 3, "place": Place(city="C" * 99, state="S" * 99, country="NLD" * 9)},
        {"description": "D" * 300, "happened_at": None, "local_at": None, "zone_known": False},
    ],
)
def test_a_stored_event_is_the_same_as_the_one_that_was_told_however_long_its_words(
    parcel: Parcel, words: dict[str, Any], source: Source
) -> None:
    event = scan("departed", source=source, **words)
    (before,) = keep(parcel, event)

    (after,) = keep(parcel, event)

    assert (after.pk, after.fingerprint) == (before.pk, told_of(before).fingerprint)
    assert told_of(after) == replace(told(event), raw={})


def test_words_that_read_the_same_side_by_side_are_two_events(parcel: Parcel) -> None:
    one, other = scan("odd", type="I", code="1|02"), scan("odd", type="I|1", code="02")

    assert len(keep(parcel, one, other)) == 2


def test_an_event_that_becomes_what_another_one_was_is_stored(parcel: Parcel) -> None:
    """Both change at once, and each place in the history is taken once."""
    by_both_clocks = scan("departed", source=PUSH)
    by_the_wall = without_gmt(scan("departed", NOON + hours(1), source=PUSH))
    keep(parcel, by_the_wall, by_both_clocks)

    rows = keep(
        parcel,
        replace(without_gmt(scan("departed")), happened_at=NOON),
        replace(scan("departed", NOON), local_at=by_the_wall.local_at),
    )

    assert [(row.happened_at, row.zone_known, row.sources) for row in rows] == [
        (NOON, True, ["push", "track"]),
        (NOON, False, ["push", "track"]),
    ]


def test_the_receivers_postal_code_stands_in_no_plain_column(parcel: Parcel) -> None:
    place = Place(city="GRONINGEN", postal_code="9711AB", country="NL")

    (row,) = keep(parcel, scan("delivered", place=place, raw={"postalCode": "9711AB"}))

    with tenant_context(parcel.tenant_id), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e)::text FROM syncjobs_trackingevent e")
        ((stored,),) = cursor.fetchall()
    assert "9711AB" not in stored
    assert raw_of(row) == {"track": {"postalCode": "9711AB"}}


def test_what_the_tracking_api_said_itself_is_kept_beside_what_others_add(parcel: Parcel) -> None:
    unclear = scan("odd")
    keep(parcel, unclear)

    (row,) = keep(parcel, replace(unclear, source=PUSH, status_code="011", milestone=M.DELIVERED, reason=""))

    assert (row.milestone, row.track_says, row.status_code) == ("delivered", "unknown", "")


def test_each_parcel_has_its_own_history() -> None:
    delivery = make_shipped(make_desk(make_tenant()), parcels=2)
    one, other = parcels_of(delivery)
    keep(one, scan("departed"))
    keep(other, scan("departed"), scan("out", NOON + hours(1)))

    with tenant_context(delivery.tenant_id):
        found = rows_of([one, other])

    assert [len(found[parcel.pk]) for parcel in (one, other)] == [1, 2]
    assert rows_of([]) == {}


def test_the_table_of_sources_is_the_one_of_events(parcel: Parcel) -> None:
    (row,) = keep(parcel, *[scan("out", source=source) for source in (Source.PUSH, Source.TRACK)])

    assert told_of(row).sources == {Source.PUSH, Source.TRACK}
    assert told_of(row).milestone == M.OUT_FOR_DELIVERY
