"""Give copied deliveries a receiver that can be read, where a page shows them: a copied one is bound to another row."""

import json
import sys
from datetime import UTC, datetime

from syncjobs.models import Delivery
from syncjobs.parties import keep_party
from tenants.context import tenant_context
from tenants.models import Tenant
from ups.shipment_spec import PartySpec

RECEIVER = PartySpec(
    name="Meubelhuis Jansen BV",
    attention="Inkoop",
    address_lines=("Industrieweg 12",),
    city="Utrecht",
    postal_code="3542AD",
    country="NL",
    phone="+31302420000",
)


def main() -> None:
    """Reads how many of the newest, and how many around the middle; writes how many it was."""
    order = json.load(sys.stdin)
    tenant = Tenant.objects.using("owner").get()
    with tenant_context(tenant.pk):
        rows = Delivery.objects.filter(tenant=tenant).order_by("-created_at")
        newest = list(rows[: order["newest"]])
        middle = list(rows[order["middle"] : order["middle"] + order["around"]])
        for delivery in [*newest, *middle]:
            keep_party(delivery, RECEIVER, at=datetime.now(UTC))
    json.dump(len(newest) + len(middle), sys.stdout)


if __name__ == "__main__":
    main()
