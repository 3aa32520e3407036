"""The daily look whether an audit trail was changed, and its alarm."""

from datetime import datetime

from audit.chain import verify_all
from syncjobs.alarm_kinds import AlarmKind
from syncjobs.alarms import clear_system_alarm, raise_system_alarm
from syncjobs.models import SystemAlarm


def verify_chains(*, at: datetime) -> None:
    """Check every customer's chain. The alarm about one ends when its chain was found whole again."""
    broken = {str(tenant_id) for tenant_id in verify_all()}
    for subject in sorted(broken):
        raise_system_alarm(AlarmKind.AUDIT_BROKEN, subject, at=at)
    told = SystemAlarm.objects.filter(kind=AlarmKind.AUDIT_BROKEN, cleared_at=None)
    for subject in set(told.values_list("subject", flat=True)) - broken:
        clear_system_alarm(AlarmKind.AUDIT_BROKEN, subject, at=at)
