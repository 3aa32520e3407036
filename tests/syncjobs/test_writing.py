"""One write to a goods delivery: what Exact refuses together is tried apart, and nothing is written for nothing."""

import uuid
from dataclasses import replace
from typing import Any, cast

import pytest

from exact.client import ExactClient
from exact.errors import ExactRejected, ExactUnavailable
from exact.records import GoodsDeliveryChanges
from syncjobs.models import Delivery
from syncjobs.remarks import SHORTEST, LineFacts, status_line
from syncjobs.steps.writing import Wish, Written, write
from syncjobs.wording import words_for
from tests.syncjobs.samples import goods
from tests.syncjobs.tellings import NOON

WORDS = words_for("nl")
DOCUMENT = uuid.UUID("dddddddd-0000-4000-8000-000000000001")
FACTS = LineFacts(
    milestone="delivered",
    local_at=NOON.replace(tzinfo=None),
    city="GRONINGEN",
    country="NL",
    numbers=("1Z1", "1Z2"),
    delivered=2,
    url="https://connector.example/track/1",
)
LINE = status_line(FACTS, words=WORDS)
SHORT = status_line(FACTS, words=WORDS, shorter=SHORTEST)
OLD = "[UPS] Onderweg 2026-10-13 09:00 | https://connector.example/track/1"


class Exact:
    """Keeps what is put, and refuses as told: remarks of a length, any remarks, the link."""

    def __init__(self, *, longest: int = 1000, takes_link: bool = True, error: Exception | None = None) -> None:
        self.longest, self.takes_link, self.error = longest, takes_link, error
        self.puts: list[GoodsDeliveryChanges] = []

    def put_goods_delivery(self, entry_id: uuid.UUID, changes: GoodsDeliveryChanges) -> None:
        self.puts.append(changes)
        if self.error is not None:
            raise self.error
        if len(changes.remarks or "") > self.longest or (changes.document is not None and not self.takes_link):
            raise ExactRejected("Too long.", status=400)


def put(exact: Exact, *, remarks: str = "", linked: uuid.UUID | None = None, old: str = "", **wish: Any) -> Written:
    delivery = Delivery(exact_entry_id=uuid.uuid4(), written={"remarks_line": old} if old else {})
    wished = replace(Wish(facts=FACTS, words=WORDS), **wish)
    return write(cast(ExactClient, exact), delivery, goods(remarks=remarks, document=linked), wished)


def test_line_and_link_are_written_in_one_call_beside_the_customers_text() -> None:
    exact = Exact()

    written = put(exact, remarks="Ring twice", document=DOCUMENT)

    assert exact.puts == [GoodsDeliveryChanges(remarks=f"Ring twice\n{LINE}", document=DOCUMENT)]
    assert written == Written(line=LINE, has_wished=True, writes=1, linked=DOCUMENT)


def test_our_older_line_is_replaced_where_it_stands() -> None:
    exact = Exact()

    put(exact, remarks=f"Ring\n{OLD}\ntwice", old=OLD)

    assert exact.puts == [GoodsDeliveryChanges(remarks=f"Ring\n{LINE}\ntwice")]


@pytest.mark.parametrize(
    ("remarks", "linked", "wish"),
    [
        (LINE, None, {}),
        (f"Ring twice\n{LINE}", DOCUMENT, {"document": DOCUMENT}),
        ("Ring twice", DOCUMENT, {"facts": None, "document": DOCUMENT}),
        ("Ring twice", None, {"facts": None}),
    ],
)
def test_what_stands_there_already_costs_no_call(remarks: str, linked: uuid.UUID | None, wish: dict[str, Any]) -> None:
    exact = Exact()

    written = put(exact, remarks=remarks, linked=linked, **wish)

    assert exact.puts == []
    assert (written.writes, written.refusal) == (0, "")


def test_a_line_that_is_too_long_is_written_shorter() -> None:
    exact = Exact(longest=len(SHORT))

    written = put(exact)

    assert [changes.remarks for changes in exact.puts] == [LINE, SHORT]
    assert (written.line, written.has_wished, written.writes, written.refused) == (SHORT, True, 2, 0)
    assert "shorter than usual" in written.refusal


def test_where_no_line_fits_the_document_is_linked_without_one() -> None:
    exact = Exact(longest=0)

    written = put(exact, document=DOCUMENT)

    assert exact.puts[-1] == GoodsDeliveryChanges(document=DOCUMENT)
    assert (written.line, written.linked, written.writes) == ("", DOCUMENT, 3)
    assert (written.has_wished, written.refused) == (False, SHORTEST)
    assert "could not be written" in written.refusal


def test_a_line_that_is_known_to_be_refused_long_is_sent_short_at_once() -> None:
    exact = Exact(longest=len(SHORT))

    written = put(exact, shorter=SHORTEST)

    assert [changes.remarks for changes in exact.puts] == [SHORT]
    assert (written.has_wished, written.writes, written.refused) == (True, 1, None)


def test_a_short_line_that_is_refused_is_sent_once() -> None:
    exact = Exact(longest=0)

    written = put(exact, shorter=SHORTEST, document=DOCUMENT)

    assert [bool(changes.remarks) for changes in exact.puts] == [True, False]
    assert (written.linked, written.refused) == (DOCUMENT, SHORTEST)


def test_where_no_line_fits_the_older_one_is_known_to_stand_there_still() -> None:
    exact = Exact(longest=0)

    written = put(exact, remarks=OLD, old=OLD)

    assert (written.line, written.has_wished) == (OLD, False)


def test_where_the_link_is_refused_the_line_is_written_without_it() -> None:
    exact = Exact(takes_link=False)

    written = put(exact, document=DOCUMENT)

    assert any(changes.remarks and changes.document is None for changes in exact.puts)
    assert written.linked is None
    assert written.line in {LINE, SHORT}
    assert written.refused is None
    assert "could not be linked" in written.refusal


def test_a_refused_link_says_nothing_about_a_short_line_which_is_written_without_it() -> None:
    exact = Exact(takes_link=False)

    written = put(exact, shorter=SHORTEST, document=DOCUMENT)

    assert (written.line, written.has_wished, written.refused) == (SHORT, True, None)


def test_a_document_alone_is_linked_without_a_word() -> None:
    exact = Exact()

    written = put(exact, remarks=OLD, old=OLD, facts=None, document=DOCUMENT)

    assert exact.puts == [GoodsDeliveryChanges(document=DOCUMENT)]
    assert (written.line, written.linked) == (OLD, DOCUMENT)
    assert not written.has_wished


@pytest.mark.parametrize(
    "error", [ExactUnavailable("Exact is down.", status=503), ExactRejected("Not yours.", status=403)]
)
def test_other_failures_are_not_written_around(error: Exception) -> None:
    exact = Exact(error=error)

    with pytest.raises(type(error)):
        put(exact, document=DOCUMENT)

    assert len(exact.puts) == 1
