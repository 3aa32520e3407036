"""A person at each customer whose permission at Exact has ended gives it again. Runs inside Django (`bench.inside`).

A worker that dies between Exact's answer to a renewal and the emergency slot takes the only good token along; no
program can bring it back (`reliability.md` 7.4). Reads an order from standard input, writes how many consented.
"""

import sys

from django.utils import timezone

from bench.customers import connect_exact
from bench.order import read_order
from exact.models import Connection
from exact.upkeep import live_connections
from syncjobs import queue
from syncjobs.models import SyncJob
from syncjobs.replay import look_again
from tenants.context import tenant_context


def main() -> None:
    """As the page does after a consent: what waited is done now, and everything open is compared."""
    order = read_order(sys.stdin.read())
    companies = {company.division: company for company in order.companies}
    done = 0
    for tenant_id, connection_id in live_connections():
        with tenant_context(tenant_id):
            row = Connection.objects.select_related("grant").get(pk=connection_id)
        if row.grant is None or row.grant.needs_reconnect_at is None:
            continue
        connect_exact(tenant_id, companies[row.division], order.exact)
        at = timezone.now()
        with tenant_context(tenant_id):
            queue.add(tenant_id, SyncJob.Kind.COMPARE, row.code, due_at=at)
        look_again(tenant_id, at)
        done += 1
    sys.stdout.write(str(done))
