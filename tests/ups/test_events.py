"""Events fit the rows they are kept in, however long UPS's texts are."""

import json

import pytest
from django.db import models

from syncjobs.models import Parcel, TrackingEvent
from ups.events import Milestone, ParcelEvent
from ups.statuses import Reason
from ups.track_alert import read_push

ENDLESS = "M" * 1000


def endless_event() -> ParcelEvent:
    place = dict.fromkeys(("city", "stateProvince", "postalCode", "country"), ENDLESS)
    status = dict.fromkeys(("type", "code", "description", "descriptionCode"), ENDLESS)
    body = {"trackingNumber": "1ZA1B2C36800000016", "activityLocation": place, "activityStatus": status}
    return read_push(json.dumps(body).encode()).event


def width(column: str) -> int:
    field = TrackingEvent._meta.get_field(column)
    assert isinstance(field, models.CharField)
    assert field.max_length is not None
    return field.max_length


@pytest.mark.parametrize(
    ("column", "part"),
    [("type", "type"), ("event_code", "code"), ("status_code", "status_code"), ("description", "description")],
)
def test_texts_of_an_event_fit_their_columns(column: str, part: str) -> None:
    assert len(getattr(endless_event(), part)) <= width(column)


@pytest.mark.parametrize("part", ["city", "state", "country"])
def test_texts_of_a_place_fit_their_columns(part: str) -> None:
    assert len(getattr(endless_event().place, part)) <= width(part)


def test_what_was_cut_is_kept_in_the_raw_event() -> None:
    event = endless_event()

    assert event.raw["activityStatus"]["description"] == ENDLESS
    assert event.description.startswith("MMM")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_fits_its_column(reason: Reason) -> None:
    assert len(reason.value) <= width("reason")


def test_milestones_are_those_a_parcel_may_have() -> None:
    assert set(Milestone) == set(Parcel.Milestone.values)
