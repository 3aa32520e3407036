"""Packing stations: labels wait, are taken by one person only, and can be printed again."""

import io
import re
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from audit.models import Event
from syncjobs.labels import batches, stations
from syncjobs.models import Attempt, Delivery, Label, Parcel, PrintJob, Shipment, Station
from tenants.context import tenant_context
from tenants.models import Role, User
from tests import factories
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.security.digests import digest
from tests.syncjobs.threads import at_once

pytestmark = pytest.mark.django_db


def make_station(desk: Desk, name: str = "Table 1", **columns: object) -> Station:
    with tenant_context(desk.tenant.id):
        return Station.objects.create(tenant=desk.tenant, name=name, **columns)


def let_wait(desk: Desk, station: Station, *deliveries: Delivery) -> None:
    with tenant_context(desk.tenant.id):
        for number, one in enumerate(deliveries):
            labels = list(Label.objects.filter(parcel__shipment__delivery=one).order_by("pk"))
            stations.enqueue(desk.tenant.id, labels, station, timezone.now() + timedelta(seconds=number))


def waiting(desk: Desk, station: Station) -> int:
    with tenant_context(desk.tenant.id):
        return stations.waiting_at(station).count()


def url(desk: Desk, name: str, station: Station, *more: object) -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code, station.code, *more])


def take(client: Client, desk: Desk, station: Station, **fields: str) -> str:
    """Where it leads."""
    return str(client.post(url(desk, "take_labels", station), fields)["Location"])


def batch_of(address: str) -> str:
    found = re.search(r"batch=([0-9a-f-]+)", address)
    assert found is not None
    return found[1]


def prints(desk: Desk) -> list[int]:
    with tenant_context(desk.tenant.id):
        return list(Label.objects.order_by("pk").values_list("prints", flat=True))


def test_a_manager_sets_up_changes_and_closes_a_station(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.owner)
    form = {"name": " Table  1 ", "warehouse_code": "", "takes_new": "on", "paper": "a4"}

    made = client.post(reverse("syncjobs:stations", args=[desk.tenant.code]), form)
    with tenant_context(desk.tenant.id):
        station = Station.objects.get(name="Table 1")
    client.post(url(desk, "edit_station", station), form | {"paper": "label"})
    let_wait(desk, station, scene.make_shipped(desk))
    client.post(url(desk, "end_station", station))

    assert made.status_code == 302
    with tenant_context(desk.tenant.id):
        station.refresh_from_db()
        assert (station.takes_new, station.paper, station.ended_at is not None) == (True, "label", True)
        assert not PrintJob.objects.exists()
        told = list(Event.objects.for_subject(station.code).values_list("details__what", flat=True))
    assert told == ["packing station", "packing station", "packing station closed"]
    assert client.get(url(desk, "station", station)).status_code == 404


def test_two_stations_share_neither_a_name_nor_new_labels(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    make_station(desk, "Table 1", takes_new=True)
    client, address = as_user(cast.owner), reverse("syncjobs:stations", args=[desk.tenant.code])
    before = digest(desk.tenant.id)

    same_name = client.post(address, {"name": "Table 1", "paper": "label"}).content.decode()
    same_place = client.post(address, {"name": "Table 2", "paper": "label", "takes_new": "on"}).content.decode()

    assert "There is a station of this name already." in same_name
    assert "New labels of this warehouse go to another station already." in same_place
    assert digest(desk.tenant.id) == before


def test_an_operator_sets_up_no_station_and_a_viewer_takes_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk)
    let_wait(desk, station, scene.make_shipped(desk))
    operator = as_user(factories.make_member(desk.tenant, Role.OPERATOR))
    viewer = as_user(cast.viewer)
    before = digest(desk.tenant.id)

    form = {"name": "Mine", "paper": "label"}
    refused = [
        operator.post(reverse("syncjobs:stations", args=[desk.tenant.code]), form),
        operator.post(url(desk, "edit_station", station), form),
        operator.post(url(desk, "end_station", station)),
        viewer.post(url(desk, "take_labels", station)),
        viewer.post(url(desk, "drop_labels", station)),
        viewer.post(url(desk, "batch_again", station, uuid.uuid4())),
    ]

    assert [answer.status_code for answer in refused] == [403] * 6
    page = viewer.get(url(desk, "station", station)).content.decode()
    assert "Print all" not in page
    assert digest(desk.tenant.id) == before


