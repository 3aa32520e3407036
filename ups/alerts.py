"""The ways by which UPS reaches us with scans: address, secrets and proofs of each account (`ups.md` 10)."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import connection

from audit import record
from audit.models import Event
from connector_site.lib.secrets import UNREADABLE, Secret, seal, unseal_secret
from tenants.context import tenant_context
from ups.alert_rows import State, begin_again, make_due, switch_off, switch_on
from ups.credentials import SUBJECT_KIND
from ups.models import ALERT_CLIENT_SECRET, ALERT_CREDENTIAL, SEALED, Account, AlertSubscription
from ups.tracking_client import Destination

HOOK_PATH = "/hooks/ups/"
TOKEN_PATH = "/hooks/ups/token"  # noqa: S105  an address
PREVIOUS_ACCEPTED_DAYS = 15
"""`ups.md` 10.2: a day longer than a subscription made with the old credential lives."""
TOKEN_SECONDS = 3600
"""Ours to choose; as long as UPS's own tokens live (`ups.md` 3)."""
_SECRET_BYTES = 48
"""`ups.md` 10.2."""
_CLIENT_ID_BYTES = 16
_TOKEN_SALT = "ups.alerts.token"  # noqa: S105  the name of a purpose
_SIGNATURE_AFTER = "."
_PART_AFTER = "~"
"""Both may stand in a bearer token (RFC 6750, 2.1)."""
_NO_DIGEST = "0" * 64
"""Compared with where there is no account, so that a wrong id takes as long as a wrong secret."""
_CREDENTIAL_COLUMNS = (
    "alert_hook_code",
    "alert_credential",
    "alert_credential_digest",
    "alert_previous_digest",
    "alert_previous_until",
    "alert_client_id",
    "alert_client_secret",
    "alert_client_secret_digest",
    "alert_generation",
)
_NO_CREDENTIAL: dict[str, Any] = {"alert_credential": None, "alert_credential_digest": ""}
_NO_PREVIOUS: dict[str, Any] = {"alert_previous_digest": "", "alert_previous_until": None}
_ROUTE = """
    SELECT tenant_id, account_id, credential_digest, previous_digest, previous_until, client_id, generation
      FROM ups_alert_route(%s)
"""
_CLIENT = "SELECT hook_code, secret_digest, generation FROM ups_alert_client(%s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalValues:
    """What the customer enters under "Manage Webhook Credentials" in the UPS developer portal, for version 2."""

    url: str
    token_url: str
    client_id: str
    client_secret: Secret
    """Empty when its key is gone: UPS is still known by it, but a new one is needed to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Whose address a push came to, and what proves that UPS sent it."""

    hook_code: uuid.UUID
    tenant_id: uuid.UUID
    account_id: int
    credential_digest: str
    previous_digest: str
    previous_until: datetime | None
    client_id: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token for UPS's pushes of version 2."""

    token: Secret
    expires_in_seconds: int


def ensure_credentials(account: Account, *, is_new: bool = False) -> None:
    """Give the account the secrets for Track Alert that it lacks; `account` then shows them. Repeating is harmless.

    A credential belongs to version 1 alone. What is made is recorded, but for a new account, where nobody wonders.
    """
    if not _lacking(account):
        return
    with tenant_context(account.tenant_id):
        row = _locked(account)
        lacking = _lacking(row)
        if "alert_credential" in lacking:
            _write(row, _new_credential(row.code))
        if "alert_client_secret" in lacking:
            client_id = secrets.token_hex(_CLIENT_ID_BYTES)
            _write(row, {"alert_client_id": client_id, **_new_client_secret(row.code)})
        if lacking and not is_new:
            _record(row, {"what": "alert secrets made", "fields": lacking})
    _show(row, on=account)


def rotate_credential(account: Account, *, at: datetime) -> bool:
    """Give UPS a new credential (version 1): the old one is accepted for 15 days more, all parcels are due again.

    False, and nothing changed, while parcels are still subscribed with the one before: a third would shut them out.
    Nor is there anything to renew while version 1 is not in use.
    """
    ensure_credentials(account)
    with tenant_context(account.tenant_id):
        row = _locked(account)
        if row.alert_version != Account.AlertVersion.V1 or _previous_is_needed(row, at):
            return False
        _write(row, {**_as_previous(row, at), **_new_credential(row.code)})
        make_due(row, at=at)
        _record(row, {"fields": ["alert_credential"]})
    _show(row, on=account)
    return True


def rotate_client_secret(account: Account) -> None:
    """A new client secret for version 2, which ends every token issued; the customer enters it in the portal."""
    ensure_credentials(account)
    with tenant_context(account.tenant_id):
        row = _locked(account)
        _write(row, {**_new_client_secret(row.code), "alert_generation": row.alert_generation + 1})
        _record(row, {"fields": ["alert_client_secret"]})
    _show(row, on=account)


