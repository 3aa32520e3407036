"""UPS's pushes coming in: proved, stored, answered within milliseconds. They are hints: nothing is decided here.

The headers prove a push, so nobody's body is read before it is known that UPS sent it. UPS does not repeat a push
(`ups.md` 10.3), so all there is between its bytes and the table is one round trip.
"""

import logging
import time
import uuid
from dataclasses import dataclass, field, replace

from django.db import connection
from django.utils import timezone

from connector_site.lib.row_security import TENANT_SETTING
from syncjobs import hook_counts, queue
from syncjobs.models import Receipt, SyncJob
from syncjobs.raw_messages import sealed_push
from ups import alerts
from ups.alerts import Route
from ups.track_alert import NotAPush, PushedEvent, read_push

logger = logging.getLogger(__name__)

OK, NOT_UNDERSTOOD, REFUSED, UNKNOWN_ADDRESS = 200, 400, 401, 404
ROUTE_KEPT_SECONDS = 2.0
"""Whose address it is need not be asked for each push of a flood. So long a revoked credential may still be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The headers by which UPS proves itself, one way or the other (`ups.md` 10.3)."""

    credential: str = field(repr=False)
    authorization: str = field(repr=False)
    api_key: str = field(repr=False)


def recognise(*, hook_code: uuid.UUID, proof: Proof) -> Route | int:
    """Whose push this is, or the HTTP status that refuses it; `note_refused` tells of those worth telling."""
    kept = _proven_by_kept(hook_code, proof)
    if kept is not None:
        return kept
    route = alerts.find_route(hook_code)
    if route is None:
        return UNKNOWN_ADDRESS
    if not _is_proven(route, proof):
        return REFUSED
    _kept[hook_code] = _Kept(route=route, until=time.monotonic() + ROUTE_KEPT_SECONDS)
    return route


def note_refused(*, hook_code: uuid.UUID, status: int) -> None:
    """A refused push leaves a count and no row."""
    if status == REFUSED:
        hook_counts.count(hook_counts.REFUSED, hook_code)
        logger.warning("A push without a valid credential was refused")
    else:
        hook_counts.count(hook_counts.UNKNOWN_ADDRESS)


def accept(*, route: Route, body: bytes) -> int:
    """Store what UPS tells and return the HTTP status to answer with."""
    try:
        pushed = read_push(body)
    except NotAPush:
        hook_counts.count(hook_counts.NOT_UNDERSTOOD, route.hook_code)
        return NOT_UNDERSTOOD
    _store(route.tenant_id, pushed)
    return OK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A route that proved right a moment ago."""

    route: Route
    until: float


_kept: dict[uuid.UUID, _Kept] = {}


def _proven_by_kept(hook_code: uuid.UUID, proof: Proof) -> Route | None:
    """The route as it was a moment ago, if the credential that was the present one then proves it.

    What was renewed meanwhile is accepted for days anyway; old credentials and tokens end by the clock or at once.
    """
    kept = _kept.get(hook_code)
    if kept is None or kept.until < time.monotonic():
        return None
    present = replace(kept.route, previous_digest="", previous_until=None)
    is_proven = _is_proven(present, replace(proof, authorization="", api_key=""))
    return kept.route if is_proven else None


def _is_proven(route: Route, proof: Proof) -> bool:
    return alerts.proves(
        route,
        credential=proof.credential,
        authorization=proof.authorization,
        api_key=proof.api_key,
        at=timezone.now(),
    )


_STORE = """
WITH found AS (
    SELECT d.code, d.correlation FROM syncjobs_parcel p
      JOIN syncjobs_shipment s ON s.id = p.shipment_id JOIN syncjobs_delivery d ON d.id = s.delivery_id
     WHERE p.tenant_id = %(tenant)s AND p.tracking_number = %(number)s
), stored AS (
    INSERT INTO syncjobs_receipt (code, tenant_id, source, topic, action, subject, fingerprint, body, sealed_body,
                                  received_at, repeats, dead_letter)
    VALUES (%(code)s, %(tenant)s, 'ups', 'TrackingEvent', %(type)s, (SELECT code FROM found), %(fingerprint)s, '',
            %(body)s, clock_timestamp(), 0, CASE WHEN EXISTS (SELECT FROM found) THEN '' ELSE %(unknown)s END)
    ON CONFLICT (tenant_id, fingerprint) DO UPDATE SET repeats = syncjobs_receipt.repeats + 1
    RETURNING repeats
)
INSERT INTO syncjobs_syncjob (code, tenant_id, kind, queue, subject, state, due_at, starts, failures, last_error,
                              correlation, created_at)
SELECT gen_random_uuid(), %(tenant)s, 'events', 'track', found.code, 'due', clock_timestamp(), 0, 0, '',
       found.correlation, clock_timestamp()
  FROM stored CROSS JOIN found WHERE stored.repeats = 0
ON CONFLICT (tenant_id, kind, subject) WHERE state IN ('due', 'running') DO UPDATE SET
    due_at = CASE WHEN syncjobs_syncjob.state = 'due'
                  THEN least(syncjobs_syncjob.due_at, clock_timestamp()) ELSE syncjobs_syncjob.due_at END,
    wanted_again_at = CASE WHEN syncjobs_syncjob.state = 'running' THEN clock_timestamp() END
RETURNING 1
"""
"""The receipt and the job that takes it in, which is `queue.add` once more so that both are one statement. A number of
nobody's, or of another tenant's, which this tenant cannot see, leads to no job."""
NUMBER_NOT_KNOWN = "number not known"


def _store(tenant_id: uuid.UUID, pushed: PushedEvent) -> None:
    """Both statements go to the server together: in a pipeline they are one transaction, and one round trip."""
    code = uuid.uuid4()
    body = sealed_push(pushed.stored_body, receipt_code=code)
    values = {
        "tenant": tenant_id,
        "number": pushed.event.tracking_number,
        "code": code,
        "type": pushed.event.type[:10],
        "fingerprint": pushed.fingerprint,
        "body": Receipt._meta.get_field("sealed_body").get_db_prep_save(body, connection),
        "unknown": NUMBER_NOT_KNOWN,
    }
    connection.ensure_connection()
    link = connection.connection
    with connection.wrap_database_errors, link.pipeline():
        link.execute("SELECT set_config(%s, %s, true)", [TENANT_SETTING, str(tenant_id)])
        stored = link.execute(_STORE, values)
    if stored.fetchone() is not None:
        queue.nudge(SyncJob.Queue.TRACK)
