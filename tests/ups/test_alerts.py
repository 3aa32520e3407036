"""UPS's ways to us: an address and secrets for each account, what proves them, and how they are renewed."""

import time
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from pytest_django import Settings

from connector_site.lib.secrets import WrongOwner, unseal_secret
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.ups.alertproofs import AT, bearer, credential_of, is_proven, route_of, token_of
from tests.ups.conftest import found
from tests.ups.makers import make_details
from ups.accounts import save_account
from ups.alerts import (
    TOKEN_SECONDS,
    destination_of,
    ensure_credentials,
    find_route,
    issue_token,
    portal_values,
    proves,
)
from ups.models import ALERT_CREDENTIAL, Account, AlertSubscription

Version = Account.AlertVersion
State = AlertSubscription.State


@pytest.fixture
def account(tenant: Tenant) -> Account:
    return save_account(tenant.id, make_details())


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


def test_proof_takes_no_time(account: Account) -> None:
    route, credential, authorization = route_of(account), credential_of(account), bearer(account)
    started = time.perf_counter()
    proofs = [proves(route, credential=credential, authorization="", api_key="", at=AT) for _ in range(1000)]
    proofs += [proves(route, credential="", authorization=authorization, api_key="", at=AT) for _ in range(1000)]
    seconds = time.perf_counter() - started

    assert all(proofs)
    assert seconds < 0.2, "a proof takes more than 100 millionths of a second"
