"""The judge of `make crash`: each broken promise is seen, and none is seen where all was kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bench.crash.evidence import (
    Booked,
    Evidence,
    ExactCall,
    Made,
    Standing,
    TokenCall,
    read_exact_call,
    read_made,
    read_references,
    read_token_call,
)
from bench.crash.judge import Findings, judge

AT = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
ONE, TWO = "1ZA1B2C36800000018", "1ZA1B2C36800000027"
WAIT = timedelta(seconds=3)
DELIVERY = Booked(entry_id="d-1", division=7, delivery_number=1, order_number=501, shipper_number="A1B2C3", at=AT)
SHIPMENT = Made(
    number=ONE, shipper_number="A1B2C3", order_number=501, live_parcels=frozenset({ONE}), at=AT + timedelta(seconds=1)
)
WRITE = ExactCall(
    division=7,
    at=AT + timedelta(seconds=2),
    ended_at=AT + timedelta(seconds=3),
    operation="PUT salesorder/GoodsDeliveries",
    status=204,
    fault="",
    entry_id="d-1",
    tracking=ONE,
)
BROKEN = (
    "duplicates",
    "twins_ever",
    "references_twice",
    "lost",
    "unreconciled",
    "spent_tokens",
    "minutes_over_limit",
    "calls_while_blocked",
    "untold",
)


def kept() -> Evidence:
    """One delivery, shipped once, and its number in Exact."""
    return Evidence(
        booked=[DELIVERY],
        made=[SHIPMENT],
        shown_in_exact={"d-1": ONE},
        references_sent=["T1"],
        exact_calls=[WRITE],
        standings={"d-1": Standing(state="reported", problems=())},
        known_shipments=frozenset({ONE}),
    )


def found(evidence: Evidence) -> Findings:
    return judge(evidence, retry_after=WAIT)


def broken(evidence: Evidence) -> set[str]:
    findings = found(evidence)
    return {name for name in BROKEN if getattr(findings, name)}


def call_at(seconds: float, **changes: object) -> ExactCall:
    at = AT + timedelta(seconds=seconds)
    return replace(WRITE, at=at, ended_at=at + timedelta(milliseconds=10), **changes)  # type: ignore[arg-type]


def test_nothing_is_broken_where_everything_was_kept() -> None:
    assert broken(kept()) == set()
    assert (found(kept()).longest_delay_seconds, found(kept()).stopped) == (3.0, ())


def test_two_live_shipments_of_one_delivery_are_a_duplicate() -> None:
    evidence = kept()
    evidence.made.append(replace(SHIPMENT, number=TWO, live_parcels=frozenset({TWO})))
    evidence.known_shipments = frozenset({ONE, TWO})

    assert broken(evidence) == {"duplicates", "twins_ever", "unreconciled"}


def test_a_voided_twin_is_still_one_that_was_made() -> None:
    evidence = kept()
    evidence.made.append(replace(SHIPMENT, number=TWO, live_parcels=frozenset()))

    assert broken(evidence) == {"twins_ever"}
    assert found(evidence).voided == (TWO,)


def test_a_reference_that_was_sent_twice_is_seen_even_when_ups_made_one_shipment() -> None:
    evidence = kept()
    evidence.references_sent = ["T1", "T2", "T1"]

    assert broken(evidence) == {"references_twice"}
    assert found(evidence).references_twice == ("T1",)


def test_a_delivery_that_nobody_shipped_or_showed_is_lost() -> None:
    evidence = kept()
    evidence.booked.append(replace(DELIVERY, entry_id="d-2", order_number=502))

    assert found(evidence).lost == ("d-2",)


@pytest.mark.parametrize(
    ("standing", "lost", "stopped"),
    [
        (Standing(state="hold", problems=("address_missing",)), (), ("d-2",)),
        (Standing(state="review", problems=("doubt",)), (), ("d-2",)),
        (Standing(state="hold", problems=()), ("d-2",), ()),
        (Standing(state="shipping", problems=("doubt",)), ("d-2",), ()),
        (Standing(state="skipped", problems=("not_ours",)), ("d-2",), ()),
        (Standing(state="cancelled", problems=("gone",)), ("d-2",), ()),
    ],
)
def test_a_delivery_is_stopped_honestly_only_with_a_reason_that_a_person_sees(
    standing: Standing, lost: tuple[str, ...], stopped: tuple[str, ...]
) -> None:
    evidence = kept()
    evidence.booked.append(replace(DELIVERY, entry_id="d-2", order_number=502))
    evidence.standings["d-2"] = standing

    assert (found(evidence).lost, found(evidence).stopped) == (lost, stopped)


def test_another_number_in_exact_than_the_live_shipments_is_unreconciled() -> None:
    evidence = kept()
    evidence.shown_in_exact["d-1"] = TWO

    assert broken(evidence) == {"unreconciled"}


@pytest.mark.parametrize("order_number", [501, 999])
def test_a_live_shipment_that_we_do_not_know_is_unreconciled(order_number: int) -> None:
    evidence = kept()
    evidence.made = [SHIPMENT, replace(SHIPMENT, number=TWO, order_number=order_number, live_parcels=frozenset({TWO}))]

    assert TWO in found(evidence).unreconciled


@pytest.mark.parametrize(("state", "names"), [("review", ()), ("hold", (ONE,))])
def test_a_shipment_that_we_only_suspect_is_admitted_by_asking_a_person_and_by_nothing_else(
    state: str, names: tuple[str, ...]
) -> None:
    evidence = kept()
    evidence.shown_in_exact, evidence.known_shipments = {}, frozenset()
    evidence.standings["d-1"] = Standing(state=state, problems=("doubt",))

    assert found(evidence).unreconciled == names


def renewal_at(token: str, seconds: float, status: int | None) -> TokenCall:
    """A renewal that is answered within half a second."""
    at = AT + timedelta(seconds=seconds)
    return TokenCall(token=token, status=status, at=at, ended_at=at + timedelta(seconds=0.5))


RENEWALS = [
    renewal_at("a", 0, None),
    renewal_at("a", 10, 200),
    renewal_at("b", 20, 200),
    renewal_at("a", 30, 401),
]


def test_a_token_sent_after_it_was_renewed_is_spent_and_one_sent_again_without_an_answer_is_not() -> None:
    evidence = kept()
    evidence.token_calls = RENEWALS

    assert found(evidence).spent_tokens == ("a",)
    assert (found(evidence).renewals_judged, found(evidence).renewals_unjudged) == (2, 0)


def test_a_token_whose_renewal_died_with_its_worker_may_be_tried_again() -> None:
    evidence = kept()
    evidence.token_calls, evidence.kills_at = RENEWALS, [AT + timedelta(seconds=10.2)]

    assert found(evidence).spent_tokens == ()
    assert (found(evidence).renewals_judged, found(evidence).renewals_unjudged) == (1, 1)


@pytest.mark.parametrize(("calls", "minutes"), [(60, ()), (61, ("7 10:05",))])
def test_the_sixty_first_call_of_a_company_in_a_clock_minute_is_one_too_many(
    calls: int, minutes: tuple[str, ...]
) -> None:
    evidence = kept()
    evidence.exact_calls += [call_at(300 + number * 0.5) for number in range(calls)]
    evidence.exact_calls += [call_at(300 + number * 0.5, division=8) for number in range(30)]

    assert found(evidence).minutes_over_limit == minutes


@pytest.mark.parametrize(
    ("later", "division", "killed_at", "is_broken"),
    [
        (2.0, 7, None, True),
        (0.5, 7, None, False),
        (3.5, 7, None, False),
        (2.0, 8, None, False),
        (2.0, 7, 10.2, False),
        (2.0, 7, 30.0, True),
    ],
)
def test_a_call_before_the_time_is_over_that_exact_asked_to_wait_is_seen(
    later: float,
    division: int,
    killed_at: float | None,
    is_broken: bool,  # noqa: FBT001  a table
) -> None:
    evidence = kept()
    refusal = call_at(10, status=429, fault="429_with_header")
    evidence.exact_calls = [WRITE, refusal, call_at(10 + later, division=division)]
    evidence.kills_at = [AT + timedelta(seconds=killed_at)] if killed_at else []

    assert bool(found(evidence).calls_while_blocked) is is_broken


def test_a_parcel_that_arrived_without_a_word_in_exact_is_seen() -> None:
    evidence = kept()
    evidence.travelling = {"d-1"}
    evidence.told_in_exact = {"d-1": "[UPS] Picked up"}
    told = replace(evidence, told_in_exact={"d-1": "[UPS] Delivered 2026-11-23"})

    assert broken(evidence) == {"untold"}
    assert broken(told) == set()


def test_the_logs_of_both_stand_ins_are_read_as_they_are_written() -> None:
    entry = "0a3c6b1e-0000-4000-8000-000000000001"
    write = {
        "at": AT.isoformat(),
        "method": "PUT",
        "path": f"/nl/api/v1/7/salesorder/GoodsDeliveries(guid'{entry}')",
        "operation": "PUT salesorder/GoodsDeliveries",
        "status": 204,
        "fault": "",
        "duration_ms": 1000.0,
        "request_body": {"TrackingNumber": ONE},
    }
    renewal = {**write, "operation": "oauth.token", "request_body": {"refresh_token": "fingerprint:1"}, "status": None}
    reference = {"Code": "TN", "Value": "T1"}
    shipment = {"Package": {"ReferenceNumber": [reference, {"Code": "PO", "Value": "501"}]}}
    made = {
        "number": ONE,
        "shipper_number": "A1B2C3",
        "references": ["T1", "501"],
        "created_at": (AT + timedelta(seconds=1)).isoformat(),
        "parcels": [{"tracking_number": ONE, "voided_at": None}, {"tracking_number": TWO, "voided_at": "2026"}],
    }

    assert read_exact_call(write) == replace(WRITE, at=AT, ended_at=AT + timedelta(seconds=1), entry_id=entry)
    assert read_token_call(renewal) == TokenCall(
        token="fingerprint:1", status=None, at=AT, ended_at=AT + timedelta(seconds=1)
    )
    assert read_token_call(write) is None
    assert read_references({"request_body": {"ShipmentRequest": {"Shipment": shipment}}}) == {"T1"}
    assert read_made(made) == SHIPMENT
