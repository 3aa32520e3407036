"""Links for the colleague who has the rights in Exact: made by a member, used once by anybody who holds one.

The holder meets no page of the tenant. What she allows waits with the link until a member takes it up or its time is
over; until then nobody uses it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection as database
from django.db.models import F
from django.utils import timezone

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.secrets import UNREADABLE, Secret, seal, unseal
from exact import grants, offers
from exact.models import ConsentLink
from exact.offers import Answer
from tenants.context import tenant_context
from tenants.models import User

TOKEN_BYTES = 32
"""256 bits (`reliability.md` 5)."""
GOOD_FOR = timedelta(days=7)
"""For giving the permission, and once more for taking it up."""
_PURPOSE = "answer to a consent link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Whose link a digest belongs to."""

    tenant_id: UUID
    code: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The site of Exact Online, the company as it is called here, and the proven address of who made the link.

    The address is empty where the person is gone or has proven none; the company's name is nobody's proof.
    """

    site: str
    company: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A permission that was given by a link and not taken up yet."""

    code: UUID
    grant_id: int
    answer: Answer
    given_at: datetime
    expires_at: datetime


def make(*, tenant_id: UUID, site: str, made_by: UUID, at: datetime) -> Secret:
    """A new link's secret, which is shown once; earlier links nobody has used yet end. In the tenant's context."""
    for older in ConsentLink.objects.filter(tenant_id=tenant_id, given_at=None, ended_at=None):
        _end(older, at=at)
    token = Secret(secrets.token_urlsafe(TOKEN_BYTES))
    link = ConsentLink.objects.create(
        tenant_id=tenant_id,
        token_digest=digest_of(token.reveal()),
        site=site,
        made_by=made_by,
        made_at=at,
        expires_at=at + GOOD_FOR,
    )
    happenings(tenant_id, [_event(link, "made")])
    return token


def digest_of(token: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def find(digest: str) -> Route | None:
    """Whose link it is, while it is good and unused."""
    with database.cursor() as cursor:
        cursor.execute("SELECT tenant_id, link_code FROM exact_consent_link_route(%s)", [digest])
        row = cursor.fetchone()
    return Route(tenant_id=row[0], code=row[1]) if row else None


def asked_by(route: Route) -> Asked:
    """Who asks for what with a link; in the tenant's context."""
    rows = ConsentLink.objects.filter(tenant_id=route.tenant_id, code=route.code)
    site, made_by, company = rows.values_list("site", "made_by", "tenant__name").get()
    proven = User.objects.filter(code=made_by, emailaddress__verified=True, emailaddress__email=F("email"))
    return Asked(site=site, company=company, email=proven.values_list("email", flat=True).first() or "")


def give(route: Route, *, grant_id: int, answer: Answer, at: datetime) -> bool:
    """Let the permission wait with the link; False when the link was used or ended meanwhile."""
    with tenant_context(route.tenant_id):
        grants.lock(grant_id)
        link = ConsentLink.objects.select_for_update().get(tenant_id=route.tenant_id, code=route.code)
        if link.given_at is not None or link.ended_at is not None or link.expires_at <= at:
            return False
        link.grant_id, link.given_at, link.expires_at = grant_id, at, at + GOOD_FOR
        link.sealed_answer = seal(offers.as_json(answer), owner=link.code, purpose=_PURPOSE)
        link.save(update_fields=["grant", "given_at", "expires_at", "sealed_answer"])
        happenings(route.tenant_id, [_event(link, "given")])
    return True


def waiting(tenant_id: UUID, *, at: datetime) -> Waiting | None:
    """The newest permission that waits for a member; one that cannot be read counts as none. In the context."""
    rows = ConsentLink.objects.filter(
        tenant_id=tenant_id, given_at__isnull=False, ended_at=None, expires_at__gt=at, grant__needs_reconnect_at=None
    )
    try:
        link = rows.order_by("-given_at").first()
        return _waiting(link) if link else None
    except UNREADABLE:
        return None


def is_waiting(tenant_id: UUID, code: UUID, *, at: datetime) -> bool:
    """Whether the permission given by this link may still be taken up; in the tenant's context."""
    rows = ConsentLink.objects.filter(tenant_id=tenant_id, code=code, given_at__isnull=False)
    return rows.filter(ended_at=None, expires_at__gt=at).exists()


def unused(tenant_id: UUID, *, at: datetime) -> ConsentLink | None:
    """The link that was made and not used yet; in the tenant's context."""
    rows = ConsentLink.objects.defer("sealed_answer").filter(tenant_id=tenant_id, given_at=None, ended_at=None)
    return rows.filter(expires_at__gt=at).order_by("-made_at").first()


def end(tenant_id: UUID, code: UUID, *, at: datetime) -> None:
    """End a link, taken up or not, and forget its permission unless a connection uses it."""
    with tenant_context(tenant_id):
        rows = ConsentLink.objects.select_for_update().defer("sealed_answer")
        link = rows.filter(tenant_id=tenant_id, code=code, ended_at=None).first()
        if link is None:
            return
        _end(link, at=at)
    if link.grant_id is not None:
        grants.forget(link.grant_id)


def end_all(tenant_id: UUID, *, at: datetime) -> None:
    """End every link of a tenant, given or not, and forget the permissions that wait with them."""
    with tenant_context(tenant_id):
        codes = list(ConsentLink.objects.filter(tenant_id=tenant_id, ended_at=None).values_list("code", flat=True))
    for code in codes:
        end(tenant_id, code, at=at)


def end_of(tenant_id: UUID, made_by: UUID, *, at: datetime) -> None:
    """End the links that a member made, given or not, within the tenant's context and the open transaction.

    A permission that waited with one is forgotten soon after (`upkeep.forget_unneeded_grants`).
    """
    rows = ConsentLink.objects.select_for_update().defer("sealed_answer").order_by("pk")
    for link in rows.filter(tenant_id=tenant_id, made_by=made_by, ended_at=None):
        _end(link, at=at)


def end_expired() -> int:
    """End every link whose time is over; how many there were."""
    with database.cursor() as cursor:
        cursor.execute("SELECT tenant_id, link_code FROM exact_expired_consent_links()")
        over = cursor.fetchall()
    for tenant_id, code in over:
        end(tenant_id, code, at=timezone.now())
    return len(over)


def _end(link: ConsentLink, *, at: datetime) -> None:
    link.ended_at, link.sealed_answer = at, None
    link.save(update_fields=["ended_at", "sealed_answer"])
    happenings(link.tenant_id, [_event(link, "ended")])


def _waiting(link: ConsentLink) -> Waiting | None:
    if link.grant_id is None or link.given_at is None:
        return None
    answer = offers.from_json(unseal(link.sealed_answer, owner=link.code, purpose=_PURPOSE))
    return Waiting(
        code=link.code, grant_id=link.grant_id, answer=answer, given_at=link.given_at, expires_at=link.expires_at
    )


def _event(link: ConsentLink, state: str) -> Happening:
    return Happening(
        kind=Event.Kind.CHANGED,
        subject_kind="exact_consent_link",
        subject=link.code,
        to_state=state,
        details={"site": link.site},
    )
