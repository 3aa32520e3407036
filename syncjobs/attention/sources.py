"""Where the page "To do" finds what waits: each source costs by what waits, never by what there is.

A source is a query whose rows name what it is about, why (`attention_kinds.Rank`) and since when. Every one is served
by a partial index of its own; one condition over all of them would have none.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    SmallIntegerField,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Least

from exact.models import Connection
from syncjobs.alarms.kinds import NATURES
from syncjobs.alarms.notices import listed
from syncjobs.attention.account_notices import in_trouble
from syncjobs.attention.kinds import Rank, SubjectKind
from syncjobs.attention.unfinished import deliveries_left_behind
from syncjobs.desk import FOLLOWED
from syncjobs.doubts.notices import pressing
from syncjobs.models import Attention, Delivery, Parcel, Reporting
from syncjobs.replay import HELD_BY_PERSON
from syncjobs.reporting import GONE_FROM_EXACT, LINE_REFUSED, LINE_SHORTENED, REWRITTEN
from syncjobs.setup.going_live import APPROVAL
from syncjobs.tracking.looking import FOLLOWED_DAYS
from ups.models import QuantumViewFeed

PROOF_DAYS = 30
"""So long a delivery whose proof could not be filed waits for a person."""
STOPPED_DAYS = 14
"""So long a parcel that is no longer followed waits for a person, who may have nothing more to find out."""
_CALLS_FOR = timedelta(days=FOLLOWED_DAYS + STOPPED_DAYS)
_URGENT_ALARMS = [kind.value for kind, nature in NATURES.items() if nature.is_urgent]
_ANY_TENANT = uuid.UUID(int=0)
_ANY_MOMENT = datetime(2020, 1, 1, tzinfo=UTC)
"""Stand in for both while a statement is made."""
D = Delivery.State


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """`code` is the field that holds the code of what it is about; one thing may have several rows (`repeats`)."""

    rows: QuerySet[Any, Any]
    about: SubjectKind
    rank: Any
    since: Any
    code: str = "code"
    repeats: bool = False


def everything(tenant_id: uuid.UUID, *, at: datetime) -> tuple[str, list[Any]]:
    """The statement that finds all rows of all sources, with its values."""
    statement, values = _everything()
    return statement, _filled(values, tenant_id, at)


def awake(tenant_id: uuid.UUID, *, at: datetime, at_most: int) -> tuple[str, list[Any]]:
    """The statement that finds what was not put off, each thing once, and reads no more than so many of a source."""
    statement, values = _all_awake(at_most)
    return statement, _filled(values, tenant_id, at)


@cache
def _everything() -> tuple[str, list[Any]]:
    return _together(_columns(source) for source in _sources(_ANY_TENANT, _ANY_MOMENT))


@cache
def _all_awake(at_most: int) -> tuple[str, list[Any]]:
    """Every page has it in its menu: made once, as making it costs more than the database needs to answer."""
    found = (_awake(source, _ANY_TENANT, _ANY_MOMENT, at_most) for source in _sources(_ANY_TENANT, _ANY_MOMENT))
    return _together(found, word="UNION")


def _filled(values: Iterable[Any], tenant_id: uuid.UUID, at: datetime) -> list[Any]:
    """The values of a statement that was made for nobody and no time, for this company and this moment."""
    return [
        tenant_id if value == _ANY_TENANT else at + (value - _ANY_MOMENT) if isinstance(value, datetime) else value
        for value in values
    ]


def is_calling(parcel: Parcel, *, at: datetime) -> bool:
    """Whether it calls for attention; one that is no longer followed does so for a while only."""
    is_over = parcel.attention == Parcel.Attention.STOPPED and parcel.shipment.created_at < at - _CALLS_FOR
    return bool(parcel.attention) and parcel.shipment.voided_at is None and not is_over


def _calling(tenant_id: uuid.UUID, at: datetime) -> QuerySet[Parcel]:
    """Those that `is_calling` tells of."""
    since = at - _CALLS_FOR
    is_over = Q(attention=Parcel.Attention.STOPPED, shipment__created_at__lt=since)
    return Parcel.objects.filter(tenant_id=tenant_id, shipment__voided_at=None).exclude(attention="").exclude(is_over)


def _sources(tenant_id: uuid.UUID, at: datetime) -> Iterator[_Source]:
    delivery = SubjectKind.DELIVERY
    yield _Source(rows=_stopped(tenant_id), about=delivery, rank=_rank_of_stopped(), since=F("changed_at"))
    yield _Source(rows=_exceptions(tenant_id, at), about=delivery, rank=_rank(Rank.EXCEPTION), since=F("changed_at"))
    yield _Source(
        rows=_calling(tenant_id, at),
        about=delivery,
        rank=_rank(Rank.EXCEPTION),
        since=Coalesce("last_event_at", "shipment__created_at"),
        code="shipment__delivery__code",
        repeats=True,
    )
    yield _Source(
        rows=pressing(tenant_id, at=at),
        about=delivery,
        rank=Case(When(review_reason="", then=_rank(Rank.DOUBT)), default=_rank(Rank.REVIEW)),
        since=Coalesce("doubt_at", "sent_at", "planned_at"),
        code="delivery__code",
        repeats=True,
    )
    yield _Source(rows=_without_proof(tenant_id, at), about=delivery, rank=_rank(Rank.PROOF), since=F("changed_at"))
    yield from _of_connections(tenant_id)


def _of_connections(tenant_id: uuid.UUID) -> Iterator[_Source]:
    live = Connection.objects.filter(tenant_id=tenant_id, disconnected_at=None)
    ended = live.filter(grant__needs_reconnect_at__isnull=False)
    yield _Source(rows=ended, about=SubjectKind.COMPANY, rank=_rank(Rank.STOPPED), since=F("grant__needs_reconnect_at"))
    yield _Source(
        rows=deliveries_left_behind(tenant_id).values("connection__code").annotate(first=Min("changed_at")),
        about=SubjectKind.COMPANY,
        rank=_rank(Rank.STOPPED),
        since=F("first"),
        code="connection__code",
    )
    feeds = QuantumViewFeed.objects.filter(tenant_id=tenant_id, account=OuterRef("pk")).exclude(problem="")
    told = Least("tracking_problem_at", "alert_problem_at", "alert_silent_at")
    yield _Source(
        rows=in_trouble(tenant_id),
        about=SubjectKind.ACCOUNT,
        rank=_rank(Rank.TROUBLE),
        since=Coalesce(told, Subquery(feeds.order_by("problem_at").values("problem_at")[:1]), "created_at"),
    )
    is_urgent = When(kind__in=_URGENT_ALARMS, then=_rank(Rank.STOPPED))
    yield _Source(
        rows=listed(tenant_id),
        about=SubjectKind.ALARM,
        rank=Case(is_urgent, default=_rank(Rank.TROUBLE)),
        since=F("raised_at"),
    )


def _stopped(tenant_id: uuid.UUID) -> QuerySet[Delivery]:
    """On hold or in review; one that was approved a moment ago is not waiting any more."""
    rows = Delivery.objects.filter(tenant_id=tenant_id, state__in=[D.HOLD, D.REVIEW])
    return rows.exclude(state=D.HOLD, problems__0__code=APPROVAL, approved_at__isnull=False)


def _exceptions(tenant_id: uuid.UUID, at: datetime) -> QuerySet[Delivery]:
    """What UPS is in trouble with, as long as it is followed."""
    since = at - timedelta(days=FOLLOWED_DAYS)
    rows = Delivery.objects.filter(tenant_id=tenant_id, milestone=Parcel.Milestone.EXCEPTION, created_at__gte=since)
    return rows.filter(state__in=FOLLOWED - {D.REVIEW})


def _without_proof(tenant_id: uuid.UUID, at: datetime) -> QuerySet[Delivery]:
    """Those that `desk.lacks_proof` tells of, and cancelled ones whose dead number Exact keeps; not too long ago.

    With them those on their way that `reporting.waits_for_rewrite` tells of.

    No table is joined: of a join the database may begin with the connection and go through all of its deliveries.
    """
    unwanted = Reporting.objects.filter(tenant_id=tenant_id, connection=OuterRef("connection"), writes_proof=False)
    is_of_line = Q(proof_problem__startswith=LINE_REFUSED) | Q(proof_problem__startswith=LINE_SHORTENED)
    return Delivery.objects.filter(
        ~Q(proof_problem=""),
        Q(state__in=[D.DELIVERED, D.CANCELLED])
        | Q(~is_of_line, state__in=REWRITTEN)
        | Q(~Exists(unwanted), state=D.CLOSED, exact_document_id=None),
        tenant_id=tenant_id,
        changed_at__gte=at - timedelta(days=PROOF_DAYS),
    ).exclude(proof_problem=GONE_FROM_EXACT)


def _rank(rank: Rank) -> Value:
    return Value(rank.value, output_field=SmallIntegerField())


def _rank_of_stopped() -> Case:
    return Case(
        When(state=D.REVIEW, then=_rank(Rank.REVIEW)),
        When(problems__0__code=APPROVAL, then=_rank(Rank.APPROVAL)),
        When(problems__0__code=HELD_BY_PERSON, then=_rank(Rank.HELD)),
        default=_rank(Rank.HOLD),
    )


def _columns(source: _Source) -> QuerySet[Any, Any]:
    found = source.rows.annotate(
        about_kind=Cast(Value(source.about.value), CharField()),
        why=source.rank,
        waits_since=Cast(source.since, DateTimeField()),
    )
    columns: QuerySet[Any, Any] = found.values_list("about_kind", source.code, "why", "waits_since")
    return columns


def _awake(source: _Source, tenant_id: uuid.UUID, at: datetime, at_most: int) -> QuerySet[Any, Any]:
    put_off = Attention.objects.filter(
        tenant_id=tenant_id, subject_kind=source.about, subject=OuterRef(source.code), snoozed_until__gt=at
    )
    found = source.rows.filter(~Exists(put_off)).annotate(about_kind=Cast(Value(source.about.value), CharField()))
    columns: QuerySet[Any, Any] = found.values_list("about_kind", source.code)
    return (columns.distinct() if source.repeats else columns)[:at_most]


def _together(parts: Iterator[QuerySet[Any, Any]], *, word: str = "UNION ALL") -> tuple[str, list[Any]]:
    compiled = [part.query.sql_with_params() for part in parts]
    values = [value for _, params in compiled for value in params]
    return f" {word} ".join(f"({sql})" for sql, _ in compiled), values
