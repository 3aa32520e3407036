"""UPS's ways to us: an address and secrets for each account, what proves them, and how they are renewed."""

import json
import logging
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from audit.models import Event
from connector_site.lib.secrets import WrongOwner, unseal_secret
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.conftest import found
from tests.ups.makers import FIRST_NUMBER, SECOND_NUMBER, make_details
from ups.accounts import find_account, save_account
from ups.alert_rows import SWITCHED_OFF
from ups.alerts import (
    TOKEN_SECONDS,
    IssuedToken,
    Route,
    choose_version,
    destination_of,
    ensure_credentials,
    find_client,
    find_route,
    issue_token,
    portal_values,
    proves,
    revoke,
    rotate_client_secret,
    rotate_credential,
    show_client_secret,
)
from ups.models import ALERT_CREDENTIAL, Account, AlertSubscription

AT = datetime(2026, 10, 12, 9, 30, tzinfo=UTC)
Version = Account.AlertVersion
State = AlertSubscription.State


@pytest.fixture
def account(tenant: Tenant) -> Account:
    return save_account(tenant.id, make_details())


def route_of(account: Account) -> Route:
    route = find_route(account.alert_hook_code)
    assert route is not None
    return route


def is_proven(
    account: Account, *, credential: str = "", authorization: str = "", api_key: str = "", at: datetime = AT
) -> bool:
    return proves(route_of(account), credential=credential, authorization=authorization, api_key=api_key, at=at)


def token_of(account: Account, *, at: datetime = AT) -> IssuedToken:
    values = portal_values(account)
    token = issue_token(client_id=values.client_id, client_secret=values.client_secret.reveal(), at=at)
    assert token is not None
    return token


def bearer(account: Account, *, at: datetime = AT) -> str:
    return f"Bearer {token_of(account, at=at).token.reveal()}"


def credential_of(account: Account) -> str:
    return destination_of(account).credential.reveal()


def subscription(account: Account, number: str = FIRST_NUMBER, **columns: object) -> AlertSubscription:
    with tenant_context(account.tenant_id):
        return AlertSubscription.objects.create(
            tenant_id=account.tenant_id, account=account, tracking_number=number, **columns
        )


def stands(row: AlertSubscription) -> tuple[str, datetime | None, str]:
    with tenant_context(row.tenant_id):
        row.refresh_from_db()
    return row.state, row.due_at, row.problem


def recorded(account: Account) -> list[dict[str, object]]:
    with tenant_context(account.tenant_id):
        return [event.details for event in Event.objects.filter(subject=account.code).order_by("sequence")]