def test_what_waits_is_taken_once_marked_and_comes_as_one_file(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk)
    let_wait(desk, station, scene.make_shipped(desk, parcels=2), scene.make_shipped(desk))
    client = as_user(cast.owner)

    page = client.get(url(desk, "station", station)).content.decode()
    leads_to = take(client, desk, station)
    taken = client.get(leads_to).content.decode()
    file = client.get(url(desk, "batch_file", station, batch_of(leads_to)))
    client.get(url(desk, "batch_file", station, batch_of(leads_to)))
    nothing = take(client, desk, station)

    assert "Print all (3)" in page
    assert "3 labels to print now" in taken
    assert len(PdfReader(io.BytesIO(file.content)).pages) == 3
    assert prints(desk) == [1, 1, 1]
    assert waiting(desk, station) == 0
    assert "batch=" not in nothing
    assert "Nothing waits here any more" in client.get(nothing).content.decode()


def test_only_the_file_may_be_framed_and_by_our_own_pages_only(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk)
    let_wait(desk, station, scene.make_shipped(desk))
    client = as_user(cast.owner)
    leads_to = take(client, desk, station)

    page = client.get(leads_to)
    file = client.get(url(desk, "batch_file", station, batch_of(leads_to)))
    others = client.get(reverse("syncjobs:stations", args=[desk.tenant.code]))

    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert (page["X-Frame-Options"], file["X-Frame-Options"]) == ("DENY", "SAMEORIGIN")
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in file["Content-Security-Policy"]
    assert "frame-src" not in others["Content-Security-Policy"]


def test_a_batch_is_printed_again_and_counted(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk, paper="a4")
    let_wait(desk, station, scene.make_shipped(desk), scene.make_shipped(desk, image_format="ZPL"))
    client = as_user(cast.owner)
    batch = batch_of(take(client, desk, station, first_place="3"))

    again = client.post(url(desk, "batch_again", station, batch))
    page = client.get(again["Location"]).content.decode()
    commands = client.get(url(desk, "batch_file", station, batch) + "?kind=printer")

    assert prints(desk) == [2, 2]
    assert "nothing new was bought" in page
    assert "Download 1 label for the label printer" in page
    assert commands.content == scene.ZPL + b"\n"
    with tenant_context(desk.tenant.id):
        assert PrintJob.objects.count() == 2


