"""Making and changing a tenant's UPS accounts."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from audit import record
from audit.models import Event
from connector_site.lib.secrets import UNREADABLE, seal
from connector_site.lib.wording import said
from tenants import shipping_switch
from tenants.context import tenant_context
from ups import places
from ups.alerts import ensure_credentials, replace_unreadable
from ups.credentials import SUBJECT_KIND, no_token
from ups.errors import Problem, SpecInvalid, UpsError
from ups.models import CLIENT_ID, CLIENT_SECRET, SEALED, Account
from ups.numbers import is_shipper_number
from ups.preflight import check_party
from ups.shipment_spec import PartySpec

_ONCE = "ups_account_once_per_environment"
_SHOWN = frozenset({"shipper_number", "environment", "country"})
"""What of an account may stand in the audit trail."""
_SEALED_ENTERED = frozenset({"client_id", "client_secret"})


class AccountExists(UpsError):
    """The tenant has this shipper number in this environment already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetails:
    """What a person enters. An empty client secret keeps the stored one; a shipper may be left out as a whole."""

    name: str
    shipper_number: str
    environment: str
    client_id: str
    client_secret: str
    shipper: PartySpec


def accounts_of(tenant_id: uuid.UUID) -> list[Account]:
    """The tenant's accounts by name; the secrets of all are left out where one cannot be opened."""
    with tenant_context(tenant_id):
        return _opened(Account.objects.filter(tenant_id=tenant_id).order_by("name", "pk"))


def find_account(tenant_id: uuid.UUID, code: uuid.UUID) -> Account | None:
    """One of the tenant's accounts, or None; without its secrets where these cannot be opened."""
    with tenant_context(tenant_id):
        return next(iter(_opened(Account.objects.filter(tenant_id=tenant_id, code=code))), None)


def find_client_id(account: Account) -> str | None:
    """The client id, or None when its key is gone: then client id and secret must be entered again."""
    try:
        with tenant_context(account.tenant_id):
            account.open_client_secret()
            return account.reveal_client_id()
    except UNREADABLE:
        return None


def has_address(account: Account) -> bool:
    """Whether the account has an address of its own."""
    return bool(account.company_name and account.address_line_1)


def shipper_of(account: Account) -> PartySpec:
    """The shipper as it stands on the account's labels."""
    return PartySpec(
        name=account.company_name,
        attention=account.attention_name,
        phone=account.phone,
        email=account.email,
        address_lines=account.address_lines,
        city=account.city,
        postal_code=account.postal_code,
        state=account.state,
        country=account.country,
    )


def save_account(tenant_id: uuid.UUID, details: AccountDetails, *, code: uuid.UUID | None = None) -> Account:
    """Make an account, or change the one with this code.

    A shipper without anything filled in is no address, which the account may get later; one that it has is not taken
    away. New credentials forget the old token and start a stopped account again. Raises `SpecInvalid` with what is
    wrong, `AccountExists`, or `Account.DoesNotExist`.
    """
    problems = check_details(details, is_new=code is None)
    if problems:
        raise SpecInvalid(problems)
    try:
        with tenant_context(tenant_id):
            account = _make(tenant_id, details) if code is None else _change(tenant_id, details, code)
            ensure_credentials(account, is_new=code is None)
            return account if code is None else _opened(Account.objects.filter(pk=account.pk))[0]
    except IntegrityError as error:
        if _ONCE not in str(error):
            raise
        message = said(
            "The shipper number {number} is already set up for {environment}.",
            number=details.shipper_number,
            environment=details.environment,
        )
        raise AccountExists(message, operation="save") from error


def check_details(details: AccountDetails, *, is_new: bool) -> list[Problem]:
    """What is wrong with what a person entered."""
    required = [
        ("name", said("The name is missing."), bool(details.name.strip())),
        ("client_id", said("The client id is missing."), bool(details.client_id.strip())),
        ("client_secret", said("The client secret is missing."), bool(details.client_secret.strip()) or not is_new),
        ("environment", said("Choose test or production."), details.environment in Account.Environment.values),
        (
            "shipper_number",
            said("The UPS account number has 6 letters and digits."),
            is_shipper_number(details.shipper_number),
        ),
    ]
    problems = [
        Problem(field=field, message=message, where_to_fix=places.ACCOUNT)
        for field, message, fine in required
        if not fine
    ]
    if is_blank(details.shipper):
        return problems
    return problems + check_party(details.shipper, field="shipper", who="shipper", where_to_fix=places.ACCOUNT)


