"""One write of our line to a goods delivery in Exact; a text that Exact refuses is made shorter, then left out."""

from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from connector_site.lib.wording import said
from exact.client import ExactClient
from exact.errors import ExactRejected
from exact.records import GoodsDelivery, GoodsDeliveryChanges
from syncjobs.models import Delivery
from syncjobs.remarks import SHORTEST, LineFacts, status_line, with_our_line
from syncjobs.reporting import LINE_REFUSED, LINE_SHORTENED
from syncjobs.wording.words import Words

PROBLEM_CHARACTERS = 250
"""Our own column for what Exact did not take (`Delivery.proof_problem`)."""
NOT_LINKED = said("The proof of delivery could not be linked to the goods delivery.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of it, and how many writes that took.

    `line` is the line of ours that stands in Exact now, empty where none does; `has_wished` tells whether it is the one
    that was wished for. `refused` is how short the shortest line was that Exact did not take; None where it took ours.
    """

    line: str
    writes: int
    has_wished: bool = False
    linked: UUID | None = None
    refusal: str = ""
    refused: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to stand there: the line, no longer than Exact was found to take, and the document to link."""

    facts: LineFacts | None
    words: Words
    shorter: int = 0
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
    worded = pen.put(shortest, None) if shortest != line else None
    linked = pen.put("", wish.document) if has_both else None
    if worded is None and linked is not None and linked.refusal:
        worded = pen.put(shortest, None)
    if not line:
        return _apart(None, whole, [whole])
    tries = [one for one in (whole, worded, linked) if one is not None]
    return _apart(worded or whole, linked, tries, is_shortened=shortest != line)


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
        writes = int(changes != GoodsDeliveryChanges())
        try:
            if writes:
                self.client.put_goods_delivery(self.delivery.exact_key, changes)
        except ExactRejected as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            return Written(line=self.previous, writes=1, refusal=str(error))
        return Written(line=line or self.previous, has_wished=bool(line), writes=writes, linked=document)


def _lines(wish: Wish) -> tuple[str, str]:
    """Our line as it should be, and at its shortest (`exact.md` 8.1); empty for none."""
    if wish.facts is None:
        return "", ""
    lines = [status_line(wish.facts, words=wish.words, shorter=shorter) for shorter in (wish.shorter, SHORTEST)]
    return lines[0], lines[1]


def _apart(
    worded: Written | None, linked: Written | None, tries: list[Written], *, is_shortened: bool = False
) -> Written:
    """What the refused write and the tries after it came to; the link first, for it is what a person can mend."""
    whole = tries[0]
    told: list[str] = []
    refused: int | None = None
    if linked is not None and linked.refusal:
        told.append(f"{NOT_LINKED} {linked.refusal}")
    if worded is not None and worded.refusal:
        refused = SHORTEST
        told.append(f"{LINE_REFUSED} {worded.refusal}")
    elif worded is not None and is_shortened:
        refused = 0 if linked is None or not linked.refusal else None
        told.append(f"{LINE_SHORTENED} {whole.refusal}")
    return Written(
        line=worded.line if worded else whole.line,
        has_wished=worded is not None and worded.has_wished,
        writes=sum(one.writes for one in tries),
        linked=linked.linked if linked else None,
        refusal=" ".join(told),
        refused=refused,
    )
