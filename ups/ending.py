"""Ending a tenant's UPS accounts: what they followed, and the credentials. Within the tenant's context.

UPS knows no way to end an alert of one parcel (`ups.md` 10.2): those that it still sends lead nowhere, and end by
themselves within 14 days.
"""

import uuid
from datetime import datetime

from connector_site.lib.secrets import seal
from ups.models import CLIENT_ID, CLIENT_SECRET, SEALED, Account, AlertSubscription, ProductCheck, QuantumViewFeed

_GONE = ""


def stop_following(tenant_id: uuid.UUID) -> None:
    """Ask UPS for nothing more by itself: no alert is renewed, no Quantum View is read."""
    alerts = AlertSubscription.objects.filter(tenant_id=tenant_id, due_at__isnull=False)
    alerts.update(state=AlertSubscription.State.ENDED, due_at=None)
    QuantumViewFeed.objects.filter(tenant_id=tenant_id, poll_at__isnull=False).update(poll_at=None)


def end_accounts(tenant_id: uuid.UUID, *, reason: str, at: datetime) -> None:
    """Delete the credentials, the name and the address of every account, and what was said of it.

    Its number stays with the shipments made with it. One without a name has ended before.
    """
    QuantumViewFeed.objects.filter(tenant_id=tenant_id).delete()
    ProductCheck.objects.filter(tenant_id=tenant_id).delete()
    for row in Account.objects.filter(tenant_id=tenant_id).exclude(name=_GONE).defer(*SEALED):
        Account.objects.filter(tenant_id=tenant_id, pk=row.pk).update(
            client_id=seal(_GONE, owner=row.code, purpose=CLIENT_ID),
            client_secret=seal(_GONE, owner=row.code, purpose=CLIENT_SECRET),
            token=None,
            token_renew_at=None,
            token_expires_at=None,
            alert_version=Account.AlertVersion.OFF,
            alert_hook_code=uuid.uuid4(),
            alert_credential=None,
            alert_credential_digest="",
            alert_previous_digest="",
            alert_previous_until=None,
            alert_client_id="",
            alert_client_secret=None,
            alert_client_secret_digest="",
            name=_GONE,
            check_problem="",
            alert_problem="",
            tracking_problem="",
            attention_name="",
            address_line_2="",
            address_line_3="",
            address_line_1=_GONE,
            company_name=_GONE,
            city=_GONE,
            postal_code="",
            phone="",
            email="",
            stopped_at=row.stopped_at or at,
            stopped_reason=reason,
        )