def is_blank(party: PartySpec) -> bool:
    """Whether nothing of an address was filled in; a country alone is none."""
    return not any((party.name, party.city, party.postal_code, *party.address_lines))


def _make(tenant_id: uuid.UUID, details: AccountDetails) -> Account:
    account = Account(tenant_id=tenant_id, **_columns(details))
    account.client_id = seal(details.client_id.strip(), owner=account.code, purpose=CLIENT_ID)
    account.client_secret = seal(details.client_secret.strip(), owner=account.code, purpose=CLIENT_SECRET)
    account.save(force_insert=True)
    shown = {"shipper_number": account.shipper_number, "environment": account.environment}
    _record(account, Event.Kind.CONNECTED, shown)
    return account


def _change(tenant_id: uuid.UUID, details: AccountDetails, code: uuid.UUID) -> Account:
    account = Account.objects.select_for_update().defer(*SEALED).get(tenant_id=tenant_id, code=code)
    new = _columns(details)
    if is_blank(details.shipper) and has_address(account):
        new = {name: new[name] for name in ("name", "shipper_number", "environment")}
    new |= _new_credentials(account, details)
    plain = {name: value for name, value in new.items() if name not in _SEALED_ENTERED}
    told = record.changes({name: getattr(account, name) for name in plain}, plain, shown=_SHOWN)
    changed = sorted({*told.get("fields", ()), *(name for name in new if name in _SEALED_ENTERED)})
    if not changed:
        return account
    if {"client_id", "client_secret", "environment", "shipper_number"} & set(changed):
        generation = account.token_generation + 1
        new |= {**no_token(), "token_generation": generation, "stopped_at": None, "stopped_reason": ""}
    for name, value in new.items():
        setattr(account, name, value)
    account.save(update_fields=list(new))
    if set(changed) - {"name", *_SEALED_ENTERED}:
        shipping_switch.plan_anew(tenant_id, at=timezone.now())
    _record(account, Event.Kind.CHANGED, {**told, "fields": changed})
    return account


def _new_credentials(account: Account, details: AccountDetails) -> dict[str, Any]:
    """The sealed columns that were entered anew. Stored ones that cannot be opened must be, both of them."""
    client_id, client_secret = details.client_id.strip(), details.client_secret.strip()
    sealed_id = seal(client_id, owner=account.code, purpose=CLIENT_ID)
    sealed_secret = seal(client_secret, owner=account.code, purpose=CLIENT_SECRET)
    try:
        known_id, known_secret = account.reveal_client_id(), account.open_client_secret().reveal()
    except UNREADABLE as error:
        if not client_secret:
            message = said("The stored client secret can no longer be opened. Enter client ID and secret again.")
            problem = Problem(field="client_secret", message=message, where_to_fix=places.ACCOUNT)
            raise SpecInvalid([problem]) from error
        replace_unreadable(account, at=timezone.now())
        return {"client_id": sealed_id, "client_secret": sealed_secret}
    new = {} if client_id == known_id else {"client_id": sealed_id}
    return new if client_secret in {"", known_secret} else new | {"client_secret": sealed_secret}


def _opened(rows: QuerySet[Account]) -> list[Account]:
    try:
        return list(rows)
    except UNREADABLE:
        return list(rows.defer(*SEALED))


def _columns(details: AccountDetails) -> dict[str, Any]:
    shipper = details.shipper
    lines = (*shipper.address_lines, "", "", "")
    return {
        "name": details.name.strip(),
        "shipper_number": details.shipper_number,
        "environment": details.environment,
        "company_name": shipper.name,
        "attention_name": shipper.attention,
        "address_line_1": lines[0],
        "address_line_2": lines[1],
        "address_line_3": lines[2],
        "postal_code": shipper.postal_code,
        "city": shipper.city,
        "state": shipper.state,
        "country": shipper.country,
        "phone": shipper.phone,
        "email": shipper.email,
    }


def _record(account: Account, kind: Event.Kind, details: dict[str, Any]) -> None:
    event = record.Happening(kind=kind, subject_kind=SUBJECT_KIND, subject=account.code, details=details)
    record.happenings(account.tenant_id, [event])
