"""Our side, and what UPS announced, read from the rows in a handful of statements. Inside the tenant's context."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from exact.models import Connection
from syncjobs.models import (
    Attempt,
    Delivery,
    Finding,
    Manifest,
    Parcel,
    Shipment,
    ShippingRule,
    SyncJob,
)
from syncjobs.models.shipments import WATCHED_ATTEMPT_STATES
from syncjobs.reconciling.comparing import OPEN
from syncjobs.reconciling.kinds import FindingKind
from syncjobs.reconciling.sides import (
    ExactSide,
    ManifestSeen,
    OurAttempt,
    OurDelivery,
    OurParcel,
    OurShipment,
    Sides,
)

Key = TypeVar("Key")
KEYS_IN_A_STATEMENT = 5_000
_MADE = frozenset({Attempt.State.CREATED, Attempt.State.VOID_REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What open findings are about: it is looked at again however long ago it was.

    `booked` are deliveries that were found in Exact alone, with the moment they were booked; `keys` others there.
    """

    subjects: frozenset[UUID] = frozenset()
    booked: Mapping[UUID, datetime] = field(default_factory=dict)
    keys: frozenset[UUID] = frozenset()


def remembered(connection: Connection) -> Remembered:
    """From the open findings of the company."""
    rows = list(Finding.objects.filter(tenant_id=connection.tenant_id, connection=connection, resolved_at=None))
    unknown = [row for row in rows if row.kind == FindingKind.UNKNOWN_DELIVERY]
    return Remembered(
        subjects=frozenset(
            {row.subject for row in rows} | {UUID(row.details["delivery"]) for row in rows if "delivery" in row.details}
        ),
        booked={row.subject: datetime.fromisoformat(row.details["booked_at"]) for row in unknown},
        keys=frozenset(row.subject for row in rows if row.kind == FindingKind.BORROWED_NUMBER),
    )


def keys_to_ask(connection: Connection, known: Remembered, *, since_at: datetime) -> list[UUID]:
    """Deliveries that Exact is asked about by key where the sync API does not show them; what is open comes first."""
    rows = _scope(connection, known.subjects, since_at).exclude(state=Delivery.State.CANCELLED)
    found = rows.order_by("-created_at").values_list("exact_entry_id", "state")
    by_urgency = sorted(found, key=lambda row: row[1] not in OPEN)
    return [*known.booked, *known.keys, *(entry_id for entry_id, _state in by_urgency if entry_id is not None)]


def load(
    connection: Connection, exact: ExactSide, known: Remembered, *, since_at: datetime, scanned: frozenset[str]
) -> Sides:
    """All three sides, ours as it is now: Exact was read before, so nothing of it can be news to us."""
    scope = _scope(connection, known.subjects, since_at)
    deliveries = tuple(_deliveries(connection.tenant_id, scope))
    rules = ShippingRule.objects.filter(tenant_id=connection.tenant_id, connection=connection).exclude(service_code="")
    return Sides(
        exact=exact,
        deliveries=deliveries,
        known_entries=_known(connection, exact.shown.keys()),
        manifests=tuple(_manifests(connection.tenant_id, known.subjects, since_at)),
        ups_methods=frozenset(rules.values_list("exact_method_id", flat=True)),
        booked_since=connection.connected_at,
        scanned=scanned,
    )


def _scope(connection: Connection, subjects: Collection[UUID], since_at: datetime) -> QuerySet[Delivery]:
    """What is compared: deliveries of the period, whatever is open, and what findings are about."""
    return Delivery.objects.filter(
        Q(created_at__gte=since_at) | Q(state__in=OPEN) | Q(code__in=list(subjects)),
        tenant_id=connection.tenant_id,
        connection=connection,
        return_of=None,
    )


def _known(connection: Connection, keys: Collection[UUID]) -> frozenset[UUID]:
    """Those of these keys that are with us."""
    rows = Delivery.objects.filter(tenant_id=connection.tenant_id, connection=connection)
    return frozenset(
        entry_id
        for some in _portions(keys)
        for entry_id in rows.filter(exact_entry_id__in=some).values_list("exact_entry_id", flat=True)
        if entry_id is not None
    )


def _portions(keys: Collection[Key]) -> Iterator[list[Key]]:
    """As many keys as one statement takes; by key, because PostgreSQL plans a join of so much badly."""
    whole = list(keys)
    for begin in range(0, len(whole), KEYS_IN_A_STATEMENT):
        yield whole[begin : begin + KEYS_IN_A_STATEMENT]


