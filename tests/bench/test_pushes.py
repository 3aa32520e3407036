"""The pushes that the benchmark sends: each is one that UPS could have sent, and an event of its own."""

from itertools import islice

from bench.load import LoadOrder, requests_of
from bench.order import PushDoor, doors_as_text, read_doors
from bench.pushes import Target, messages
from ups.track_alert import read_push

DOORS = tuple(
    PushDoor(division=number, path=f"/hooks/ups/{number}", credential=f"secret-{number}") for number in range(2)
)
PARCELS = [Target(entry_id=str(door.division), number=f"1ZB00000000000000{door.division}", door=door) for door in DOORS]


def test_every_push_is_an_event_of_its_own_that_moves_a_parcel() -> None:
    read = [read_push(message.body.encode()) for message in islice(messages(PARCELS), 50)]

    assert len({push.fingerprint for push in read}) == 50
    assert {push.event.milestone for push in read} == {"in_transit"}
    assert {push.event.tracking_number for push in read} == {parcel.number for parcel in PARCELS}


def test_a_push_goes_to_the_door_of_its_parcels_account_with_the_credential_of_that_door() -> None:
    ready = list(islice(messages(PARCELS), 2))
    order = LoadOrder(
        host="127.0.0.1",
        port=80,
        paths=[message.path for message in ready],
        bodies=[message.body for message in ready],
        credentials=[message.credential for message in ready],
        seconds=1,
    )

    heads = [request.split(b"\r\n\r\n", 1)[0].split(b"\r\n") for request in requests_of(order)]

    assert [head[0] for head in heads] == [b"POST /hooks/ups/0 HTTP/1.1", b"POST /hooks/ups/1 HTTP/1.1"]
    assert [b"credential: secret-0" in heads[0], b"credential: secret-1" in heads[1]] == [True, True]


def test_a_request_without_a_credential_has_no_such_header() -> None:
    order = LoadOrder(host="127.0.0.1", port=80, paths=["/hooks/exact/1"], bodies=["{}"], seconds=1)

    assert b"credential" not in requests_of(order)[0]


def test_the_doors_arrive_as_they_were_written() -> None:
    assert read_doors(doors_as_text(list(DOORS))) == DOORS
