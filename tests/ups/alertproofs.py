"""What proves a push, and how the subscriptions of an account stand; for tests of both."""

from datetime import UTC, datetime

from audit.models import Event
from tenants.context import tenant_context
from tests.ups.makers import FIRST_NUMBER
from ups.alerts import (
    IssuedToken,
    Route,
    destination_of,
    find_route,
    issue_token,
    portal_values,
    proves,
)
from ups.models import Account, AlertSubscription

AT = datetime(2026, 10, 12, 9, 30, tzinfo=UTC)


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
