"""Which consent a browser may choose a company of: kept in its session, for one customer and not for long.

Encrypted there, for it names the Exact user and her companies.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from connector_site.lib.sealed_text import seal_text, unseal_text
from connector_site.lib.secrets import UNREADABLE
from exact import offers
from exact.offers import Answer
from tenants.access import Access

CHOOSING = "exact_choice"
CHOICE_GOOD_FOR = timedelta(minutes=30)
_PURPOSE = "choice of an Exact company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """The permission, what it opened when it was given, and the link that it came by, if any."""

    grant_id: int
    answer: Answer
    link_code: UUID | None = None


def keep(request: HttpRequest, access: Access, choosing: Choosing) -> None:
    """Let this browser choose."""
    held = {
        "grant_id": choosing.grant_id,
        "at": timezone.now().isoformat(),
        "answer": offers.as_json(choosing.answer),
        "link_code": str(choosing.link_code or ""),
    }
    request.session[CHOOSING] = seal_text(held, owner=access.tenant_code, purpose=_PURPOSE)


def kept(request: HttpRequest, access: Access) -> Choosing | None:
    """What this browser may choose of, if it may."""
    try:
        found = unseal_text(str(request.session.get(CHOOSING, "")), owner=access.tenant_code, purpose=_PURPOSE)
    except UNREADABLE:
        return None
    if timezone.now() - datetime.fromisoformat(found["at"]) > CHOICE_GOOD_FOR:
        return None
    link_code = UUID(found["link_code"]) if found["link_code"] else None
    return Choosing(grant_id=int(found["grant_id"]), answer=offers.from_json(found["answer"]), link_code=link_code)


def forget(request: HttpRequest) -> None:
    """The choice was made, or begun anew."""
    request.session.pop(CHOOSING, None)
