"""Renewing, leaving behind and revoking what proves a push, and what the choice of a version does to subscriptions."""

import json
import logging
from datetime import timedelta

import pytest

from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.alertproofs import (
    AT,
    bearer,
    credential_of,
    is_proven,
    recorded,
    stands,
    subscription,
)
from tests.ups.conftest import found
from tests.ups.makers import SECOND_NUMBER, make_details
from ups.accounts import find_account, save_account
from ups.alert_rows import SWITCHED_OFF
from ups.alerts import (
    choose_version,
    find_client,
    find_route,
    issue_token,
    portal_values,
    revoke,
    rotate_client_secret,
    rotate_credential,
    show_client_secret,
)
from ups.models import Account, AlertSubscription

Version = Account.AlertVersion
State = AlertSubscription.State


@pytest.fixture
def account(tenant: Tenant) -> Account:
    return save_account(tenant.id, make_details())


def test_old_credential_is_accepted_for_fifteen_days_after_it_was_renewed(account: Account) -> None:
    old = credential_of(account)

    assert rotate_credential(account, at=AT)

    assert credential_of(account) != old
    assert is_proven(account, credential=credential_of(account))
    assert is_proven(account, credential=old, at=AT + timedelta(days=14, hours=23))
    assert not is_proven(account, credential=old, at=AT + timedelta(days=15))


def test_renewed_credential_makes_every_living_subscription_due(account: Account) -> None:
    later = AT + timedelta(days=9)
    living = subscription(account, state=State.ACTIVE, expires_at=later, subscribed_at=AT, due_at=later)
    finished = subscription(account, SECOND_NUMBER, state=State.ENDED, due_at=None)

    rotate_credential(account, at=AT)

    assert stands(living) == (State.ACTIVE, AT, "")
    assert stands(finished) == (State.ENDED, None, "")


def test_credential_is_not_renewed_again_while_parcels_carry_the_one_before(account: Account) -> None:
    row = subscription(account, state=State.ACTIVE, subscribed_at=AT, expires_at=AT + timedelta(days=14), due_at=AT)
    rotate_credential(account, at=AT + timedelta(hours=1))
    second = credential_of(account)

    assert not rotate_credential(account, at=AT + timedelta(hours=2))
    assert credential_of(account) == second

    with tenant_context(account.tenant_id):
        AlertSubscription.objects.filter(pk=row.pk).update(subscribed_at=AT + timedelta(hours=3))
    assert rotate_credential(account, at=AT + timedelta(hours=4))


def test_new_client_secret_ends_the_old_one_and_its_tokens(account: Account) -> None:
    before, authorization = portal_values(account), bearer(account)

    rotate_client_secret(account)

    after = portal_values(account)
    assert (after.client_id, after.url) == (before.client_id, before.url)
    assert after.client_secret != before.client_secret
    old = before.client_secret.reveal()
    assert issue_token(client_id=before.client_id, client_secret=old, at=AT) is None
    assert not is_proven(account, authorization=authorization)
    assert is_proven(account, authorization=bearer(account))


@pytest.mark.parametrize("version", [Version.V2, Version.OFF])
def test_credential_left_behind_runs_out_and_is_not_the_present_one_any_more(account: Account, version: str) -> None:
    left = credential_of(account)

    choose_version(account, version, at=AT)

    assert is_proven(account, credential=left, at=AT + timedelta(days=14, hours=23))
    assert not is_proven(account, credential=left, at=AT + timedelta(days=15))
    assert is_proven(account, authorization=bearer(account))
    assert account.alert_credential is None


def test_version_one_has_a_new_credential_when_it_is_chosen_again(account: Account) -> None:
    left = credential_of(account)
    choose_version(account, Version.V2, at=AT)

    choose_version(account, Version.V1, at=AT + timedelta(days=1))

    assert credential_of(account) != left
    assert is_proven(account, credential=credential_of(account), at=AT + timedelta(days=60))
    assert not is_proven(account, credential=left, at=AT + timedelta(days=15))


def test_present_credential_proves_nothing_while_another_version_is_in_use(account: Account) -> None:
    with tenant_context(account.tenant_id):
        Account.objects.update(alert_version="v2")

    assert not is_proven(account, credential=credential_of(account))


def test_credential_is_not_renewed_while_another_version_is_in_use(account: Account) -> None:
    choose_version(account, Version.V2, at=AT)

    assert not rotate_credential(account, at=AT)

    assert account.alert_credential_digest == ""


