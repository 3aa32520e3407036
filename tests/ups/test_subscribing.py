"""Subscriptions to Track Alert: every parcel asked for, renewed in time, ended when it is finished."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.models import Tenant
from tests.ups.alertbench import (
    AT,
    NOW,
    TAKES_NO_NUMBER,
    A,
    B,
    C,
    State,
    asked,
    days,
    end,
    lists,
    minutes,
    none_valid,
    reopen,
    row_of,
    run,
    standing,
    ups,
    want,
)
from tests.ups.makers import make_details
from tests.ups.wirebench import sent_json
from ups.accounts import save_account
from ups.alert_rows import SWITCHED_OFF
from ups.alerts import choose_version, destination_of
from ups.models import Account
from ups.subscribing import AlertStanding, Outcome, subscribe_due


@pytest.fixture
def account(tenant: Tenant) -> Account:
    return save_account(tenant.id, make_details())


def test_wanted_parcels_are_subscribed_by_one_call_and_due_on_day_twelve(account: Account) -> None:
    want(account, A, B)

    with ups(lists([A, B])) as (client, server):
        outcome = subscribe_due(account, client, at=NOW)

    assert outcome == Outcome(active=(A, B))
    assert asked(server) == [[A, B]]
    assert row_of(account).due_at == NOW + days(12)
    assert standing(account) == AlertStanding(is_active=True, subscribed_at=NOW, expires_at=NOW + days(14))


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
    assert standing(account, at=NOW + days(15)) == AlertStanding(
        is_active=True, subscribed_at=NOW + days(12), expires_at=NOW + days(26)
    )


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


def test_number_in_both_lists_is_active(account: Account) -> None:
    want(account, A, B)

    assert run(account, lists([A, B], [B])) == Outcome(active=(A, B))


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


def test_finished_parcel_is_not_renewed_and_a_correction_begins_again(account: Account) -> None:
    want(account, A)
    run(account, lists([A]))
    end(account, A)

    assert run(account, at=NOW + days(13)) == Outcome()
    assert standing(account) == AlertStanding(is_active=False, subscribed_at=NOW, expires_at=NOW + days(14))

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
