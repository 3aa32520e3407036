"""Looking whether an audit trail was changed, at night and when somebody asks; its alarm, and the sign of the look."""

import time
import uuid
from datetime import datetime

from audit import checking
from audit.chain import tenants_with_events
from audit.models import ChainCheck, Event
from audit.record import Happening, acting, happenings
from syncjobs import queue
from syncjobs.alarms import troubles
from syncjobs.alarms.kinds import AlarmKind
from syncjobs.alarms.raising import clear_system_alarm, raise_system_alarm
from syncjobs.models import Heartbeat, SyncJob, SystemAlarm
from tenants.context import tenant_context
from tenants.models import Tenant

SECONDS_AT_ONCE = 50
"""Our own: well below the soft limit of a task."""
_UNDER_WAY = "audit under way"


def ask(*, actor: str, tenant_id: uuid.UUID, at: datetime) -> ChainCheck:
    """Have the chain checked now. A check that is under way is used."""
    with acting(actor), tenant_context(tenant_id):
        Tenant.objects.select_for_update(no_key=True).only("pk").get(pk=tenant_id)
        waiting = checking.last_two(tenant_id, at=at).unfinished
        if waiting is not None:
            return waiting
        check = checking.begin(tenant_id, at=at)
        queue.add(tenant_id, SyncJob.Kind.VERIFY, check.code, due_at=at)
        event = Happening(
            kind=Event.Kind.ASKED,
            subject_kind="audit_check",
            subject=check.code,
            details={"what": "check of the trail"},
        )
        happenings(tenant_id, [event])
    return check


def verify_chains(*, at: datetime) -> bool:
    """Check every customer's chain; False when the time was up before the last one.

    The next call then goes on where this one ended. The sign is left only after the last one: a check that never comes
    to its end is told of as well.
    """
    ends = time.monotonic() + SECONDS_AT_ONCE
    begun_at = _begun(at)
    for tenant_id in tenants_with_events():
        check = _of_this_night(tenant_id, begun_at)
        if check.finished_at is not None:
            continue
        if not checking.go_on(check, ends=ends):
            return False
        judge(check, at=at)
    troubles.leave_sign(troubles.AUDIT)
    Heartbeat.objects.filter(name=_UNDER_WAY).delete()
    return True


def judge(check: ChainCheck, *, at: datetime) -> None:
    """Raise the alarm about a broken chain; the one about a chain that was found whole again ends."""
    subject = str(check.tenant_id)
    if check.broken_at is not None:
        raise_system_alarm(AlarmKind.AUDIT_BROKEN, subject, at=at)
    elif SystemAlarm.objects.filter(kind=AlarmKind.AUDIT_BROKEN, cleared_at=None, subject=subject).exists():
        clear_system_alarm(AlarmKind.AUDIT_BROKEN, subject, at=at)


def _begun(at: datetime) -> datetime:
    """When the look that is not through yet was begun; now, where there is none of this night."""
    row, _ = Heartbeat.objects.get_or_create(name=_UNDER_WAY, defaults={"seen_at": at})
    if at - row.seen_at > checking.WORKS_FOR:
        row.seen_at = at
        row.save(update_fields=["seen_at"])
    return row.seen_at


def _of_this_night(tenant_id: uuid.UUID, begun_at: datetime) -> ChainCheck:
    with tenant_context(tenant_id):
        begun = ChainCheck.objects.filter(tenant_id=tenant_id, asked_at=begun_at).first()
        return begun or checking.begin(tenant_id, at=begun_at)
