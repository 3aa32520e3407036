"""What happens to subscriptions when UPS does not answer, does not want to, or something changes during the call."""

import json
from datetime import timedelta

import pytest
from django.db import connection

from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.alertbench import (
    AT,
    MISSING,
    NOW,
    TAKES_NO_NUMBER,
    UNREACHABLE,
    A,
    B,
    C,
    State,
    asked,
    days,
    end,
    lists,
    minutes,
    row_of,
    run,
    standing,
    ups,
    want,
)
from tests.ups.conftest import found
from tests.ups.makers import error_body, make_details
from tests.ups.rawserver import http_answer
from tests.ups.wirebench import NOT_FOUND, sent_json
from ups import subscribing
from ups.accounts import save_account
from ups.alerts import destination_of, rotate_credential
from ups.models import Account
from ups.subscribing import Outcome, subscribe_due
from ups.tracking_client import Destination, SubscribeAnswer, TrackingClient


@pytest.fixture
def account(tenant: Tenant) -> Account:
    return save_account(tenant.id, make_details())


class Meanwhile(TrackingClient):
    """A client during whose call something else happens."""

    def __init__(self, client: TrackingClient, happens: object) -> None:
        self._client = client
        self._happens = happens

    def subscribe(self, numbers: tuple[str, ...], *, destination: Destination | None) -> SubscribeAnswer:
        assert callable(self._happens)
        self._happens()
        return self._client.subscribe(numbers, destination=destination)


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


def test_silence_of_ups_does_not_hide_why_a_number_was_refused(account: Account) -> None:
    want(account, A)
    run(account, lists([], [A]))

    assert run(account, None, at=NOW + days(1)).postponed == ((A, UNREACHABLE),)

    assert (row_of(account).state, standing(account).problem) == (State.REFUSED, TAKES_NO_NUMBER)


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


def test_numbers_that_are_no_test_numbers_are_refused_by_one_call(account: Account) -> None:
    want(account, A, B)

    with ups(no_test_numbers(A, B)) as (client, server):
        outcome = subscribe_due(account, client, at=NOW)

    why = "UPS refused: not a CIE test tracking number"
    assert asked(server) == [[A, B]]
    assert outcome == Outcome(refused=((A, why), (B, why)))
    assert (row_of(account).state, row_of(account).due_at) == (State.REFUSED, NOW + days(1))


def no_test_numbers(*numbers: str) -> bytes:
    error = {"code": "VSS215", "message": "not a CIE test tracking number"}
    body = {"response": {"errors": [error]}, "invalidTrackingNumbers": list(numbers)}
    return http_answer(400, json.dumps(body).encode())
