"""Making, changing and checking a tenant's UPS accounts."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from audit import record
from audit.models import Event
from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.secrets import seal
from tenants.context import tenant_context
from ups import places
from ups.access import open_client_for_check, open_tracking_client_for_check
from ups.alert_rows import try_now
from ups.alerts import destination_of, ensure_credentials
from ups.client import ProbeAnswer
from ups.credentials import SUBJECT_KIND, no_token
from ups.errors import (
    Problem,
    SpecInvalid,
    UpsAccountBlocked,
    UpsCredentialRefused,
    UpsError,
    UpsProductMissing,
    UpsRejected,
    UpsUnexpectedReply,
)
from ups.models import CHECK_PROBLEM_CHARACTERS, CLIENT_ID, CLIENT_SECRET, Account
from ups.numbers import is_shipper_number
from ups.preflight import check_party
from ups.shipment_spec import PartySpec
from ups.tracking_client import TrackingClient

_ONCE = "ups_account_once_per_environment"
_COMPARE = (
    "Compare number, country and address with a UPS invoice, and see in the UPS developer portal "
    "whether the account is linked to the app."
)


_TRACKING, _TRACK_ALERT = "Tracking", "Track Alert"
_PROBLEM_OF = {_TRACKING: "tracking_problem", _TRACK_ALERT: "alert_problem"}
"""The column that says why UPS answers no questions about parcels, or does not tell of them by itself."""
_PROBLEM_CHARACTERS = Account._meta.get_field("tracking_problem").max_length


class AccountExists(UpsError):
    """The tenant has this shipper number in this environment already."""


class Part(StrEnum):
    """What a check can find wrong."""

    NONE = ""
    REACH = "reach"
    TOKEN = "token"  # noqa: S105  the name of a part
    PRODUCT = "product"
    SHIPPER_NUMBER = "shipper number"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The outcome of checking an account: what failed, in plain words, and what to do.

    `beside` has, for each product that shipping does not need, why it cannot be used, or nothing when it can; products
    that nothing was found out about are left out.
    """

    ok: bool
    part: Part
    message: str
    what_to_do: str
    checked_at: datetime
    code: str = ""
    beside: dict[str, str] = field(default_factory=dict)

    @property
    def problems_beside(self) -> tuple[str, ...]:
        """What is to be mended before parcels can be followed as chosen, in plain words."""
        return tuple(problem for problem in self.beside.values() if problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetails:
    """What a person enters. An empty client secret keeps the one that is stored."""

    name: str
    shipper_number: str
    environment: str
    client_id: str
    client_secret: str
    shipper: PartySpec


def accounts_of(tenant_id: uuid.UUID) -> list[Account]:
    """The tenant's accounts by name."""
    with tenant_context(tenant_id):
        return list(Account.objects.filter(tenant_id=tenant_id).order_by("name", "pk"))


def find_account(tenant_id: uuid.UUID, code: uuid.UUID) -> Account | None:
    """One of the tenant's accounts, or None for a stranger's code."""
    with tenant_context(tenant_id):
        return Account.objects.filter(tenant_id=tenant_id, code=code).first()


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

    Raises `SpecInvalid` with what is wrong, `AccountExists`, or `Account.DoesNotExist`. New credentials forget the old
    token and start a stopped account again.
    """
    problems = check_details(details, is_new=code is None)
    if problems:
        raise SpecInvalid(problems)
    try:
        with tenant_context(tenant_id):
            account = _make(tenant_id, details) if code is None else _change(tenant_id, details, code)
            ensure_credentials(account, is_new=code is None)
            return account
    except IntegrityError as error:
        if _ONCE not in str(error):
            raise
        message = f"The shipper number {details.shipper_number} is already set up for {details.environment}."
        raise AccountExists(message, operation="save") from error


def check_details(details: AccountDetails, *, is_new: bool) -> list[Problem]:
    """What is wrong with what a person entered."""
    required = [
        ("name", "The name is missing.", bool(details.name.strip())),
        ("client_id", "The client id is missing.", bool(details.client_id.strip())),
        ("client_secret", "The client secret is missing.", bool(details.client_secret.strip()) or not is_new),
        ("environment", "Choose test or production.", details.environment in Account.Environment.values),
        (
            "shipper_number",
            "The UPS account number has 6 letters and digits.",
            is_shipper_number(details.shipper_number),
        ),
    ]
    problems = [
        Problem(field=field, message=message, where_to_fix=places.ACCOUNT)
        for field, message, fine in required
        if not fine
    ]
    return problems + check_party(details.shipper, field="shipper", who="shipper", where_to_fix=places.ACCOUNT)


def check_account(account: Account) -> CheckResult:
    """Ask UPS whether token, API products and shipper number are good; remembers and records the outcome.

    An account can ship without Tracking and Track Alert: that one of them is missing is told beside the outcome.
    """
    calls: list[OutsideCall] = []
    try:
        answer = open_client_for_check(account, observe=calls.append).probe(shipper_of(account))
    except UpsError as error:
        result = _failed(error, account)
    else:
        result = _ok() if answer.shipper_accepted else _wrong_shipper(account, answer)
        result = replace(result, beside=_products_beside(account, calls))
    _remember(account, result, calls)
    return result


def _products_beside(account: Account, calls: list[OutsideCall]) -> dict[str, str]:
    """Ask both products about a number that no parcel has: nothing is changed by that, whatever UPS answers."""
    client = open_tracking_client_for_check(account, observe=calls.append)
    questions: dict[str, Callable[[], object]] = {_TRACKING: lambda: _ask_about(account, client)}
    if account.alert_version != Account.AlertVersion.OFF:
        questions[_TRACK_ALERT] = lambda: _ask_to_subscribe(account, client)
    found: dict[str, str] = {}
    for product, ask in questions.items():
        try:
            ask()
        except (UpsProductMissing, UpsAccountBlocked, UpsRejected) as error:
            found[product] = error.message
        except UpsError:
            continue
        else:
            found[product] = ""
    return found


def _ask_about(account: Account, client: TrackingClient) -> None:
    """That UPS refuses the number shows that the product is there."""
    with suppress(UpsRejected):
        client.track(_no_parcel(account))


def _no_parcel(account: Account) -> str:
    """Of our own form but too short for a parcel: Track Alert takes whatever has the form of a number."""
    return f"1Z{account.shipper_number}0000000"


def _ask_to_subscribe(account: Account, client: TrackingClient) -> None:
    is_v1 = account.alert_version == Account.AlertVersion.V1
    client.subscribe((_no_parcel(account),), destination=destination_of(account) if is_v1 else None)


def _make(tenant_id: uuid.UUID, details: AccountDetails) -> Account:
    account = Account(tenant_id=tenant_id, **_columns(details))
    account.client_id = seal(details.client_id.strip(), owner=account.code, purpose=CLIENT_ID)
    account.client_secret = seal(details.client_secret.strip(), owner=account.code, purpose=CLIENT_SECRET)
    account.save(force_insert=True)
    shown = {"shipper_number": account.shipper_number, "environment": account.environment}
    _record(account, Event.Kind.CONNECTED, shown)
    return account


def _change(tenant_id: uuid.UUID, details: AccountDetails, code: uuid.UUID) -> Account:
    account = Account.objects.select_for_update().get(tenant_id=tenant_id, code=code)
    new = _columns(details)
    if details.client_id.strip() != account.reveal_client_id():
        new["client_id"] = seal(details.client_id.strip(), owner=code, purpose=CLIENT_ID)
    if details.client_secret.strip() not in {"", account.open_client_secret().reveal()}:
        new["client_secret"] = seal(details.client_secret.strip(), owner=code, purpose=CLIENT_SECRET)
    changed = sorted(name for name, value in new.items() if value != getattr(account, name))
    if not changed:
        return account
    if {"client_id", "client_secret", "environment", "shipper_number"} & set(changed):
        generation = account.token_generation + 1
        new |= {**no_token(), "token_generation": generation, "stopped_at": None, "stopped_reason": ""}
    for name, value in new.items():
        setattr(account, name, value)
    account.save(update_fields=list(new))
    _record(account, Event.Kind.CHANGED, {"fields": changed})
    return account


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


def _remember(account: Account, result: CheckResult, calls: list[OutsideCall]) -> None:
    problem = "" if result.ok else f"{result.message} {result.what_to_do}"
    columns: dict[str, Any] = {"checked_at": result.checked_at, "check_problem": problem[:CHECK_PROBLEM_CHARACTERS]}
    if result.ok:
        columns |= {"stopped_at": None, "stopped_reason": ""}
    for product, told in result.beside.items():
        column = _PROBLEM_OF[product]
        columns |= {column: told[:_PROBLEM_CHARACTERS], f"{column}_at": result.checked_at if told else None}
    with tenant_context(account.tenant_id):
        Account.objects.filter(tenant_id=account.tenant_id, pk=account.pk).update(**columns)
        if result.ok:
            try_now(account, at=result.checked_at)
        unusable = [product for product, problem in result.beside.items() if problem]
        outcome = record.Happening(
            kind=Event.Kind.CONNECTED if result.ok else Event.Kind.FAILED,
            subject_kind=SUBJECT_KIND,
            subject=account.code,
            details={
                "check": "ok" if result.ok else result.part.value,
                "code": result.code,
                **({"not usable": unusable} if unusable else {}),
            },
        )
        made = record.calls(calls, subject_kind=SUBJECT_KIND, subject=account.code)
        record.happenings(account.tenant_id, [*made, outcome])
        account.refresh_from_db()


def _ok() -> CheckResult:
    return CheckResult(
        ok=True,
        part=Part.NONE,
        message="UPS accepts the client id and the secret, and has no objection to the shipper number.",
        what_to_do="",
        checked_at=timezone.now(),
    )


def _wrong_shipper(account: Account, answer: ProbeAnswer) -> CheckResult:
    return CheckResult(
        ok=False,
        part=Part.SHIPPER_NUMBER,
        message=f"UPS does not accept the shipper number {account.shipper_number}: {answer.message}",
        what_to_do=_COMPARE,
        code=answer.code,
        checked_at=timezone.now(),
    )


def _failed(error: UpsError, account: Account) -> CheckResult:
    part, what_to_do = Part.REACH, "Try again in a few minutes; nothing needs to be changed."
    if isinstance(error, UpsCredentialRefused):
        part = Part.TOKEN
        what_to_do = f"Copy both again from your app in {places.UPS_PORTAL}; the environment is {account.environment}."
    elif isinstance(error, UpsProductMissing):
        part, what_to_do = Part.PRODUCT, f"Open your app in {places.UPS_PORTAL} and add the product Shipping."
    elif isinstance(error, UpsAccountBlocked):
        part, what_to_do = Part.TOKEN, f"Ask {places.UPS_CONTRACT}; then check again here."
    elif isinstance(error, UpsRejected):
        part, what_to_do = Part.SHIPPER_NUMBER, _COMPARE
    elif isinstance(error, UpsUnexpectedReply):
        what_to_do = "Please tell support: UPS answered in a way that is not known here."
    return CheckResult(
        ok=False, part=part, message=error.message, what_to_do=what_to_do, code=error.code, checked_at=timezone.now()
    )
