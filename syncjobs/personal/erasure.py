"""Erasing what shows a person: the keys go, the rows stay as numbers, and the audit trail never held more.

Every function runs inside the tenant's context.
"""

import json
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q, QuerySet

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.secrets import UNREADABLE
from connector_site.lib.wording import said
from exact import master
from exact.models import MasterRecord
from syncjobs import finders, raw_messages
from syncjobs.doubts.evidence import REFUSAL, without_words
from syncjobs.models import (
    Attempt,
    Delivery,
    DryRun,
    Export,
    Label,
    Note,
    Parcel,
    PartyAddress,
    Preview,
    Receipt,
    TrackingEvent,
    ViewPage,
)
from syncjobs.parties import open_party
from syncjobs.receivers import Receiver, receiver_of, with_receiver

D, A = Delivery.State, Attempt.State
ENDED = (D.CLOSED, D.CANCELLED, D.SKIPPED)
"""Nothing more is done for such a delivery, so nothing needs its address."""
SETTLED = (
    A.CREATED,
    A.REFUSED,
    A.NOT_SENT,
    A.ABSENT,
    A.VOIDED_THERE,
    A.VOIDED,
    A.VOID_REFUSED,
    A.CANCELLED,
    A.ABANDONED,
)
"""The database lets go of the request of these alone (migration 0014)."""
SHOWN_AT_ONCE = 50
LEAST_CHARACTERS = 4
"""Shorter words would be found in the records of everybody."""
_BEFORE_PLANNED = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A delivery that may be of the person who is looked for; `why_not` says why it cannot be erased yet."""

    delivery: Delivery
    receiver: Receiver | None
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What is erased, or would be."""

    deliveries: int
    labels: int
    requests: int
    events: int
    messages: int
    records: int
    previews: int
    exports: int


class NotErasable(Exception):
    """Something of what was chosen is still needed; the text says what."""


def find(tenant_id: uuid.UUID, asked: str) -> list[Found]:
    """Deliveries by number, order, tracking number, or by words of the receiver; newest first, one more than shown."""
    text = asked.strip()
    if not text:
        return []
    condition = Q(delivery_number=text) | Q(order_numbers=text)
    condition |= Q(pk__in=Parcel.objects.filter(tenant_id=tenant_id, tracking_number=text).values("shipment__delivery"))
    addresses = PartyAddress.objects.filter(tenant_id=tenant_id)
    for hashes in finders.wanted(tenant_id, text):
        condition |= Q(pk__in=addresses.filter(finders__contains=hashes).values("delivery"))
    rows = with_receiver(Delivery.objects.filter(condition, tenant_id=tenant_id)).order_by("-created_at", "-pk")
    busy = _busy(tenant_id)
    return [
        Found(delivery=row, receiver=receiver_of(row), why_not=_why_not(row, busy)) for row in rows[: SHOWN_AT_ONCE + 1]
    ]


def what_goes(tenant_id: uuid.UUID, codes: Collection[uuid.UUID]) -> Counts:
    """What `erase` would erase. Raises `NotErasable`."""
    return _Reach(tenant_id, _chosen(tenant_id, codes)).counts()


def erase(tenant_id: uuid.UUID, codes: Collection[uuid.UUID], *, at: datetime) -> Counts:
    """Erase all that shows who these deliveries went to, wherever it stands, at once. Raises `NotErasable`."""
    chosen = _chosen(tenant_id, codes, lock=True)
    reach = _Reach(tenant_id, chosen)
    counts = reach.counts()
    reach.erase(at)
    told = {"what": "receiver erased", **asdict(counts)}
    happenings(
        tenant_id,
        [Happening(kind=Event.Kind.CHANGED, subject_kind="delivery", subject=row.code, details=told) for row in chosen],
    )
    return counts


def settled(tenant_id: uuid.UUID) -> QuerySet[Attempt]:
    """Requests that UPS is asked nothing more about, not even once more in case it turns up late."""
    return Attempt.objects.filter(tenant_id=tenant_id, state__in=SETTLED, due_at=None)