def _deliveries(tenant_id: UUID, scope: QuerySet[Delivery]) -> Iterator[OurDelivery]:
    columns = list(
        scope.values_list(
            "pk", "code", "exact_entry_id", "delivery_number", "state", "problems", "created_at", "changed_at",
            "facts__shipping_method", "facts_read_at", "written_at",
        )
    )  # fmt: skip
    keys = [row[0] for row in columns]
    shipments, attempts, jobs = _shipments(tenant_id, keys), _attempts(tenant_id, keys), _open_jobs(tenant_id)
    for pk, code, entry_id, number, state, problems, created_at, changed_at, method, read_at, written_at in columns:
        if entry_id is None:
            continue
        yield OurDelivery(
            code=code,
            entry_id=entry_id,
            number=number,
            state=state,
            problems=frozenset(row["code"] for row in problems),
            created_at=created_at,
            changed_at=changed_at,
            method_code=method,
            facts_read_at=read_at,
            written_at=written_at,
            shipments=tuple(shipments.get(pk, ())),
            attempts=tuple(attempts.get(pk, ())),
            open_jobs=frozenset(jobs.get(code, ())),
        )


def _shipments(tenant_id: UUID, keys: Collection[int]) -> dict[int, list[OurShipment]]:
    rows = Shipment.objects.filter(tenant_id=tenant_id).order_by("created_at")
    made = [
        row
        for some in _portions(keys)
        for row in rows.filter(delivery_id__in=some).values_list(
            "pk", "delivery_id", "created_at", "voided_at", "attempt__shipment_no", "attempt__state"
        )
    ]
    parcels = _parcels(tenant_id, [row[0] for row in made])
    found: dict[int, list[OurShipment]] = defaultdict(list)
    for pk, delivery_id, created_at, voided_at, shipment_no, state in made:
        shipment = OurShipment(
            shipment_no=shipment_no,
            created_at=created_at,
            is_live=voided_at is None and state in _MADE,
            is_voided=voided_at is not None,
            parcels=tuple(parcels.get(pk, ())),
        )
        found[delivery_id].append(shipment)
    return found


def _parcels(tenant_id: UUID, keys: Collection[int]) -> dict[int, list[OurParcel]]:
    """By shipment, in order; without those that were voided alone."""
    rows = Parcel.objects.filter(tenant_id=tenant_id, voided_at=None).order_by("position")
    found: dict[int, list[OurParcel]] = defaultdict(list)
    for some in _portions(keys):
        for shipment_id, number, milestone, look_at in rows.filter(shipment_id__in=some).values_list(
            "shipment_id", "tracking_number", "milestone", "look_at"
        ):
            parcel = OurParcel(tracking_number=number, milestone=milestone, is_followed=look_at is not None)
            found[shipment_id].append(parcel)
    return found


def _attempts(tenant_id: UUID, keys: Collection[int]) -> dict[int, list[OurAttempt]]:
    """The requests that are not settled; there are few."""
    wanted = frozenset(keys)
    found: dict[int, list[OurAttempt]] = defaultdict(list)
    rows = Attempt.objects.filter(tenant_id=tenant_id, state__in=WATCHED_ATTEMPT_STATES)
    for delivery_id, state, reference, doubt_at, sent_at, due_at in rows.values_list(
        "delivery_id", "state", "reference", "doubt_at", "sent_at", "due_at"
    ):
        if delivery_id not in wanted:
            continue
        attempt = OurAttempt(
            state=state, reference=reference, doubt_at=doubt_at or sent_at, is_watched=due_at is not None
        )
        found[delivery_id].append(attempt)
    return found


def _open_jobs(tenant_id: UUID) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    rows = SyncJob.objects.filter(tenant_id=tenant_id, state__in=[SyncJob.State.DUE, SyncJob.State.RUNNING])
    for subject, kind in rows.values_list("subject", "kind"):
        found[subject].add(kind)
    return found


def _manifests(tenant_id: UUID, subjects: Collection[UUID], since_at: datetime) -> Iterator[ManifestSeen]:
    rows = list(
        Manifest.objects.filter(
            Q(first_seen_at__gte=since_at) | Q(code__in=list(subjects)), tenant_id=tenant_id
        ).values_list("code", "reference", "tracking_number")
    )
    parcels, attempts = Parcel.objects.filter(tenant_id=tenant_id), Attempt.objects.filter(tenant_id=tenant_id)
    ours = {
        number
        for some in _portions({number for _code, _reference, number in rows})
        for number in parcels.filter(tracking_number__in=some).values_list("tracking_number", flat=True)
    }
    used = {
        reference: (state, code, number)
        for some in _portions({reference for _code, reference, _number in rows})
        for reference, state, code, number in attempts.filter(reference__in=some).values_list(
            "reference", "state", "delivery__code", "delivery__delivery_number"
        )
    }
    for code, reference, tracking_number in rows:
        state, delivery, number = used.get(reference, ("", None, ""))
        yield ManifestSeen(
            code=code,
            reference=reference,
            tracking_number=tracking_number,
            attempt_state=state,
            delivery=delivery,
            number=number,
            is_adopted=tracking_number in ours,
        )
