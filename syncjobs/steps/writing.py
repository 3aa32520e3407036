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

PROBLEM_CHARACTERS = 250
"""Our own column for what Exact did not take (`Delivery.proof_problem`)."""


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
    """Write what differs, in one call; what Exact refuses together (400) is tried apart, the line at its shortest.

    Raises as the client does, but for a line or link that Exact will not take.
    """
    pen = _Pen(client=client, delivery=delivery, goods=goods, previous=delivery.written.get("remarks_line", ""))
    line, shortest = _lines(wish)
    whole = pen.put(line, wish.document)
    if not whole.refusal:
        return whole
    has_both = bool(line and wish.document)
    worded = pen.put(shortest, None) if has_both or shortest != line else None
    linked = pen.put("", wish.document) if has_both else None
    return _together(whole, worded, linked, wants_line=bool(line), is_shortened=shortest != line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pen:
    """One write at a time to a goods delivery as it was read; `previous` is our line there, if any."""

    client: ExactClient
    delivery: Delivery
    goods: GoodsDelivery
    previous: str

    def put(self, line: str, document: UUID | None) -> Written:
        """Write this line and link this document; either may be left out."""
        remarks = with_our_line(self.goods.remarks, line, previous=self.previous) if line else self.goods.remarks
        changes = GoodsDeliveryChanges(
            remarks=remarks if remarks != self.goods.remarks else None,
            document=document if document != self.goods.document else None,
        )
        if changes == GoodsDeliveryChanges():
            return Written(line=line or self.previous, writes=0, linked=document)
        try:
            self.client.put_goods_delivery(self.delivery.exact_entry_id, changes)
        except ExactRejected as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            return Written(line=self.previous, writes=1, refusal=str(error))
        return Written(line=line or self.previous, writes=1, linked=document)


def _lines(wish: Wish) -> tuple[str, str]:
    """Our line as it should be, and at its shortest (`exact.md` 8.1); empty for none."""
    if wish.facts is None:
        return "", ""
    return status_line(wish.facts, words=wish.words), status_line(wish.facts, words=wish.words, shorter=SHORTEST)


def _together(
    whole: Written, worded: Written | None, linked: Written | None, *, wants_line: bool, is_shortened: bool
) -> Written:
    """What the refused write and the tries after it came to."""
    tries = [one for one in (whole, worded, linked) if one is not None]
    said: list[str] = []
    line = worded or whole
    if wants_line and line.refusal:
        said.append(f"Our line could not be written to the goods delivery. {line.refusal}")
    elif wants_line and is_shortened:
        said.append(f"Our line in the goods delivery is shorter than usual. {whole.refusal}")
    link = linked or (None if wants_line else whole)
    if link is not None and link.refusal:
        said.append(f"The proof of delivery could not be linked to the goods delivery. {link.refusal}")
    return Written(
        line=line.line,
        writes=sum(one.writes for one in tries),
        linked=linked.linked if linked else None,
        refusal=" ".join(said),
    )