def revoke(account: Account, *, at: datetime) -> None:
    """The secrets of both versions and the address have leaked: new ones, and the old ones end at once.

    Whatever UPS was told before leads nowhere now, so each parcel counts as not subscribed until UPS has taken it anew.
    """
    with tenant_context(account.tenant_id):
        row = _locked(account)
        is_v1 = row.alert_version == Account.AlertVersion.V1
        credential = _new_credential(row.code) if is_v1 else _NO_CREDENTIAL
        changes = {"alert_hook_code": uuid.uuid4(), **_NO_PREVIOUS, **credential, **_new_client_secret(row.code)}
        client_id = secrets.token_hex(_CLIENT_ID_BYTES)
        _write(row, {**changes, "alert_client_id": client_id, "alert_generation": row.alert_generation + 1})
        living = AlertSubscription.objects.filter(tenant_id=row.tenant_id, account_id=row.pk)
        begin_again(living.exclude(state__in=[State.ENDED, State.REFUSED]), at=at)
        _record(row, {"what": "alert secrets revoked"})
    _show(row, on=account)


def choose_version(account: Account, version: str, *, at: datetime) -> None:
    """Let UPS tell of scans this way from now on: one of `Account.AlertVersion`.

    Off ends all subscriptions, and those it ended begin again when Track Alert is switched on. Version 1 has a new
    credential each time it is chosen; the one it leaves behind is accepted for as long as subscriptions may carry it.
    """
    chosen = Account.AlertVersion(version)
    with tenant_context(account.tenant_id):
        row = _locked(account)
        if row.alert_version == chosen:
            return
        told = {"changes": {"alert_version": [row.alert_version, chosen.value]}}
        credential: dict[str, Any] = {}
        if row.alert_version == Account.AlertVersion.V1 and row.alert_credential_digest:
            credential = {**_as_previous(row, at), **_NO_CREDENTIAL}
        elif chosen is Account.AlertVersion.V1:
            credential = _new_credential(row.code)
        _write(row, {"alert_version": chosen.value, "alert_problem": "", "alert_problem_at": None, **credential})
        if chosen is Account.AlertVersion.OFF:
            switch_off(row)
        else:
            switch_on(row, at=at)
        _record(row, {"fields": ["alert_version"], "alert_version": chosen.value, **told})
    _show(row, on=account)
    account.alert_version = row.alert_version
    account.alert_problem, account.alert_problem_at = row.alert_problem, row.alert_problem_at


def replace_unreadable(account: Account, *, at: datetime) -> None:
    """Secrets for Track Alert in place of those whose key is gone. What UPS was given before is accepted as before.

    Version 2 keeps working without: what was entered at UPS is known by its digest, and can only not be shown again.
    """
    with tenant_context(account.tenant_id):
        row = Account.objects.defer(*SEALED).get(tenant_id=account.tenant_id, pk=account.pk)
        is_v1 = row.alert_version == Account.AlertVersion.V1
        credential = {**_as_previous(row, at), **_new_credential(row.code)} if is_v1 else _NO_CREDENTIAL
        _write(row, {**credential, "alert_client_secret": None})
        if is_v1:
            make_due(row, at=at)


def destination_of(account: Account) -> Destination:
    """What version 1 is told with every subscription."""
    ensure_credentials(account)
    credential = unseal_secret(account.alert_credential, owner=account.code, purpose=ALERT_CREDENTIAL)
    return Destination(url=_hook_url(account), credential=credential)


def portal_values(account: Account) -> PortalValues:
    """What the guided page for version 2 shows to those who may change the account; the secret only when asked for."""
    ensure_credentials(account)
    return PortalValues(
        url=_hook_url(account),
        token_url=f"{settings.PUBLIC_URL}{TOKEN_PATH}",
        client_id=account.alert_client_id,
        client_secret=_client_secret(account),
    )


def show_client_secret(account: Account) -> Secret:
    """The client secret for a person's eyes, which is recorded; empty when it can no longer be opened."""
    values = portal_values(account)
    if values.client_secret:
        with tenant_context(account.tenant_id):
            event = {"what": "client secret shown"}
            _record(account, event, kind=Event.Kind.ASKED)
    return values.client_secret


def _client_secret(account: Account) -> Secret:
    try:
        with tenant_context(account.tenant_id):
            return unseal_secret(account.alert_client_secret, owner=account.code, purpose=ALERT_CLIENT_SECRET)
    except UNREADABLE:
        return Secret("")


