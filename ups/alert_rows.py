"""The rows of Track Alert subscriptions that change together; each within the tenant's transaction that is open.

Rows are locked in the order of their keys, always: deliveries end their parcels while an account's are renewed.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from connector_site.lib.wording import said
from ups.models import Account, AlertSubscription

SWITCHED_OFF = said("Track Alert is switched off for this UPS account.")
State = AlertSubscription.State


def update_in_order(rows: QuerySet[AlertSubscription], **columns: Any) -> None:
    """Update these rows, all of one tenant, without ever waiting for somebody who waits for us."""
    found = list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", "tenant_id"))
    if found:
        keys = [key for key, _ in found]
        AlertSubscription.objects.filter(tenant_id=found[0][1], pk__in=keys).update(**columns)


def begin_again(rows: QuerySet[AlertSubscription], *, at: datetime) -> None:
    """Want these rows' subscriptions again, as if they had never been."""
    update_in_order(rows, state=State.WANTED, due_at=at, refusals=0, problem="", subscribed_at=None, expires_at=None)


def switch_off(account: Account) -> None:
    """End the account's subscriptions because Track Alert is off."""
    living = _rows_of(account).exclude(state=State.ENDED)
    update_in_order(living, state=State.ENDED, due_at=None, problem=SWITCHED_OFF)


def switch_on(account: Account, *, at: datetime) -> None:
    """Subscribe all the account's parcels anew, those included that ended only because Track Alert was off."""
    ended = _rows_of(account).filter(state=State.ENDED, problem=SWITCHED_OFF)
    begin_again(ended, at=at)
    make_due(account, at=at)


def make_due(account: Account, *, at: datetime) -> None:
    """Subscribe the account's parcels again at the next opportunity; how they stand is kept until then."""
    states = [State.WANTED, State.ACTIVE, State.FAILED]
    update_in_order(_rows_of(account).filter(state__in=states), due_at=at)


def try_now(account: Account, *, at: datetime) -> None:
    """Do not let parcels wait out their pause: a person has just put right what was wrong."""
    held_up = _rows_of(account).filter(due_at__gt=at).exclude(problem="")
    update_in_order(held_up.exclude(state=State.REFUSED), due_at=at)


def _rows_of(account: Account) -> QuerySet[AlertSubscription]:
    return AlertSubscription.objects.filter(tenant_id=account.tenant_id, account_id=account.pk)
