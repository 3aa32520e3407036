"""The daily look whether an audit trail was changed, its alarm, and the sign that the look was taken."""

from datetime import datetime

from audit.chain import verify_all
from syncjobs import troubles
from syncjobs.alarm_kinds import AlarmKind
from syncjobs.alarms import clear_system_alarm, raise_system_alarm
from syncjobs.models import SystemAlarm


def verify_chains(*, at: datetime) -> None:
    """Check every customer's chain. The alarm about one ends when its chain was found whole again.

    The sign is left only after the last one: a check that never comes to its end is told of as well.
    """
    open_ones = SystemAlarm.objects.filter(kind=AlarmKind.AUDIT_BROKEN, cleared_at=None)
    told = set(open_ones.values_list("subject", flat=True))
    for tenant_id, verdict in verify_all():
        subject = str(tenant_id)
        if verdict.broken_at is not None:
            raise_system_alarm(AlarmKind.AUDIT_BROKEN, subject, at=at)
        elif subject in told:
            clear_system_alarm(AlarmKind.AUDIT_BROKEN, subject, at=at)
    troubles.leave_sign(troubles.AUDIT)
