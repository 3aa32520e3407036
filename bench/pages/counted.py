"""Count what the copied shipments became, as the worker does by itself."""

import json
import sys
from datetime import UTC, datetime

from syncjobs.figures.days import count_days, days_to_count, note_counted
from tenants.context import tenant_context
from tenants.models import Tenant

DAYS_AT_ONCE = 10


def main() -> None:
    """Writes how many days it was."""
    json.load(sys.stdin)
    tenant, at = Tenant.objects.using("owner").get(), datetime.now(UTC)
    with tenant_context(tenant.pk):
        days = days_to_count(tenant.pk, at=at)
    for place in range(0, len(days), DAYS_AT_ONCE):
        with tenant_context(tenant.pk):
            count_days(tenant.pk, days[place : place + DAYS_AT_ONCE], at=at)
    with tenant_context(tenant.pk):
        note_counted(tenant.pk, at=at)
    json.dump(len(days), sys.stdout)


if __name__ == "__main__":
    main()
