"""Scripts tell the truth about themselves, and plans keep to the clock (ups.md 9)."""

from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise

import pytest

from sandbox.ups.labels.facts import LabelFacts
from sandbox.ups.shipments import Parcel, Shipment
from sandbox.ups.travel.activity import Activity
from sandbox.ups.travel.scripts import SCRIPTS
from sandbox.ups.travel.travels import Travels, UnknownParcelError, UnknownScriptError

LABEL_AT = datetime(2026, 10, 23, 8, 0, 0, 400_000, tzinfo=UTC)
START_AT = LABEL_AT + timedelta(hours=1)
LONG_AFTER = LABEL_AT + timedelta(days=60)
NUMBERS = ("1ZA1B2C36800000016", "1ZA1B2C36800000025", "1ZA1B2C36800000034")

BY_STATUS = {
    "003": "label_created",
    "007": "voided",
    "038": "picked_up",
    "014": "in_transit",
    "021": "out_for_delivery",
    "161": "available_for_pickup",
    "011": "delivered",
    "034": "returned_to_sender",
    "127": "",
    "153": "",
} | dict.fromkeys(("013", "022", "023", "035", "036", "053", "058", "059", "064", "149"), "exception")
"""The rows of ups.md 9.2 that the scripts use, copied from there."""
BY_CODE = {("I", "OR"): "picked_up", ("X", "S9"): "exception"}
LOST_OR_DESTROYED = {"S9", "TJ", "8D", "BZ", "1F", "NI", "IY", "J0", "YL", "YM"}
"""The row `lost, destroyed, seized, disposed` of ups.md 9.3."""


def shipment(*, origin: str = "NL", destination: str = "NL", state: str = "", parcels: int = 1) -> Shipment:
    facts = LabelFacts(
        sender=(),
        receiver=(),
        service_name="UPS Standard",
        tracking_number=NUMBERS[0],
        place=1,
        places=parcels,
        weight="2 KG",
        shipped_on="23 OCT 2026",
        references=(),
        description="",
        routing="",
    )
    return Shipment(
        number=NUMBERS[0],
        client_id="app-1",
        shipper_number="A1B2C3",
        origin=origin,
        destination=destination,
        receiver="Afnemer Noord",
        receiver_place="Groningen",
        receiver_postal_code="9723 AB",
        receiver_state=state,
        shipper_place="Rotterdam",
        service="11",
        service_name="UPS Standard",
        references=("20240015",),
        label_format="ZPL",
        has_invoice=False,
        is_return=False,
        total="10.00 EUR",
        context="",
        created_at=LABEL_AT,
        parcels=[Parcel(tracking_number=number, label=facts, weight="2 KG") for number in NUMBERS[:parcels]],
    )


def travels_with(made: Shipment) -> Travels:
    travels = Travels()
    travels.add(made)
    return travels


def travelled(script: str, *, hours_per_second: float | None = None, made: Shipment | None = None) -> list[Activity]:
    """Everything that happens to the first parcel."""
    travels = travels_with(made or shipment())
    travels.start(NUMBERS[0], script, at=START_AT, hours_per_second=hours_per_second)
    return travels.activities(NUMBERS[0], now=LONG_AFTER)


def state_of(activity: Activity) -> str:
    """A reading of one activity by ups.md 9 that shares nothing with anybody's code; "" changes nothing."""
    if activity.status_code in BY_STATUS:
        return BY_STATUS[activity.status_code]
    in_transit = "in_transit" if activity.type == "I" and activity.status_code == "005" else ""
    return BY_CODE.get((activity.type, activity.code), in_transit)


def states_passed(activities: list[Activity]) -> list[str]:
    """States in the order they happened; a scan on the way after the delivery does not undo it."""
    passed: list[str] = []
    for state in filter(None, map(state_of, activities)):
        if not (passed[-1:] == ["delivered"] and state == "in_transit"):
            passed.append(state)
    return [state for state, _ in groupby(passed)]


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_ends_as_its_truth_says(name: str) -> None:
    activities = travelled(name)

    assert states_passed(activities) == list(SCRIPTS[name].milestones)
    assert SCRIPTS[name].milestones[-1] == SCRIPTS[name].final_milestone


@pytest.mark.parametrize("name", SCRIPTS)
def test_reason_is_named_for_parcels_that_never_come_and_for_no_others(name: str) -> None:
    ends_in_loss = travelled(name)[-1].code in LOST_OR_DESTROYED

    assert SCRIPTS[name].final_reason == ("lost_or_destroyed" if ends_in_loss else "")