def erase_addresses(tenant_id: uuid.UUID, delivery_ids: Sequence[int], *, at: datetime) -> int:
    """The addresses of deliveries that have ended, wherever they stand but on labels; returns how many rows."""
    parties = PartyAddress.objects.filter(tenant_id=tenant_id, delivery_id__in=delivery_ids, erased_at=None)
    attempts = settled(tenant_id).filter(delivery_id__in=delivery_ids)
    events = TrackingEvent.objects.filter(
        tenant_id=tenant_id, parcel__shipment__delivery_id__in=delivery_ids, sealed__isnull=False
    )
    parcels = Parcel.objects.filter(tenant_id=tenant_id, shipment__delivery_id__in=delivery_ids)
    return (
        parties.update(sealed_key=None, sealed=None, finders=None, erased_at=at)
        + erase_refusals(parcels)
        + erase_requests(tenant_id, list(attempts.values_list("pk", flat=True)), at=at)
        + events.update(sealed=None)
        + erase_notes(Note.objects.filter(tenant_id=tenant_id, delivery_id__in=delivery_ids), at=at)
    )


def erase_notes(notes: QuerySet[Note], *, at: datetime) -> int:
    """What colleagues wrote, which may name anybody; returns how many."""
    return notes.filter(erased_at=None).update(sealed_key=None, sealed=None, erased_at=at)


def erase_refusals(parcels: QuerySet[Parcel]) -> int:
    """Why UPS did not void them, in its own words, which may quote anything; returns how many."""
    return parcels.exclude(void_refusal="").update(void_refusal="")


def erase_requests(tenant_id: uuid.UUID, attempt_ids: Sequence[int], *, at: datetime) -> int:
    """Settled requests, and what people wrote and UPS said about them; returns how many requests."""
    rows = settled(tenant_id).filter(pk__in=attempt_ids)
    for attempt in rows.filter(evidence__has_any_keys=["decisions", "sources", REFUSAL]).defer("request"):
        Attempt.objects.filter(tenant_id=tenant_id, pk=attempt.pk).update(evidence=without_words(attempt))
    return rows.filter(erased_at=None).update(request=None, erased_at=at)


def erase_labels(labels: QuerySet[Label], *, at: datetime) -> int:
    """The content of labels; returns how many."""
    return labels.filter(erased_at=None).update(sealed_key=None, content=None, erased_at=at)


class _Reach:
    """Everything of some deliveries that shows a person."""

    def __init__(self, tenant_id: uuid.UUID, deliveries: Sequence[Delivery]) -> None:
        ids = [row.pk for row in deliveries]
        mine = {"tenant_id": tenant_id}
        self._tenant_id = tenant_id
        self._deliveries = deliveries
        self._ids = ids
        self._texts = _texts_of(tenant_id, ids)
        self._labels = Label.objects.filter(**mine, parcel__shipment__delivery_id__in=ids, erased_at=None)
        self._requests = Attempt.objects.filter(**mine, delivery_id__in=ids, erased_at=None)
        self._events = TrackingEvent.objects.filter(**mine, parcel__shipment__delivery_id__in=ids, sealed__isnull=False)
        self._receipts = _messages_about(tenant_id, deliveries, self._texts)
        self._records = master.mentioning(tenant_id, self._texts) if self._texts else []
        self._pages = _pages_about(tenant_id, ids, self._texts)
        self._previews = DryRun.objects.filter(**mine)
        self._looks = Preview.objects.filter(**mine, delivery_id__in=ids)
        self._exports = Export.objects.filter(**mine)

    def counts(self) -> Counts:
        """How many rows each of them is."""
        return Counts(
            deliveries=len(self._deliveries),
            labels=self._labels.count(),
            requests=self._requests.count(),
            events=self._events.count(),
            messages=len(self._receipts) + len(self._pages),
            records=len(self._records),
            previews=self._previews.count() + self._looks.count(),
            exports=self._exports.count(),
        )

    def erase(self, at: datetime) -> None:
        """Erase them all, in the open transaction."""
        erase_labels(self._labels, at=at)
        erase_addresses(self._tenant_id, self._ids, at=at)
        Receipt.objects.filter(tenant_id=self._tenant_id, pk__in=self._receipts).delete()
        MasterRecord.objects.filter(tenant_id=self._tenant_id, pk__in=self._records).delete()
        ViewPage.objects.filter(tenant_id=self._tenant_id, pk__in=self._pages).delete()
        self._previews.delete()
        self._looks.delete()
        self._exports.delete()
        for row in self._deliveries:
            kept = [problem for problem in row.problems if not _says(problem, self._texts)]
            if kept != row.problems:
                Delivery.objects.filter(tenant_id=self._tenant_id, pk=row.pk).update(problems=kept)