def test_saved_account_has_an_address_and_secrets_of_its_own(tenant: Tenant, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://connector.example.com"
    first = save_account(tenant.id, make_details())
    second = save_account(tenant.id, make_details(shipper_number="Z9Z9Z9"))

    destination, values = destination_of(first), portal_values(first)
    assert destination.url == values.url == f"https://connector.example.com/hooks/ups/{first.alert_hook_code}"
    assert values.token_url == "https://connector.example.com/hooks/ups/token"
    secrets = {
        *(credential_of(first), portal_values(first).client_secret.reveal()),
        *(credential_of(second), portal_values(second).client_secret.reveal()),
    }
    assert len(secrets) == 4
    assert {len(secret) for secret in secrets} == {64}
    assert values.client_id != portal_values(second).client_id
    assert first.alert_hook_code != second.alert_hook_code


def test_account_made_before_gets_its_secrets_when_they_are_needed_and_keeps_them(account: Account) -> None:
    with tenant_context(account.tenant_id):
        Account.objects.update(
            alert_credential=None, alert_credential_digest="", alert_client_id="", alert_client_secret_digest=""
        )
        stale, fresh = Account.objects.get(), Account.objects.get()

    assert credential_of(fresh) == credential_of(stale)
    assert is_proven(fresh, credential=credential_of(fresh))
    ensure_credentials(stale)
    assert portal_values(stale) == portal_values(fresh)


def test_changing_an_account_keeps_its_secrets(account: Account) -> None:
    before = credential_of(account)

    save_account(account.tenant_id, replace(make_details(), name="Second name", client_secret=""), code=account.code)

    assert is_proven(account, credential=before)


def test_secrets_are_neither_readable_in_the_row_nor_of_use_in_another(account: Account) -> None:
    with tenant_context(account.tenant_id):
        raw = str(Account.objects.values_list("alert_credential_digest", "alert_client_secret_digest").get())

    assert credential_of(account) not in raw
    assert portal_values(account).client_secret.reveal() not in raw
    with pytest.raises(WrongOwner):
        unseal_secret(account.alert_credential, owner=uuid.uuid4(), purpose=ALERT_CREDENTIAL)


def test_address_leads_to_its_account_without_a_tenant(account: Account) -> None:
    route = route_of(account)

    assert (route.tenant_id, route.account_id) == (account.tenant_id, account.pk)
    assert find_route(uuid.uuid4()) is None


def test_credential_of_the_account_proves_a_push(account: Account) -> None:
    assert is_proven(account, credential=credential_of(account))


@pytest.mark.parametrize("wrong", ["", "x", "0" * 64, "é\udcff", "x" * 100_000])
def test_nothing_else_proves_a_push(account: Account, wrong: str) -> None:
    assert not is_proven(account, credential=wrong)
    assert not is_proven(account, authorization=wrong)
    assert not is_proven(account, authorization=f"Bearer {wrong}")
    assert not is_proven(account, credential=account.alert_credential_digest)


def test_secrets_of_another_account_prove_nothing_here(account: Account) -> None:
    stranger = save_account(found("Ander Bedrijf BV").id, make_details())

    assert not is_proven(account, credential=credential_of(stranger))
    assert not is_proven(account, authorization=bearer(stranger))
    assert not is_proven(account, credential=portal_values(account).client_secret.reveal())


def test_account_without_secrets_accepts_nothing(account: Account) -> None:
    bare = replace(route_of(account), credential_digest="", previous_digest="", previous_until=AT + timedelta(days=1))

    assert not proves(bare, credential="", authorization="", api_key="", at=AT)


def test_token_for_the_client_id_and_secret_proves_a_push_until_it_ends(account: Account) -> None:
    token = token_of(account)
    authorization = f"Bearer {token.token.reveal()}"

    assert token.expires_in_seconds == TOKEN_SECONDS
    assert token.token.reveal() not in repr(token)
    assert is_proven(account, authorization=authorization)
    assert is_proven(account, authorization=authorization.replace("Bearer", "bearer"), credential="wrong")
    assert is_proven(account, authorization=authorization, at=AT + timedelta(seconds=TOKEN_SECONDS - 1))
    assert not is_proven(account, authorization=authorization, at=AT + timedelta(seconds=TOKEN_SECONDS))


def test_api_key_must_be_the_client_id_where_ups_sends_one(account: Account) -> None:
    authorization = bearer(account)

    assert is_proven(account, authorization=authorization, api_key=account.alert_client_id)
    assert not is_proven(account, authorization=authorization, api_key="é" + account.alert_client_id)


def test_altered_token_proves_nothing(account: Account) -> None:
    token = token_of(account).token.reveal()
    content, _, signature = token.rpartition(".")
    hook, generation, ends_at = content.split("~")

    assert not is_proven(account, authorization=f"Bearer {hook}~{generation}~{int(ends_at) + 9}.{signature}")
    assert not is_proven(account, authorization=f"Bearer {content}")


@pytest.mark.parametrize(
    ("client_id", "client_secret"),
    [
        ("", ""),
        ("{id}", ""),
        ("{id}", "wrong"),
        ("wrong", "{secret}"),
        ("{secret}", "{id}"),
        ("a\0b", "é"),
        ("{id}\0", ""),
    ],
)
def test_no_token_for_a_wrong_pair(account: Account, client_id: str, client_secret: str) -> None:
    values = portal_values(account)
    known = {"id": values.client_id, "secret": values.client_secret.reveal()}

    assert issue_token(client_id=client_id.format(**known), client_secret=client_secret.format(**known), at=AT) is None


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
        {"fields": ["alert_version"], "alert_version": "v2"},
    ]
    written = json.dumps(recorded(account)) + caplog.text
    assert credential not in written
    assert portal_values(account).client_secret.reveal() not in written


def test_another_tenants_account_is_out_of_reach(account: Account) -> None:
    stranger = found("Ander Bedrijf BV")
    account.tenant_id = stranger.id

    with pytest.raises(Account.DoesNotExist):
        rotate_credential(account, at=AT)


def test_proof_takes_no_time(account: Account) -> None:
    route, credential, authorization = route_of(account), credential_of(account), bearer(account)
    started = time.perf_counter()
    proofs = [proves(route, credential=credential, authorization="", api_key="", at=AT) for _ in range(1000)]
    proofs += [proves(route, credential="", authorization=authorization, api_key="", at=AT) for _ in range(1000)]
    seconds = time.perf_counter() - started

    assert all(proofs)
    assert seconds < 0.2, "a proof takes more than 100 millionths of a second"
