"""Which consent a browser may choose a company of: kept in its session, for one customer and not for long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from exact import offers
from exact.offers import Answer
from tenants.access import Access

CHOOSING = "exact_choice"
CHOICE_GOOD_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """The permission, what it opened when it was given, and the link that it came by, if any."""

    grant_id: int
    answer: Answer
    link_code: UUID | None = None


def keep(request: HttpRequest, access: Access, choosing: Choosing) -> None:
    """Let this browser choose."""
    request.session[CHOOSING] = {
        "grant_id": choosing.grant_id,
        "tenant_code": str(access.tenant_code),
        "at": timezone.now().isoformat(),
        "answer": offers.as_json(choosing.answer),
        "link_code": str(choosing.link_code or ""),
    }


def kept(request: HttpRequest, access: Access) -> Choosing | None:
    """What this browser may choose of, if it may."""
    found: dict[str, Any] | None = request.session.get(CHOOSING)
    if not found or found["tenant_code"] != str(access.tenant_code):
        return None
    if timezone.now() - datetime.fromisoformat(found["at"]) > CHOICE_GOOD_FOR:
        return None
    link_code = UUID(found["link_code"]) if found["link_code"] else None
    return Choosing(grant_id=int(found["grant_id"]), answer=offers.from_json(found["answer"]), link_code=link_code)


def forget(request: HttpRequest) -> None:
    """The choice was made, or begun anew."""
    request.session.pop(CHOOSING, None)