def _chosen(tenant_id: uuid.UUID, codes: Collection[uuid.UUID], *, lock: bool = False) -> list[Delivery]:
    """These, and their returns, which come from the same person."""
    wanted = Q(code__in=codes) | Q(return_of__code__in=codes)
    rows = Delivery.objects.filter(wanted, tenant_id=tenant_id).order_by("pk")
    chosen = list(rows.select_for_update(of=("self",)) if lock else rows)
    if not chosen:
        raise NotErasable(said("Choose at least one delivery."))
    busy = _busy(tenant_id)
    for row in chosen:
        why_not = _why_not(row, busy)
        if why_not:
            raise NotErasable(
                said("Delivery {number} cannot be erased yet. {reason}", number=row.delivery_number, reason=why_not)
            )
    return chosen


def _busy(tenant_id: uuid.UUID) -> frozenset[int]:
    """Deliveries of which UPS is still asked something."""
    unsettled = Attempt.objects.filter(tenant_id=tenant_id).exclude(state__in=SETTLED, due_at=None)
    return frozenset(unsettled.values_list("delivery_id", flat=True))


def _why_not(row: Delivery, busy: Collection[int]) -> str:
    if row.state not in ENDED:
        return said("It is not finished: its address is still needed. Erase it once it is closed.")
    if row.pk in busy:
        return said("We are still finding out at UPS what became of a shipment of it.")
    return ""


def _texts_of(tenant_id: uuid.UUID, delivery_ids: Sequence[int]) -> frozenset[str]:
    """What these receivers can be known by in other records: names, streets, phones."""
    rows = PartyAddress.objects.filter(tenant_id=tenant_id, delivery_id__in=delivery_ids, erased_at=None)
    texts: set[str] = set()
    for row in rows.select_related("delivery"):
        try:
            party = open_party(row.sealed_key, row.sealed, delivery_code=row.delivery.code)
        except UNREADABLE:
            continue
        texts |= {party.get("name", ""), party.get("attention", ""), party.get("phone", ""), party.get("email", "")}
        texts |= set(party.get("lines", ()))
    return frozenset(text.casefold() for text in texts if len(text) >= LEAST_CHARACTERS)


def _says(told: object, texts: Iterable[str]) -> bool:
    content = json.dumps(told, ensure_ascii=False).casefold()
    return any(text in content for text in texts)


def _messages_about(tenant_id: uuid.UUID, deliveries: Sequence[Delivery], texts: Collection[str]) -> list[int]:
    """Messages of UPS: those taken in for these deliveries, and those that came before their number was known."""
    ids = [row.pk for row in deliveries]
    told = Receipt.objects.filter(tenant_id=tenant_id, source="ups")
    found = list(told.filter(subject__in=[row.code for row in deliveries]).values_list("pk", flat=True))
    since = _first_planned(tenant_id, ids)
    if since is None:
        return found
    parcels = Parcel.objects.filter(tenant_id=tenant_id, shipment__delivery_id__in=ids)
    words = {*texts, *(number.casefold() for number in parcels.values_list("tracking_number", flat=True))}
    stray = told.filter(subject=None, received_at__gte=since - _BEFORE_PLANNED)
    return [
        *found,
        *(row.pk for row in stray.iterator(chunk_size=200) if _shows(partial(raw_messages.pushed, row), words)),
    ]


def _first_planned(tenant_id: uuid.UUID, delivery_ids: Sequence[int]) -> datetime | None:
    attempts = Attempt.objects.filter(tenant_id=tenant_id, delivery_id__in=delivery_ids)
    return attempts.order_by("planned_at").values_list("planned_at", flat=True).first()


def _pages_about(tenant_id: uuid.UUID, delivery_ids: Sequence[int], texts: Collection[str]) -> list[int]:
    """Answers of Quantum View that are kept: those that name one of the receivers, or that cannot be read."""
    since = _first_planned(tenant_id, delivery_ids)
    if since is None or not texts:
        return []
    pages = ViewPage.objects.filter(tenant_id=tenant_id, received_at__gte=since - _BEFORE_PLANNED)
    return [page.pk for page in pages.iterator(chunk_size=20) if _shows(partial(raw_messages.viewed, page), texts)]


def _shows(opened: Callable[[], bytes], texts: Collection[str]) -> bool:
    """Whether a message names one of these, or cannot be read."""
    try:
        content = opened().decode(errors="replace").casefold()
    except UNREADABLE:
        return True
    escaped = [json.dumps(text)[1:-1] for text in texts]
    return any(text in content for text in (*texts, *escaped))