def test_leaked_secrets_and_address_end_at_once_and_all_parcels_are_told_anew(account: Account) -> None:
    living = subscription(
        account, state=State.ACTIVE, subscribed_at=AT, expires_at=AT + timedelta(days=9), due_at=AT + timedelta(days=7)
    )
    finished = subscription(account, SECOND_NUMBER, state=State.ENDED, due_at=None)
    rotated = credential_of(account)
    rotate_credential(account, at=AT)
    before, credential, authorization = portal_values(account), credential_of(account), bearer(account)
    hook_code, later = account.alert_hook_code, AT + timedelta(hours=1)

    revoke(account, at=later)

    after = portal_values(account)
    assert find_route(hook_code) is None
    assert not [old for old in (rotated, credential) if is_proven(account, credential=old, at=later)]
    assert not is_proven(account, authorization=authorization, at=later)
    assert issue_token(client_id=before.client_id, client_secret=before.client_secret.reveal(), at=later) is None
    assert {after.url, after.client_id, after.client_secret}.isdisjoint(
        {before.url, before.client_id, before.client_secret}
    )
    assert is_proven(account, credential=credential_of(account))
    assert is_proven(account, authorization=bearer(account))
    assert stands(living) == (State.WANTED, later, "")
    assert stands(finished) == (State.ENDED, None, "")
    assert recorded(account)[-1] == {"what": "alert secrets revoked"}


def test_nothing_of_another_account_is_revoked(account: Account) -> None:
    stranger = save_account(found("Ander Bedrijf BV").id, make_details())

    revoke(account, at=AT)

    assert is_proven(stranger, credential=credential_of(stranger))


def test_looking_at_the_client_secret_is_recorded_without_it(account: Account) -> None:
    secret = show_client_secret(account)

    assert secret == portal_values(account).client_secret
    assert recorded(account)[1:] == [{"what": "client secret shown"}]


def test_secrets_made_later_are_recorded(account: Account) -> None:
    with tenant_context(account.tenant_id):
        Account.objects.update(alert_client_id="", alert_client_secret_digest="")

    portal_values(find_account(account.tenant_id, account.code) or account)

    assert recorded(account)[1:] == [{"what": "alert secrets made", "fields": ["alert_client_secret"]}]


def test_client_id_leads_to_its_account_whatever_the_secret(account: Account) -> None:
    assert find_client(portal_values(account).client_id) == account.alert_hook_code
    assert find_client("0" * 32) is None
    assert find_client("a\0b") is None


def test_switching_off_ends_what_switching_on_begins_again(account: Account) -> None:
    living = subscription(account, state=State.ACTIVE, expires_at=AT + timedelta(days=9), due_at=AT)
    finished = subscription(account, SECOND_NUMBER, state=State.ENDED, due_at=None)

    choose_version(account, Version.OFF, at=AT)

    assert stands(living) == (State.ENDED, None, SWITCHED_OFF)
    later = AT + timedelta(days=1)
    choose_version(account, "v2", at=later)
    assert account.alert_version == "v2"
    assert stands(living) == (State.WANTED, later, "")
    assert stands(finished) == (State.ENDED, None, "")


def test_other_version_subscribes_the_living_again_and_forgets_the_problem(account: Account) -> None:
    row = subscription(account, state=State.ACTIVE, expires_at=AT + timedelta(days=9), due_at=AT + timedelta(days=7))
    with tenant_context(account.tenant_id):
        Account.objects.update(alert_problem="The API product Track Alert is not added.", alert_problem_at=AT)

    choose_version(account, Version.V2, at=AT)

    assert stands(row) == (State.ACTIVE, AT, "")
    assert (account.alert_problem, account.alert_problem_at) == ("", None)


def test_the_same_version_again_changes_nothing(account: Account) -> None:
    before = len(recorded(account))

    choose_version(account, Version.V1, at=AT)

    assert len(recorded(account)) == before


def test_unknown_version_is_an_error_of_the_caller(account: Account) -> None:
    with pytest.raises(ValueError, match="v3"):
        choose_version(account, "v3", at=AT)


def test_changes_are_recorded_without_secrets(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    rotate_credential(account, at=AT)
    credential = credential_of(account)
    rotate_client_secret(account)
    choose_version(account, Version.V2, at=AT)

    assert recorded(account)[1:] == [
        {"fields": ["alert_credential"]},
        {"fields": ["alert_client_secret"]},
        {"fields": ["alert_version"], "changes": {"alert_version": ["v1", "v2"]}, "alert_version": "v2"},
    ]
    written = json.dumps(recorded(account)) + caplog.text
    assert credential not in written
    assert portal_values(account).client_secret.reveal() not in written


def test_another_tenants_account_is_out_of_reach(account: Account) -> None:
    stranger = found("Ander Bedrijf BV")
    account.tenant_id = stranger.id

    with pytest.raises(Account.DoesNotExist):
        rotate_credential(account, at=AT)
