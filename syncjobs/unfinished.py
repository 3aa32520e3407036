"""What is not finished: told on the page "To do" when nothing is listed there, and before a company is disconnected.

Reads only. Every function runs inside the tenant's context (`tenants.gate.inside`).
"""

import uuid
from dataclasses import dataclass

from syncjobs.desk import needs_reconnect
from syncjobs.models import Delivery, Finding
from syncjobs.reconciling.kinds import FindingKind
from syncjobs.rule_book import live_connection

D = Delivery.State
_WAITING = (D.RECEIVED, D.READY, D.SHIPPING, D.LABELLED, D.HOLD, D.REVIEW)
_ON_THE_WAY = (D.REPORTED, D.IN_TRANSIT, D.DELIVERED)
_WELL = "Every delivery goes by itself. When one needs a person, it stands here with what is wrong and where to fix it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """How many deliveries are not shipped and told to Exact yet, and how many are and still travel."""

    waiting: int
    on_the_way: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyList:
    """What stands in place of an empty list: `page` is the name of the page that helps."""

    title: str
    texts: tuple[str, ...]
    page: str
    button: str
    is_well: bool = False


def unfinished(tenant_id: uuid.UUID) -> Unfinished:
    """Counted over all of a customer's deliveries."""
    mine = Delivery.objects.filter(tenant_id=tenant_id)
    return Unfinished(
        waiting=mine.filter(state__in=_WAITING).count(), on_the_way=mine.filter(state__in=_ON_THE_WAY).count()
    )


def empty_list(tenant_id: uuid.UUID) -> EmptyList:
    """That no delivery needs a person is all well only while Exact is connected and nothing differs."""
    differences = _differences(tenant_id)
    connection = live_connection(tenant_id)
    if connection is None or needs_reconnect(tenant_id):
        waiting = unfinished(tenant_id).waiting
        texts = (_waiting_words(waiting), _differing_words(differences) if differences else "")
        return EmptyList(
            title="Exact Online is not connected",
            texts=tuple(text for text in texts if text),
            page="exact:connection",
            button="Connect Exact Online",
        )
    if differences:
        return EmptyList(
            title="No delivery waits for you, and something differs",
            texts=(_differing_words(differences),),
            page="syncjobs:reconciliation",
            button="See the comparison",
        )
    well = (
        "Every delivery goes by itself. When one needs a person, it stands here with what is wrong and where to fix it."
    )
    return EmptyList(
        title="Nothing to do", texts=(well,), page="syncjobs:deliveries", button="See the deliveries", is_well=True
    )


def _differences(tenant_id: uuid.UUID) -> int:
    rows = Finding.objects.filter(tenant_id=tenant_id, resolved_at=None, connection__disconnected_at=None)
    return rows.filter(kind__in=list(FindingKind)).count()


def _waiting_words(count: int) -> str:
    come = "New deliveries do not come in until it is connected."
    if not count:
        return come
    wait = "One delivery waits for that" if count == 1 else f"{count} deliveries wait for that"
    return f"{come} {wait}; nothing of it is lost."


def _differing_words(count: int) -> str:
    differ = "One difference" if count == 1 else f"{count} differences"
    return f"{differ} between Exact Online, UPS and our records {'is' if count == 1 else 'are'} open in the comparison."
