"""Opening a client for a connection: tokens, budget and observer put together."""

from dataclasses import dataclass

from connector_site.lib.outside_calls import Observer, ignore
from connector_site.lib.secrets import Secret
from connector_site.lib.wording import said
from exact import credentials
from exact.client import ExactClient
from exact.errors import ExactNeedsReconnect
from exact.limits import BudgetClass, CallBudgetGate, Company
from exact.models import Connection
from exact.token_calls import registration
from exact.transport import Transport
from tenants.context import tenant_context


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTokens:
    """The tokens of one grant, as a transport wants them."""

    grant_id: int
    observe: Observer = ignore

    def token(self) -> Secret:
        """A token good for a call now."""
        return credentials.access_token(self.grant_id, observe=self.observe)

    def replacement(self, refused: Secret) -> Secret | None:
        """Another token in the place of a refused one; None when that one is fresh."""
        return credentials.replacement(self.grant_id, refused, observe=self.observe)

    def condemn(self, refused: Secret) -> None:
        """Exact refuses a fresh token."""
        credentials.condemn(self.grant_id, refused)


def company_of(connection: Connection, *, client_id: str) -> Company:
    """Whose budget the calls of a connection are counted in, with the limits that Exact told."""
    return Company(
        client_id=client_id,
        site=connection.site,
        division=connection.division,
        tenant_id=connection.tenant_id,
        connection_id=connection.pk,
        minute_limit=connection.minute_limit,
        day_limit=connection.day_limit,
        blocked_until_at=connection.blocked_until_at,
    )


def open_client(connection: Connection, *, purpose: BudgetClass, observe: Observer) -> ExactClient:
    """A client for one company. Costs no statement by itself; raises `ExactNeedsReconnect` for an ended connection."""
    if connection.grant_id is None or not connection.is_live:
        raise ExactNeedsReconnect(
            said("This company is not connected to Exact Online. Connect Exact Online again."),
            operation="open_client",
            reason="disconnected",
        )
    return client_of(connection, grant_id=connection.grant_id, purpose=purpose, observe=observe)


def client_of(connection: Connection, *, grant_id: int, purpose: BudgetClass, observe: Observer) -> ExactClient:
    """A client with this permission, for an ended connection too: its end may not be finished."""
    app = registration(connection.site)
    company = company_of(connection, client_id=app.client_id)
    transport = Transport(
        session=credentials.session_of(connection.site),
        base_url=app.base_url,
        division=connection.division,
        tokens=GrantTokens(grant_id=grant_id, observe=observe),
        gate=CallBudgetGate(company, purpose=purpose),
        observe=observe,
    )
    return ExactClient(
        transport,
        expand_lines=connection.expand_lines,
        on_expand_refused=lambda: _remember_lines_apart(connection),
    )


def _remember_lines_apart(connection: Connection) -> None:
    """Ask for lines apart from now on: the company does not expand them."""
    connection.expand_lines = False
    with tenant_context(connection.tenant_id):
        Connection.objects.filter(pk=connection.pk).update(expand_lines=False)