def test_a_label_whose_parcel_is_being_voided_waits_and_is_not_taken(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station, delivery = make_station(desk), scene.make_shipped(desk)
    let_wait(desk, station, delivery)
    mine = Parcel.objects.filter(shipment__delivery=delivery)
    with tenant_context(desk.tenant.id):
        mine.update(void_asked_at=timezone.now())
    client = as_user(cast.owner)

    take(client, desk, station)
    assert (waiting(desk, station), prints(desk)) == (0, [0])

    with tenant_context(desk.tenant.id):
        mine.update(void_asked_at=None)
    take(client, desk, station)
    assert prints(desk) == [1]


NOW = timezone.now()
WAYS: list[tuple[type[Model], dict[str, object], bool]] = [
    (Parcel, {}, True),
    (Parcel, {"voided_at": NOW}, False),
    (Parcel, {"void_asked_at": NOW}, False),
    (Shipment, {"voided_at": NOW}, False),
    (Attempt, {"state": Attempt.State.VOIDING, "due_at": NOW}, False),
]


@pytest.mark.parametrize(
    ("model", "columns", "is_valid"), WAYS, ids=["fine", "voided", "asked", "all voided", "voiding"]
)
def test_the_list_the_queue_and_the_label_itself_agree_which_may_be_printed(
    desk: Desk, model: type[Model], columns: dict[str, object], *, is_valid: bool
) -> None:
    station, delivery = make_station(desk), scene.make_shipped(desk)
    let_wait(desk, station, delivery)
    with tenant_context(desk.tenant.id):
        if columns:
            model._default_manager.update(**columns)
        label = Label.objects.select_related("parcel__shipment__attempt").get()
        listed = batches.labels_in_pick_order(desk.tenant.id, [delivery.code])

    assert (len(listed), waiting(desk, station), batches.is_valid(label)) == (is_valid, is_valid, is_valid)


def test_labels_that_were_voided_or_erased_drop_out(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk)
    voided, erased, part = scene.make_shipped(desk), scene.make_shipped(desk), scene.make_shipped(desk, parcels=2)
    let_wait(desk, station, voided, erased, part)
    now = timezone.now()
    with tenant_context(desk.tenant.id):
        Shipment.objects.filter(delivery=voided).update(voided_at=now)
        Label.objects.filter(parcel__shipment__delivery=erased).update(erased_at=now, content=None, sealed_key=None)
        Parcel.objects.filter(shipment__delivery=part, position=2).update(voided_at=now)
    client = as_user(cast.owner)

    assert waiting(desk, station) == 1
    file = client.get(url(desk, "batch_file", station, batch_of(take(client, desk, station))))

    assert len(PdfReader(io.BytesIO(file.content)).pages) == 1
    assert prints(desk) == [0, 0, 1, 0]
    with tenant_context(desk.tenant.id):
        assert PrintJob.objects.filter(taken_at=None).count() == 0


def test_the_chosen_ones_wait_no_longer(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk)
    first, second = scene.make_shipped(desk), scene.make_shipped(desk)
    let_wait(desk, station, first, second)
    with tenant_context(desk.tenant.id):
        job = PrintJob.objects.get(label__parcel__shipment__delivery=first)

    as_user(cast.owner).post(url(desk, "drop_labels", station), {"job": [str(job.code), "nonsense"]})

    assert waiting(desk, station) == 1
    assert prints(desk) == [0, 0]
    with tenant_context(desk.tenant.id):
        assert Event.objects.for_subject(first.code).filter(details__what="labels not printed").count() == 1


def test_an_open_page_is_told_only_what_is_new(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk)
    client = as_user(cast.viewer)
    page = client.get(url(desk, "station", station)).content.decode()
    seen = re.search(r"\?seen=([^\"]*)\"", page)
    assert seen is not None
    ask = partial(client.get, f"{url(desk, 'station', station)}?seen={seen[1]}", headers={"HX-Request": "true"})

    same = ask()
    let_wait(desk, station, scene.make_shipped(desk))
    changed = ask()

    assert same.status_code == 204
    assert changed.status_code == 200
    assert "<html" not in changed.content.decode()


def test_many_deliveries_are_sent_to_a_station_once_each(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk)
    deliveries = [scene.make_shipped(desk), scene.make_shipped(desk, parcels=2)]
    client = as_user(cast.owner)
    form = {"delivery": [str(one.code) for one in deliveries], "station": str(station.code)}
    address = reverse("syncjobs:print_labels", args=[desk.tenant.code])

    client.post(address, form)
    page = client.post(address, form, follow=True).content.decode()

    assert waiting(desk, station) == 3
    assert "0 labels wait at Table 1 now." in page
    assert prints(desk) == [0, 0, 0]


@pytest.mark.parametrize(("warehouse", "expected"), [("1", "One"), ("2", "Rest"), ("", "Rest")])
def test_new_labels_come_by_themselves_to_the_station_of_their_warehouse(
    desk: Desk, warehouse: str, expected: str
) -> None:
    rest, one = (
        make_station(desk, "Rest", takes_new=True),
        make_station(desk, "One", takes_new=True, warehouse_code="1"),
    )
    make_station(desk, "Not by itself", warehouse_code="2")
    delivery = scene.make_shipped(desk, parcels=2)

    with tenant_context(desk.tenant.id):
        stations.enqueue_new(Shipment.objects.get(delivery=delivery), warehouse, timezone.now())

    assert {"Rest": waiting(desk, rest), "One": waiting(desk, one)} == {"Rest": 0, "One": 0} | {expected: 2}


def test_the_page_of_a_station_takes_few_statements(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    station = make_station(desk)
    let_wait(desk, station, *(scene.make_shipped(desk) for _ in range(5)))
    client = as_user(cast.owner)
    take(client, desk, station)
    let_wait(desk, station, *(scene.make_shipped(desk) for _ in range(5)))

    counts = {}
    for name, address in {
        "station": url(desk, "station", station),
        "stations": reverse("syncjobs:stations", args=[desk.tenant.code]),
    }.items():
        client.get(address)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(address).status_code == 200
        counts[name] = len([one for one in caught.captured_queries if "SAVEPOINT" not in one["sql"]])

    assert max(counts.values()) <= 12, counts


def taken_by(desk: Desk, station: Station, user: User) -> set[int]:
    batch = stations.take(
        actor=f"user:{user.code}",
        tenant_id=desk.tenant.id,
        station_code=station.code,
        user_id=user.pk,
        at=timezone.now(),
    )
    with tenant_context(desk.tenant.id):
        return {label.pk for label in stations.labels_of_batch(station, batch)} if batch else set()


@pytest.mark.django_db(transaction=True)
def test_two_who_print_at_the_same_moment_never_get_the_same_label() -> None:
    owner = factories.make_user("owner")
    desk = scene.make_desk(factories.make_tenant(owner=owner))
    station = make_station(desk)
    let_wait(desk, station, *(scene.make_shipped(desk) for _ in range(6)))

    one, two = at_once(partial(taken_by, desk, station, owner), partial(taken_by, desk, station, owner))

    assert one & two == set()
    assert len(one | two) == 6
    assert prints(desk) == [1] * 6