@pytest.mark.parametrize("hours_per_second", [None, 30.0, 1000.0])
@pytest.mark.parametrize("name", SCRIPTS)
def test_times_are_whole_seconds_and_never_equal(name: str, hours_per_second: float | None) -> None:
    activities = travelled(name, hours_per_second=hours_per_second)

    assert {activity.happened_at.microsecond for activity in activities} == {0}
    assert all(second.happened_at > first.happened_at for first, second in pairwise(activities))
    assert all(activity.known_at >= activity.happened_at for activity in activities)


@pytest.mark.parametrize("hours_per_second", [None, 30.0])
def test_truth_holds_at_every_pace(hours_per_second: float | None) -> None:
    assert states_passed(travelled("late_scans", hours_per_second=hours_per_second))[-1] == "delivered"


def test_parcel_that_was_not_sent_off_has_its_label_only() -> None:
    [activity] = travels_with(shipment()).activities(NUMBERS[0], now=LONG_AFTER)

    assert (activity.type, activity.code, activity.status_code) == ("M", "MP", "003")
    assert activity.happened_at == datetime(2026, 10, 23, 8, 0, 0, tzinfo=UTC)


def test_nothing_is_known_before_it_happens() -> None:
    travels = travels_with(shipment())
    travels.start(NUMBERS[0], "normal", at=START_AT)

    known = travels.activities(NUMBERS[0], now=START_AT + timedelta(hours=20))

    assert states_passed(known)[-1] == "in_transit"
    assert len(known) < len(travels.activities(NUMBERS[0], now=LONG_AFTER))


def test_late_scans_become_known_after_the_delivery_that_they_precede() -> None:
    activities = travelled("late_scans")
    [delivery] = [activity for activity in activities if activity.is_delivery]

    late = [activity for activity in activities if activity.known_at - activity.happened_at > timedelta(seconds=1)]

    assert len(late) == 2
    assert all(activity.happened_at < delivery.happened_at < activity.known_at for activity in late)


def test_local_times_follow_the_zone_of_the_place_through_the_end_of_summer_time() -> None:
    travels = travels_with(shipment())
    travels.start(NUMBERS[0], "normal", at=datetime(2026, 10, 24, 10, 0, tzinfo=UTC))

    offsets = [str(activity.local_at.utcoffset()) for activity in travels.activities(NUMBERS[0], now=LONG_AFTER)]

    assert offsets[0] == "2:00:00"
    assert offsets[-1] == "1:00:00"


@pytest.mark.parametrize(
    ("destination", "state", "zone"),
    [("GB", "", "Europe/London"), ("US", "CA", "America/Los_Angeles"), ("US", "GA", "America/New_York")],
)
def test_delivery_happens_in_the_zone_of_the_receiver(destination: str, state: str, zone: str) -> None:
    delivery = travelled("normal", made=shipment(destination=destination, state=state))[-1]

    assert (delivery.city, delivery.state, delivery.country) == ("GRONINGEN", state, destination)
    assert str(delivery.zone) == zone


def test_each_parcel_of_a_split_shipment_arrives_on_its_own_day() -> None:
    travels = travels_with(shipment(parcels=3))
    for number in NUMBERS:
        travels.start(number, "split_over_days", at=START_AT)

    days = [travels.activities(number, now=LONG_AFTER)[-1].local_at.date() for number in NUMBERS]

    assert days == [date(2026, 10, 24), date(2026, 10, 26), date(2026, 10, 28)]


def test_delay_announces_a_later_date() -> None:
    announced = [activity.scheduled_date for activity in travelled("weather_delay") if activity.announces_date]

    assert announced == [date(2026, 10, 24), date(2026, 10, 25)]


def test_voided_parcel_stops_where_it_is() -> None:
    travels = travels_with(shipment())
    travels.start(NUMBERS[0], "normal", at=START_AT)

    travels.void(NUMBERS[0], at=LABEL_AT + timedelta(minutes=30))

    assert [each.type for each in travels.activities(NUMBERS[0], now=LONG_AFTER)] == ["M", "MV"]


def test_second_start_keeps_what_is_known_and_gives_up_the_rest() -> None:
    travels = travels_with(shipment())
    travels.start(NUMBERS[0], "normal", at=START_AT)

    travels.start(NUMBERS[0], "lost", at=START_AT + timedelta(hours=3))

    types = [activity.code for activity in travels.activities(NUMBERS[0], now=LONG_AFTER)]
    assert types == ["MP", "PU", "OR", "PU", "OR", "DP", "AR", "GN", "S9"]


def test_unknown_parcel_and_unknown_script_are_refused_and_start_nothing() -> None:
    travels = travels_with(shipment())

    with pytest.raises(UnknownParcelError):
        travels.start("1ZA1B2C36899999999", "normal", at=START_AT)
    with pytest.raises(UnknownScriptError):
        travels.start(NUMBERS[0], "by_rocket", at=START_AT)

    assert len(travels.get(NUMBERS[0]).planned) == 1
