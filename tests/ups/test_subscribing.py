"""Subscriptions to Track Alert: every parcel asked for, renewed in time, and what is said where that fails."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connector_site.lib.http import new_session
from connector_site.lib.outside_calls import OutsideCall
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.conftest import found
from tests.ups.makers import TokensInHand, error_body, make_details
from tests.ups.rawserver import RawServer, http_answer, raw_server
from tests.ups.wirebench import NOT_FOUND, sent_json
from ups import subscribing
from ups.accounts import save_account
from ups.alert_rows import SWITCHED_OFF
from ups.alerts import choose_version, destination_of, rotate_credential
from ups.models import Account, AlertSubscription
from ups.subscribing import AlertStanding, Outcome, subscribe_due
from ups.tracking_client import Destination, SubscribeAnswer, TrackingClient

AT = datetime(2026, 10, 12, 9, 30, tzinfo=UTC)
NOW = AT.replace(minute=45)
State = AlertSubscription.State
A, B, C, D = (f"1ZA1B2C3680000{place:04}" for place in range(4))
TAKES_NO_NUMBER = "UPS does not take this number for Track Alert."
UNREACHABLE = "UPS cannot be reached at the moment."
MISSING = (
    "The API product Track Alert is not added to your app. Add it in the UPS developer portal (developer.ups.com)."
)


@pytest.fixture
def account(tenant: Tenant) -> Account:
    return save_account(tenant.id, make_details())


def lists(valid: Iterable[str] = (), invalid: Iterable[str] = ()) -> bytes:
    body = {"validTrackingNumbers": list(valid), "invalidTrackingNumbers": list(invalid)}
    return http_answer(200, json.dumps(body).encode())


def none_valid(*numbers: str) -> bytes:
    error = {"code": "VSS210", "message": "at least one valid tracking number is needed"}
    body = {"response": {"errors": [error]}, "invalidTrackingNumbers": list(numbers)}
    return http_answer(400, json.dumps(body).encode())


@contextmanager
def ups(*script: bytes | None) -> Iterator[tuple[TrackingClient, RawServer]]:
    """A client of a UPS that answers like this."""
    calls: list[OutsideCall] = []
    with raw_server(*script) as server:
        client = TrackingClient(
            new_session(), TokensInHand(), base_url=server.url, shipper_number="A1B2C3", observe=calls.append
        )
        yield client, server


def want(account: Account, *numbers: str, at: datetime = AT) -> None:
    with tenant_context(account.tenant_id):
        subscribing.want(account.tenant_id, account.pk, numbers, at=at)


def end(account: Account, *numbers: str) -> None:
    with tenant_context(account.tenant_id):
        subscribing.end(account.tenant_id, numbers)


def reopen(account: Account, *numbers: str, at: datetime = NOW) -> None:
    with tenant_context(account.tenant_id):
        subscribing.reopen(account.tenant_id, numbers, at=at)


def run(account: Account, *script: bytes | None, at: datetime = NOW) -> Outcome:
    with ups(*script) as (client, _):
        return subscribe_due(account, client, at=at)


def asked(server: RawServer) -> list[list[str]]:
    """The numbers of each call."""
    return [sent_json(request)["trackingNumberList"] for request in server.requests]


def row_of(account: Account, number: str = A) -> AlertSubscription:
    with tenant_context(account.tenant_id):
        return AlertSubscription.objects.get(tracking_number=number)


def standing(account: Account, number: str = A, *, at: datetime = NOW) -> AlertStanding:
    with tenant_context(account.tenant_id):
        return subscribing.standing_of(account.tenant_id, [number], at=at)[number]


def days(count: float) -> timedelta:
    return timedelta(days=count)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_wanted_parcels_are_subscribed_by_one_call_and_due_on_day_twelve(account: Account) -> None:
    want(account, A, B)

    with ups(lists([A, B])) as (client, server):
        outcome = subscribe_due(account, client, at=NOW)

    assert outcome == Outcome(active=(A, B))
    assert asked(server) == [[A, B]]
    assert row_of(account).due_at == NOW + days(12)
    assert standing(account) == AlertStanding(is_active=True, expires_at=NOW + days(14))


def test_first_version_is_told_the_account_s_address_and_credential(account: Account) -> None:
    want(account, A)

    with ups(lists([A])) as (client, server):
        subscribe_due(account, client, at=NOW)

    destination = destination_of(account)
    sent = sent_json(server.requests[0])["destination"]
    assert (sent["url"], sent["credential"]) == (destination.url, destination.credential.reveal())


def test_second_version_names_no_address(account: Account) -> None:
    choose_version(account, Account.AlertVersion.V2, at=AT)
    want(account, A)

    with ups(lists([A])) as (client, server):
        subscribe_due(account, client, at=NOW)

    assert b"/v2/" in server.requests[0]
    assert "destination" not in sent_json(server.requests[0])


def test_nothing_due_asks_nobody(account: Account) -> None:
    want(account, A, at=NOW + minutes(1))

    with ups() as (client, server):
        assert subscribe_due(account, client, at=NOW) == Outcome()

    assert server.requests == []


def test_hundred_go_at_once_and_the_rest_is_announced(account: Account) -> None:
    numbers = [f"1ZA1B2C3680001{place:04}" for place in range(101)]
    want(account, *numbers)

    with ups(lists(numbers), lists(numbers)) as (client, server):
        first = subscribe_due(account, client, at=NOW)
        second = subscribe_due(account, client, at=NOW)

    assert [len(call) for call in asked(server)] == [100, 1]
    assert (len(first.active), first.more) == (100, True)
    assert (len(second.active), second.more) == (1, False)


def test_cost_does_not_grow_with_the_number_of_parcels(account: Account) -> None:
    numbers = [f"1ZA1B2C3680001{place:04}" for place in range(100)]

    with CaptureQueriesContext(
        connection,
    ) as for_want:
        want(account, *numbers)
    with CaptureQueriesContext(connection) as for_run:
        run(account, lists(numbers))

    assert len(for_want) < 12
    assert len(for_run) < 24


def test_wanted_twice_is_subscribed_once(account: Account) -> None:
    want(account, A, A)
    run(account, lists([A]))

    want(account, A, at=NOW + minutes(1))

    assert run(account, at=NOW + minutes(2)) == Outcome()
    assert standing(account).is_active


def test_renewal_extends_the_life_from_its_own_moment(account: Account) -> None:
    want(account, A)
    run(account, lists([A]))

    assert run(account, at=NOW + days(11.9)) == Outcome()
    assert run(account, lists([A]), at=NOW + days(12)) == Outcome(renewed=(A,))
    assert standing(account, at=NOW + days(15)) == AlertStanding(is_active=True, expires_at=NOW + days(26))


def test_bad_number_among_good_ones_is_tried_once_more_alone_and_refused(account: Account) -> None:
    want(account, A, B, C)

    with ups(lists([A, C], [B]), none_valid(B)) as (client, server):
        outcome = subscribe_due(account, client, at=NOW)

    why = "UPS refused: at least one valid tracking number is needed"
    assert asked(server) == [[A, B, C], [B]]
    assert outcome == Outcome(active=(A, C), refused=((B, why),))
    assert standing(account, B) == AlertStanding(is_active=False, problem=why)
    assert row_of(account, B).due_at == NOW + days(1)


def test_number_that_is_taken_alone_is_active(account: Account) -> None:
    want(account, A, B)

    assert run(account, none_valid(A, B), lists([A]), lists([], [B])) == Outcome(
        active=(A,), refused=((B, TAKES_NO_NUMBER),)
    )


def test_single_number_is_not_asked_twice_in_a_row(account: Account) -> None:
    want(account, A)

    with ups(lists([], [A])) as (client, server):
        subscribe_due(account, client, at=NOW)

    assert len(server.requests) == 1
    assert row_of(account).state == State.REFUSED


def test_refused_number_is_tried_on_three_days_and_then_left(account: Account) -> None:
    want(account, A)
    run(account, lists([], [A]))
    run(account, lists([], [A]), at=NOW + days(1))
    assert row_of(account).due_at == NOW + days(2)

    run(account, lists([], [A]), at=NOW + days(2))

    assert row_of(account).due_at is None
    assert standing(account) == AlertStanding(is_active=False, problem=TAKES_NO_NUMBER)


def test_number_refused_at_first_is_active_once_ups_takes_it(account: Account) -> None:
    want(account, A)
    run(account, lists([], [A]))

    assert run(account, lists([A]), at=NOW + days(1)).active == (A,)
    assert (row_of(account).refusals, standing(account).problem) == (0, "")


def test_few_numbers_are_tried_alone_in_one_run(account: Account) -> None:
    numbers = [f"1ZA1B2C3680002{place:04}" for place in range(7)]
    want(account, *numbers)

    with ups(none_valid(*numbers), *(lists([], [number]) for number in numbers)) as (client, server):
        outcome = subscribe_due(account, client, at=NOW)

    assert [len(call) for call in asked(server)] == [7, 1, 1, 1, 1, 1]
    assert len(outcome.refused) == 5
    assert [number for number, _ in outcome.postponed] == numbers[5:]
    assert row_of(account, numbers[6]).due_at == NOW + minutes(1)


def test_number_in_neither_list_is_not_taken_for_subscribed(account: Account) -> None:
    want(account, A, B)

    outcome = run(account, lists([A]))

    why = "UPS has not confirmed the subscription."
    assert outcome == Outcome(active=(A,), postponed=((B, why),))
    assert standing(account, B) == AlertStanding(is_active=False, problem=why)


@pytest.mark.parametrize(("waited", "pause"), [(0.1, 1), (4, 4), (90, 15)])
def test_silence_of_ups_keeps_the_state_and_the_pause_grows(account: Account, waited: float, pause: float) -> None:
    want(account, A)
    at = AT + minutes(waited)

    assert run(account, None, at=at) == Outcome(postponed=((A, UNREACHABLE),))

    row = row_of(account)
    assert (row.state, row.due_at, row.problem) == (State.WANTED, at + minutes(pause), UNREACHABLE)
    assert account.alert_problem == ""


def test_pause_that_ups_asks_for_is_kept(account: Account) -> None:
    want(account, A)

    run(account, http_answer(429, error_body("10429", "Too Many Requests")))

    assert row_of(account).due_at == NOW + timedelta(seconds=30)


def test_failed_renewal_is_said_at_once_and_told_when_the_subscription_has_ended(account: Account) -> None:
    want(account, A)
    run(account, lists([A]))

    assert run(account, None, at=NOW + days(12)).postponed == ((A, UNREACHABLE),)
    assert (row_of(account).state, standing(account).is_active) == (State.ACTIVE, False)

    over = NOW + days(14)
    assert run(account, None, at=over) == Outcome(failed=((A, UNREACHABLE),))
    assert (row_of(account).state, row_of(account).due_at) == (State.FAILED, over + timedelta(hours=6))
    assert run(account, lists([A]), at=over + days(1)).renewed == (A,)
    assert standing(account, at=over + days(1)).is_active


def test_expired_subscription_is_not_active_even_if_nobody_has_looked(account: Account) -> None:
    want(account, A)
    run(account, lists([A]))

    assert not standing(account, at=NOW + days(14)).is_active


def test_answers_before_a_failure_in_the_same_run_count(account: Account) -> None:
    want(account, A, B, C)

    outcome = run(account, lists([A], [B, C]), lists([], [B]), None)

    assert outcome == Outcome(active=(A,), refused=((B, TAKES_NO_NUMBER),), postponed=((C, UNREACHABLE),))


def test_missing_product_is_said_at_the_account_until_it_works(account: Account) -> None:
    want(account, A)
    refusal = http_answer(401, error_body("250002"))

    assert run(account, refusal, NOT_FOUND) == Outcome(postponed=((A, MISSING),))
    assert (account.alert_problem, account.alert_problem_at) == (MISSING, NOW)
    assert row_of(account).due_at == NOW + timedelta(hours=1)

    run(account, None, at=NOW + minutes(70))
    assert account.alert_problem == MISSING
    run(account, lists([A]), at=NOW + minutes(90))
    assert (account.alert_problem, account.alert_problem_at) == ("", None)
    with tenant_context(account.tenant_id):
        account.refresh_from_db()
    assert account.alert_problem == ""


def test_missing_product_ends_what_cannot_be_renewed(account: Account) -> None:
    want(account, A)
    run(account, lists([A]))

    outcome = run(account, http_answer(403, error_body("250002")), at=NOW + days(20))

    assert outcome.failed == ((A, MISSING),)
    assert row_of(account).state == State.FAILED


def test_settings_ups_refuses_are_no_fault_of_the_numbers(account: Account) -> None:
    want(account, A, B)

    outcome = run(account, http_answer(400, error_body("VSS610", "URL is too long")))

    assert [why for _, why in outcome.postponed] == ["UPS refused: URL is too long"] * 2
    assert account.alert_problem == "UPS refused: URL is too long"
    assert row_of(account).refusals == 0


def test_finished_parcel_is_not_renewed_and_a_correction_begins_again(account: Account) -> None:
    want(account, A)
    run(account, lists([A]))
    end(account, A)

    assert run(account, at=NOW + days(13)) == Outcome()
    assert standing(account) == AlertStanding(is_active=False, expires_at=NOW + days(14))

    reopen(account, A, at=NOW + days(2))
    assert run(account, lists([A]), at=NOW + days(2)).active == (A,)


def test_reopening_leaves_living_subscriptions_alone(account: Account) -> None:
    want(account, A)
    run(account, lists([A]))

    reopen(account, A)

    assert standing(account).is_active


def test_account_switched_off_asks_nobody_and_ends_what_is_wanted(account: Account) -> None:
    choose_version(account, Account.AlertVersion.OFF, at=AT)
    want(account, A)

    with ups() as (client, server):
        assert subscribe_due(account, client, at=NOW) == Outcome()

    assert server.requests == []
    assert standing(account) == AlertStanding(is_active=False, problem=SWITCHED_OFF)
    reopen(account, A)
    assert row_of(account).state == State.ENDED


def test_parcel_finished_while_switched_off_stays_finished(account: Account) -> None:
    choose_version(account, Account.AlertVersion.OFF, at=AT)
    want(account, A, B)
    run(account)
    end(account, A)

    choose_version(account, Account.AlertVersion.V1, at=NOW)

    assert run(account, lists([B])).active == (B,)


class Meanwhile(TrackingClient):
    """A client during whose call something else happens."""

    def __init__(self, client: TrackingClient, happens: object) -> None:
        self._client = client
        self._happens = happens

    def subscribe(self, numbers: tuple[str, ...], *, destination: Destination | None) -> SubscribeAnswer:
        assert callable(self._happens)
        self._happens()
        return self._client.subscribe(numbers, destination=destination)


def test_two_workers_at_once_take_different_parcels(account: Account) -> None:
    want(account, A)
    others: list[Outcome] = []

    def another_worker() -> None:
        want(account, B)
        others.append(run(account, lists([B])))

    with ups(lists([A])) as (client, server):
        mine = subscribe_due(account, Meanwhile(client, another_worker), at=NOW)

    assert (mine.active, others[0].active) == ((A,), (B,))
    assert asked(server) == [[A]]
    assert standing(account, A).is_active
    assert standing(account, B).is_active


def test_parcel_finished_during_the_call_stays_finished(account: Account) -> None:
    want(account, A, B)

    with ups(lists([A, B])) as (client, _):
        subscribe_due(account, Meanwhile(client, lambda: end(account, A)), at=NOW)

    assert row_of(account, A).state == State.ENDED
    assert row_of(account, B).state == State.ACTIVE


def test_credential_renewed_during_the_call_makes_its_parcels_due_again(account: Account) -> None:
    want(account, A)

    with ups(lists([A]), lists([A])) as (client, server):
        first = subscribe_due(account, Meanwhile(client, lambda: rotate_credential(account, at=NOW)), at=NOW)
        second = subscribe_due(account, client, at=NOW)

    assert (first.more, second.renewed, second.more) == (True, (A,), False)
    old, new = (sent_json(request)["destination"]["credential"] for request in server.requests)
    assert old != new == destination_of(account).credential.reveal()


def test_run_that_died_is_taken_up_again(account: Account) -> None:
    want(account, A)

    def die() -> None:
        raise KeyboardInterrupt

    with ups() as (client, _), pytest.raises(KeyboardInterrupt):
        subscribe_due(account, Meanwhile(client, die), at=NOW)

    assert run(account, at=NOW + minutes(4)) == Outcome()
    assert run(account, lists([A]), at=NOW + minutes(5)).active == (A,)


def test_no_call_is_made_inside_a_transaction(account: Account) -> None:
    want(account, A)
    depth = len(connection.savepoint_ids)
    seen: list[int] = []

    with ups(lists([A])) as (client, _):
        subscribe_due(account, Meanwhile(client, lambda: seen.append(len(connection.savepoint_ids))), at=NOW)

    assert seen == [depth]


def test_another_tenants_parcels_are_out_of_reach(account: Account) -> None:
    stranger = save_account(found("Ander Bedrijf BV").id, make_details())
    want(account, A)
    want(stranger, B)

    end(stranger, A)

    assert run(account, lists([A, B])).active == (A,)
    with tenant_context(stranger.tenant_id):
        assert subscribing.standing_of(stranger.tenant_id, [A], at=NOW) == {}
        assert row_of(stranger, B).state == State.WANTED