def find_route(hook_code: uuid.UUID) -> Route | None:
    """Whose address this is; needs no tenant and takes one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ROUTE, [hook_code])
        row = cursor.fetchone()
    if row is None:
        return None
    tenant_id, account_id, credential_digest, previous_digest, previous_until, client_id, generation = row
    return Route(
        hook_code=hook_code,
        tenant_id=tenant_id,
        account_id=account_id,
        credential_digest=credential_digest,
        previous_digest=previous_digest,
        previous_until=previous_until,
        client_id=client_id,
        generation=generation,
    )


def proves(route: Route, *, credential: str, authorization: str, api_key: str, at: datetime) -> bool:
    """Whether the headers `credential`, or `Authorization` and `x-api-key`, show that UPS was told of this address.

    Either is enough, whatever version the account uses now: subscriptions made before a switch go on. The present
    credential is accepted while the account uses version 1, which the route sees to.
    """
    if credential and _is_credential(route, credential, at):
        return True
    if api_key and not hmac.compare_digest(api_key.encode(errors="replace"), route.client_id.encode()):
        return False
    scheme, _, token = authorization.partition(" ")
    return scheme.lower() == "bearer" and _is_token(route, token.strip(), at)


def issue_token(*, client_id: str, client_secret: str, at: datetime) -> IssuedToken | None:
    """A token for whoever holds the client id and secret of an account; None, without a hint why, for others."""
    with connection.cursor() as cursor:
        cursor.execute(_CLIENT, [client_id.replace("\0", "")])
        row = cursor.fetchone()
    hook_code, secret_digest, generation = row or (uuid.UUID(int=0), _NO_DIGEST, 0)
    if not hmac.compare_digest(_digest(client_secret), secret_digest):
        return None
    ends_at = int(at.timestamp()) + TOKEN_SECONDS
    text = _PART_AFTER.join([hook_code.hex, str(generation), str(ends_at)])
    return IssuedToken(token=Secret(_signer().sign(text)), expires_in_seconds=TOKEN_SECONDS)


def find_client(client_id: str) -> uuid.UUID | None:
    """The hook code of the account with this client id: where a failure is counted, never told to who failed."""
    with connection.cursor() as cursor:
        cursor.execute(_CLIENT, [client_id.replace("\0", "")])
        row = cursor.fetchone()
    return row[0] if row else None


def _is_credential(route: Route, credential: str, at: datetime) -> bool:
    digest = _digest(credential)
    if hmac.compare_digest(digest, route.credential_digest):
        return True
    is_accepted = route.previous_until is not None and at < route.previous_until
    return is_accepted and hmac.compare_digest(digest, route.previous_digest)


def _is_token(route: Route, token: str, at: datetime) -> bool:
    try:
        hook, generation, ends_at = _signer().unsign(token).split(_PART_AFTER)
    except BadSignature:
        return False
    return hook == route.hook_code.hex and int(generation) == route.generation and at.timestamp() < int(ends_at)


def _signer() -> Signer:
    return Signer(salt=_TOKEN_SALT, sep=_SIGNATURE_AFTER)


def _digest(secret: str) -> str:
    """What is compared instead of the secret itself; for 48 random bytes a plain hash is as good as a slow one."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _lacking(row: Account) -> list[str]:
    """The columns of the secrets that the account should have and has not."""
    is_v1 = row.alert_version == Account.AlertVersion.V1
    lacking = ["alert_credential"] if is_v1 and not row.alert_credential_digest else []
    return lacking if row.alert_client_secret_digest else [*lacking, "alert_client_secret"]


def _as_previous(row: Account, at: datetime) -> dict[str, Any]:
    """Columns that let the present credential run out."""
    until = at + timedelta(days=PREVIOUS_ACCEPTED_DAYS)
    return {"alert_previous_digest": row.alert_credential_digest, "alert_previous_until": until}


def _hook_url(account: Account) -> str:
    return f"{settings.PUBLIC_URL}{HOOK_PATH}{account.alert_hook_code}"


def _new_credential(code: uuid.UUID) -> dict[str, Any]:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    sealed = seal(secret, owner=code, purpose=ALERT_CREDENTIAL)
    return {"alert_credential": sealed, "alert_credential_digest": _digest(secret)}


def _new_client_secret(code: uuid.UUID) -> dict[str, Any]:
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    sealed = seal(secret, owner=code, purpose=ALERT_CLIENT_SECRET)
    return {"alert_client_secret": sealed, "alert_client_secret_digest": _digest(secret)}


def _previous_is_needed(row: Account, at: datetime) -> bool:
    """Whether living subscriptions still carry the credential before the present one."""
    if row.alert_previous_until is None or row.alert_previous_until <= at:
        return False
    rotated_at = row.alert_previous_until - timedelta(days=PREVIOUS_ACCEPTED_DAYS)
    rows = AlertSubscription.objects.filter(tenant_id=row.tenant_id, account_id=row.pk, state=State.ACTIVE)
    return rows.filter(subscribed_at__lt=rotated_at, expires_at__gt=at).exists()


def _locked(account: Account) -> Account:
    """The row, without its secrets where they cannot be opened."""
    rows = Account.objects.select_for_update(no_key=True)
    try:
        return rows.get(tenant_id=account.tenant_id, pk=account.pk)
    except UNREADABLE:
        return rows.defer(*SEALED).get(tenant_id=account.tenant_id, pk=account.pk)


def _write(row: Account, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(update_fields=list(columns))


def _show(row: Account, *, on: Account) -> None:
    for name in set(_CREDENTIAL_COLUMNS) - row.get_deferred_fields():
        setattr(on, name, getattr(row, name))


def _record(row: Account, details: dict[str, Any], *, kind: Event.Kind = Event.Kind.CHANGED) -> None:
    event = record.Happening(kind=kind, subject_kind=SUBJECT_KIND, subject=row.code, details=details)
    record.happenings(row.tenant_id, [event])
