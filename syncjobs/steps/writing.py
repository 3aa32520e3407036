"""One write of our line to a goods delivery in Exact; a text that Exact refuses is made shorter, then left out."""

from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from exact.client import ExactClient
from exact.errors import ExactRejected
from exact.records import GoodsDelivery, GoodsDeliveryChanges
from syncjobs.models import Delivery
from syncjobs.remarks import SHORTEST, LineFacts, status_line, with_our_line
from syncjobs.wording.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands in Exact now: our line, empty where none does; and how many writes it took."""

    line: str
    writes: int
    linked: UUID | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to stand there: the line, and the document to link."""

    facts: LineFacts | None
    words: Words
    document: UUID | None = None


def write(client: ExactClient, delivery: Delivery, goods: GoodsDelivery, wish: Wish) -> Written:
    """Write what differs. Raises as the client does, but for a line or link that Exact will not take (400)."""
    previous = delivery.written.get("remarks_line", "")
    refusal = ""
    writes = 0
    for line, document in _tries(wish, keeps_line=previous):
        changes = GoodsDeliveryChanges(
            remarks=_changed(goods.remarks, line, previous), document=document if document != goods.document else None
        )
        if changes == GoodsDeliveryChanges():
            return Written(line=line, writes=writes, linked=document, refusal=refusal)
        writes += 1
        try:
            client.put_goods_delivery(delivery.exact_entry_id, changes)
        except ExactRejected as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            refusal = str(error)
            continue
        return Written(line=line, writes=writes, linked=document, refusal=refusal)
    return Written(line=previous, writes=writes, refusal=refusal)


def _tries(wish: Wish, *, keeps_line: str) -> list[tuple[str, UUID | None]]:
    """Everything; then once with the shortest line (`exact.md` 8.1); then the document without a line."""
    if wish.facts is None:
        return [(keeps_line, wish.document)] if wish.document else []
    tries = [(status_line(wish.facts, words=wish.words, shorter=shorter), wish.document) for shorter in (0, SHORTEST)]
    return tries + ([(keeps_line, wish.document)] if wish.document else [])


def _changed(remarks: str, line: str, previous: str) -> str | None:
    wanted = with_our_line(remarks, line, previous=previous) if line else remarks
    return wanted if wanted != remarks else None
