"""Connecting a company in the browser: consent, choice of company, checks, and taking the place of another one."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.outside_calls import Observer, ignore
from connector_site.lib.wording import said
from exact import (
    addresses,
    credentials,
    ending,
    grants,
    rights,
    subscribing,
    token_calls,
    upkeep,
)
from exact.access import GrantTokens, company_of, open_client
from exact.client import ExactClient
from exact.errors import ExactDivisionRefused, ExactError, ExactRightMissing, ExactUnavailable, ExactUnexpectedReply
from exact.first_call import FirstCall, NewTokens
from exact.limits import BudgetClass, CallBudgetGate, Company, forget_refusals
from exact.models import Connection, Grant, Site
from exact.records import Division, Me
from exact.rights import Finding
from exact.transport import CallGate, TokenSource, Transport
from tenants.context import tenant_context

CALLBACK_PATH = "/exact/callback"
ME_TRIES = 3
"""A person waits in the browser, so few, and at once."""
logger = logging.getLogger(__name__)
_TAKEN = "exact_connection_live_once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a consent gave: the grant and the companies it opens."""

    grant_id: int
    grant_code: UUID
    me: Me
    divisions: tuple[Division, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A connected company, and what did not work at once: upkeep tries that again, people may have to help."""

    connection: Connection
    problems: tuple[ExactError, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_first_time: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a consent would change about the connection there is; `key` names exactly this change."""

    company_before: str
    company_after: str
    user_before: str
    user_after: str
    is_other_company: bool
    is_other_user: bool
    key: str


def offered_sites() -> list[Site]:
    """The sites our app is registered for."""
    return [site for site in Site if site.value in settings.EXACT_APPS]


def redirect_uri() -> str:
    """Where Exact sends the browser back to; equal to the registered one, character for character."""
    return f"{settings.PUBLIC_URL}{CALLBACK_PATH}"


def authorize_url(*, site: str, state: str, force_login: bool) -> str:
    """Where to send the browser; `state` is kept in the session together with the site."""
    return token_calls.authorize_address(
        token_calls.registration(site), state=state, redirect_uri=redirect_uri(), force_login=force_login
    )


def finish_consent(*, site: str, code: str, observe: Observer = ignore) -> Consent:
    """Turn the code of a consent into a grant. The newest consent of an Exact user replaces her older chain."""
    app = token_calls.registration(site)
    pair = credentials.exchange_code(site=site, code=code, redirect_uri=redirect_uri(), observe=observe)
    received_at = grants.database_now()
    tokens = NewTokens(access=pair.access)
    me = _who(ExactClient(_transport(site, 0, tokens, FirstCall(), observe)))
    grant = grants.adopt(site=site, client_id=app.client_id, me=me, pair=pair, received_at=received_at)
    credentials.forget_kept()
    return Consent(
        grant_id=grant.pk, grant_code=grant.code, me=me, divisions=_opened(grant, me.current_division, observe)
    )


def _opened(grant: Grant, division: int, observe: Observer) -> tuple[Division, ...]:
    """The companies that a consent opens; a permission that opens none is not kept."""
    divisions: list[Division] = []
    with contextlib.suppress(ExactRightMissing):
        divisions = _client_of(grant, division, observe).divisions()
    if divisions:
        return tuple(divisions)
    abandon(grant.pk)
    raise ExactDivisionRefused(
        said(
            "The permission opens no company. Tick your company on Exact's page, and also the one that is open in "
            "Exact Online at the moment."
        ),
        operation="finish_consent",
        reason="no_company",
    )


def _who(client: ExactClient) -> Me:
    """Whose tokens these are. Until it is known they have no row, and the consent has already killed the older ones."""
    for _ in range(ME_TRIES - 1):
        try:
            return client.me()
        except (ExactUnavailable, ExactUnexpectedReply) as error:
            logger.warning("new tokens have no owner yet, asking again: %s", error.reason)
    return client.me()


def companies_besides(grant_id: int, tenant_id: UUID) -> set[UUID]:
    """The other customers whose companies use the same permission: if it is withdrawn, it ends for all of them."""
    return {other for other, _ in grants.users_of(grant_id) if other != tenant_id}


def divisions_of(grant_id: int, *, observe: Observer = ignore) -> tuple[Division, ...]:
    """The companies a grant opens, asked anew."""
    grant, _ = grants.read(grant_id)
    company = Company(client_id=grant.client_id, site=grant.site, division=0, grant_id=grant.pk)
    gate = CallBudgetGate(company, purpose=BudgetClass.RESERVE)
    tokens = GrantTokens(grant_id=grant.pk, observe=observe)
    me = ExactClient(_transport(grant.site, 0, tokens, gate, observe)).me()
    return tuple(_client_of(grant, me.current_division, observe).divisions())


def change_of(live: Connection, *, grant_id: int, division: Division) -> Change | None:
    """What connecting this company with this consent would change; None for the same user and the same company.

    `live` comes with its grant. Raises `ExactNeedsReconnect`.
    """
    grant, _ = grants.read(grant_id)
    former = live.grant
    is_other_company = (live.site, live.division) != (grant.site, division.code)
    is_other_user = former is None or (former.site, former.exact_user_id) != (grant.site, grant.exact_user_id)
    if not is_other_company and not is_other_user:
        return None
    return Change(
        company_before=_company_words(live.division_name, live.division, live.site),
        company_after=_company_words(division.name, division.code, grant.site),
        user_before=user_words(former),
        user_after=user_words(grant),
        is_other_company=is_other_company,
        is_other_user=is_other_user,
        key=f"{live.code}:{grant.code}:{division.code}",
    )


def user_words(grant: Grant | None) -> str:
    """The Exact user behind a permission, as shown to people."""
    name, email = grants.user_of(grant) if grant else ("", "")
    return f"{name} ({email})" if name and email else name or email or said("a user we do not know the name of")


def connect_division(
    *,
    tenant_id: UUID,
    grant_id: int,
    division: Division,
    replaces: Connection | None = None,
    observe: Observer = ignore,
) -> Connected:
    """Connect a company for a tenant, or connect it again. Raises `ExactDivisionRefused`, or what is missing.

    A connection to another company that it `replaces` ends in the moment in which this one begins; what is left of it
    at Exact is cleaned up afterwards, or at the next look.
    """
    grant, _ = grants.read(grant_id)
    _check_open(division)
    known = _row_of(tenant_id, grant.site, division.code)
    company = _company(grant, division.code, known)
    is_other_user = known is not None and known.grant_id != grant.pk
    before = timezone.now() if is_other_user else grant.consented_at
    forget_refusals(company, rights.endpoints(), before=before)
    findings = rights.look_up(_client_for(grant, company, observe))
    rights.refuse_what_stops(findings)
    connection, former = _save(tenant_id, grant, division, replaces)
    with tenant_context(tenant_id):
        rights.keep(connection, findings, at=timezone.now())
    former_grant_id = former.grant_id if former else None
    if former_grant_id is not None and former_grant_id != grant_id:
        grants.forget(former_grant_id)
    client = open_client(connection, purpose=BudgetClass.RESERVE, observe=observe)
    problems: list[ExactError] = []
    for step in (subscribing.ensure_subscribed, upkeep.read_shipping_methods, addresses.read_warehouses):
        try:
            step(connection, client)
        except ExactError as error:
            problems.append(error)
    ending.clean_up(tenant_id, observe=observe)
    return Connected(connection=connection, problems=tuple(problems), findings=findings, is_first_time=former is None)


def abandon(grant_id: int) -> None:
    """Forget a consent that nothing came of, unless a connection uses it."""
    grants.forget(grant_id)
    credentials.forget_kept()


def _client_of(grant: Grant, division: int, observe: Observer) -> ExactClient:
    """A client for a company that need not be connected."""
    return _client_for(grant, _company(grant, division, None), observe)


def _client_for(grant: Grant, company: Company, observe: Observer) -> ExactClient:
    gate = CallBudgetGate(company, purpose=BudgetClass.RESERVE)
    tokens = GrantTokens(grant_id=grant.pk, observe=observe)
    return ExactClient(_transport(grant.site, company.division, tokens, gate, observe))


def _company(grant: Grant, division: int, known: Connection | None) -> Company:
    if known is not None:
        return company_of(known, client_id=grant.client_id)
    return Company(client_id=grant.client_id, site=grant.site, division=division)


def _row_of(tenant_id: UUID, site: str, division: int) -> Connection | None:
    """The tenant's own connection to a company, whose limits hold for the calls before it is connected again too."""
    with tenant_context(tenant_id):
        return Connection.objects.filter(site=site, division=division).first()


def _transport(site: str, division: int, tokens: TokenSource, gate: CallGate, observe: Observer) -> Transport:
    return Transport(
        session=credentials.session_of(site),
        base_url=token_calls.registration(site).base_url,
        division=division,
        tokens=tokens,
        gate=gate,
        observe=observe,
    )


def _check_open(division: Division) -> None:
    if division.is_archived:
        raise ExactDivisionRefused(
            said(
                "{name} is archived in Exact Online. Choose another company, or restore this one in Exact first.",
                name=division.name,
            ),
            operation="connect_division",
            reason="archived",
        )
    if division.is_blocked:
        raise ExactDivisionRefused(
            said(
                "{name} is blocked in Exact Online at the moment, for a backup or a conversion. Try again later.",
                name=division.name,
            ),
            operation="connect_division",
            reason="blocked",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Former:
    """What a connection was before it was connected again."""

    grant_id: int | None
    user_id: UUID | None


def _save(
    tenant_id: UUID, grant: Grant, division: Division, replaces: Connection | None
) -> tuple[Connection, _Former | None]:
    """The connection's row, new or taken up again, and what it was before; another company's tie ends with it.

    Taken up while it was live it goes on where it was: what was booked while the permission was lost counts as booked
    since it was connected.
    """
    with tenant_context(tenant_id):
        locked, _ = grants.lock(grant.pk)
        grants.check_alive(locked)
        existing, replaced = _rows(tenant_id, grant, division, replaces)
        former = _former(existing) if existing else None
        row = existing or Connection(tenant_id=tenant_id, site=grant.site, division=division.code)
        if existing is None or not existing.is_live:
            row.connected_at, row.disconnected_at = timezone.now(), None
            row.last_read_at = row.missed_hook_at = row.division_looked_at = None
        row.grant, row.division_name = grant, division.name[:150]
        row.expand_lines = True
        _write(row)
        upkeep.note_company(row, division, at=timezone.now())
        events = [_event(row, Event.Kind.CONNECTED, "connected", {"division": row.division})]
        if replaced is not None:
            events = [ending.end_tie(replaced, {"replaced_by": row.division}), *events]
        happenings(tenant_id, [*events, *_changes(row, grant, former, replaced)])
    return row, former


def _rows(
    tenant_id: UUID, grant: Grant, division: Division, replaces: Connection | None
) -> tuple[Connection | None, Connection | None]:
    """The row of this company and the live one of the company that it replaces, locked."""
    mine = Q(site=grant.site, division=division.code)
    rows = Connection.objects.select_for_update(of=("self",)).select_related("grant").filter(tenant_id=tenant_id)
    rows = rows.defer(*(f"grant__{name}" for name in grants.SEALED))
    found = {row.pk: row for row in rows.filter(mine | Q(pk=replaces.pk if replaces else None)).order_by("pk")}
    existing = next((row for row in found.values() if (row.site, row.division) == (grant.site, division.code)), None)
    replaced = found.get(replaces.pk) if replaces else None
    return existing, replaced if replaced is not None and replaced != existing and replaced.is_live else None


def _write(row: Connection) -> None:
    try:
        row.save()
    except IntegrityError as error:
        if _TAKEN not in str(error):
            raise
        raise ExactDivisionRefused(
            said(
                "{name} is already connected by another customer of ours. Disconnect it there first, or write to us if "
                "you do not know who that is.",
                name=row.division_name,
            ),
            operation="connect_division",
            reason="taken",
        ) from error


def _former(row: Connection) -> _Former:
    return _Former(grant_id=row.grant_id, user_id=row.grant.exact_user_id if row.grant else None)


def _changes(row: Connection, grant: Grant, former: _Former | None, replaced: Connection | None) -> Iterator[Happening]:
    """What is another company, or another user, than until now."""
    before = _former(replaced) if replaced else former
    if replaced is not None:
        yield _changed(row, "exact company", before=replaced.division, after=row.division)
    if before is not None and before.user_id not in (None, grant.exact_user_id):
        yield _changed(row, "exact user", before=str(before.user_id), after=str(grant.exact_user_id))


def _changed(row: Connection, what: str, *, before: object, after: object) -> Happening:
    return _event(row, Event.Kind.CHANGED, "", {"what": what, "before": before, "after": after})


def _company_words(name: str, division: int, site: str) -> str:
    return f"{name} ({division}, {Site(site).label})"


def _event(connection: Connection, kind: Event.Kind, state: str, details: dict[str, object]) -> Happening:
    return Happening(
        kind=kind, subject_kind="exact_connection", subject=connection.code, to_state=state, details=details
    )
