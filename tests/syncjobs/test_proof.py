"""The proof of delivery says what UPS reported, in the customer's language, and the same each time it is made."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from syncjobs.proof import (
    SUBJECT_CHARACTERS,
    ProofEvent,
    ProofFacts,
    ProofParcel,
    file_name,
    proof_of_delivery,
    subject,
)
from syncjobs.wording import LANGUAGES, words_for
from syncjobs.wording.words import Words
from ups.events import Milestone

PAGE = "https://connector.example/track/3f0e5a52-6d0c-4c8e-9b7e-6f3f0f4a2b11"
AT = datetime(2026, 5, 6, 14, 12)  # noqa: DTZ001 - by the clock of the place
EVENT = ProofEvent(
    milestone=Milestone.DELIVERED, description="DELIVERED", local_at=AT, offset_minutes=120, place="GRONINGEN NL"
)
PARCEL = ProofParcel(
    tracking_number="1Z999AA10123456784",
    service="UPS Standard",
    delivered_local_at=AT,
    offset_minutes=120,
    place="GRONINGEN NL",
    received_by="JANSEN",
    events=(EVENT,),
)
FACTS = ProofFacts(
    company="Gießerei Łódź",
    delivery_number="7001",
    order_numbers=("20240015", "20240016"),
    parcels=(PARCEL,),
    page_url=PAGE,
    made_at=datetime(2026, 5, 6, 12, 30, tzinfo=UTC),
    made_by="ML Connector",
)


def read(language: str = "en", **changes: Any) -> PdfReader:
    return PdfReader(io.BytesIO(proof_of_delivery(replace(FACTS, **changes), words=words_for(language))))


def text_of(page: PageObject) -> str:
    """All text on single blanks, so that a line break in a table does not count."""
    return " ".join(page.extract_text().split())


def text(reader: PdfReader) -> str:
    return " ".join(map(text_of, reader.pages))


def with_parcel(**changes: Any) -> str:
    return text(read(parcels=(replace(PARCEL, **changes),)))


def with_event(**changes: Any) -> str:
    return with_parcel(events=(replace(EVENT, **changes),))


def test_everything_a_customer_would_be_asked_for_stands_in_it() -> None:
    shown = text(read("nl"))

    assert "Afleverbewijs Afzender Gießerei Łódź" in shown
    assert "Leveringsnummer 7001" in shown
    assert "Ordernummers 20240015, 20240016" in shown
    assert f"Volgpagina {PAGE}" in shown
    assert "Pakket 1 van 1 Trackingnummer 1Z999AA10123456784 Dienst UPS Standard" in shown
    assert "Bezorgd op 6 mei 2026, 14:12 (UTC+02:00) Plaats GRONINGEN NL Ontvangen door JANSEN" in shown
    assert "Bezorgd DELIVERED 6 mei 2026, 14:12 (UTC+02:00) GRONINGEN NL" in shown
    assert "Gemaakt op 6 mei 2026, 12:30 UTC door ML Connector Pagina 1 van 1" in shown


def test_the_tracking_page_can_be_opened_from_it() -> None:
    notes: Any = read().pages[0]["/Annots"]

    assert [note.get_object()["/A"]["/URI"] for note in notes] == [PAGE]


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_it_is_written_in_every_language_with_all_its_letters(words: Words) -> None:
    reader = read(words.code)
    root: Any = reader.trailer["/Root"]

    assert root["/Lang"] == words.code
    assert reader.metadata is not None
    assert reader.metadata.title == f"{words.proof.title} 7001"
    assert words.proof.as_reported in text(reader)
    assert words.proof.received_by in text(reader)


def test_what_ups_did_not_give_is_said_to_be_missing_and_never_made_up() -> None:
    shown = with_parcel(delivered_local_at=None, place="", received_by="", events=())

    assert "Delivered on not stated Place not stated Received by not stated" in shown
    assert "Left at" not in shown
    assert "Event" not in shown


def test_a_time_without_a_zone_is_marked_and_carries_no_offset() -> None:
    assert "Delivered on 6 May 2026, 14:12 (time zone unknown) Place" in with_parcel(zone_known=False)


@pytest.mark.parametrize(
    ("minutes", "shown"), [(None, "14:12 Place"), (0, "UTC+00:00"), (-570, "UTC-09:30"), (345, "UTC+05:45")]
)
def test_the_distance_to_utc_is_shown_as_ups_gave_it(minutes: int | None, shown: str) -> None:
    assert shown in with_parcel(offset_minutes=minutes)


def test_where_ups_left_the_parcel_is_told_in_its_own_words() -> None:
    assert "Left at FRONT DOOR Received by JANSEN" in with_parcel(left_at="FRONT DOOR")


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        (
            {"milestone": "exception", "reason": "neighbour", "description": "X"},
            "Delivery exception (left with a neighbour) X",
        ),
        ({"milestone": "", "reason": "new_date", "description": "Rescheduled"}, "new delivery date Rescheduled"),
        ({"milestone": "", "description": "Import scan"}, "Place Import scan 6 May"),
        ({"milestone": "", "description": ""}, "Place Status unknown 6 May"),
        ({"local_at": None, "place": ""}, "Delivered DELIVERED not stated not stated"),
    ],
)
def test_the_history_gives_milestone_reason_and_the_words_of_ups(changes: dict[str, Any], shown: str) -> None:
    assert shown in with_event(**changes)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Müller-Żółć & <Sons>", "Müller-Żółć & <Sons>"),
        ("Ελλάς Київ Őrség Čačak", "Ελλάς Київ Őrség Čačak"),
        ("</para><b>", "</para><b>"),
        ("two\nlines\x00here", "two lines here"),
        ("田中", "??"),
        ("\uff26irma", "Firma"),
    ],
)
def test_any_name_is_shown_as_far_as_the_font_goes(sent: str, shown: str) -> None:
    assert f"Received by {shown}" in with_parcel(received_by=sent, events=())


def test_texts_beyond_all_measure_are_cut_visibly_and_break_nothing() -> None:
    endless = "W" * 5000
    event = replace(EVENT, description=endless, place=endless)
    parcel = replace(PARCEL, place=endless, left_at=endless, received_by=endless, events=(event,))

    shown = text(read(company=endless, order_numbers=tuple(map(str, range(3000))), parcels=(parcel,)))

    assert shown.count("...") == 7


def test_a_delivery_of_many_parcels_goes_on_over_numbered_pages_with_every_parcel() -> None:
    numbers = [f"1Z999AA101234{number:05d}" for number in range(40)]
    parcels = tuple(replace(PARCEL, tracking_number=number, events=(EVENT,) * 3) for number in numbers)

    reader = read(parcels=parcels)
    pages = [text_of(page) for page in reader.pages]

    assert [number for number in numbers if number not in " ".join(pages)] == []
    assert [page.rsplit("Connector ", 1)[1] for page in pages] == [f"Page {number} of 14" for number in range(1, 15)]


def test_a_long_history_repeats_its_headings_on_each_page() -> None:
    reader = read(parcels=(replace(PARCEL, events=(EVENT,) * 60),))

    assert [page.extract_text().count("Event\nTime\nPlace") for page in reader.pages] == [1] * len(reader.pages)


def test_the_same_facts_make_the_same_file_and_other_facts_another() -> None:
    made = proof_of_delivery(FACTS, words=words_for("de"))

    assert proof_of_delivery(FACTS, words=words_for("de")) == made
    assert proof_of_delivery(replace(FACTS, company="Other"), words=words_for("de")) != made


def test_it_dates_itself_by_its_facts() -> None:
    metadata = read().metadata

    assert metadata is not None
    assert metadata.creation_date == FACTS.made_at


def test_a_delivery_that_was_taken_back_and_made_again_has_a_file_of_its_own() -> None:
    again = replace(FACTS, parcels=(PARCEL, replace(PARCEL, delivered_local_at=AT.replace(day=8, hour=9))))
    timeless = replace(FACTS, parcels=(replace(PARCEL, delivered_local_at=None),))

    assert file_name(again) == "proof-of-delivery-7001-1Z999AA10123456784-20260508-0912.pdf"
    assert file_name(timeless) == "proof-of-delivery-7001-1Z999AA10123456784-20260506-1230.pdf"


def test_name_and_subject_tell_deliveries_apart_and_stay_short_and_plain() -> None:
    assert file_name(FACTS) == "proof-of-delivery-7001-1Z999AA10123456784-20260506-1412.pdf"
    assert subject("7001", "1Z999AA10123456784") == "UPS proof of delivery 7001 1Z999AA10123456784"
    assert subject("7'001", "1Z/..\\9") == "UPS proof of delivery 7-001 1Z-9"
    assert len(subject("2147483647", "9" * 34)) < SUBJECT_CHARACTERS
