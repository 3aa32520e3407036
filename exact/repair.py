"""Mending a connection by hand: the subscription made anew."""

from connector_site.lib.outside_calls import Observer
from exact import subscribing
from exact.access import open_client
from exact.limits import BudgetClass
from exact.models import Connection
from exact.records import Subscription


def resubscribe(connection: Connection, *, observe: Observer) -> Subscription:
    """End our subscription at Exact, whatever it looks like there, and make it anew; raises `ExactError`.

    Until Exact has called our address again the connection counts as not validated.
    """
    client = open_client(connection, purpose=BudgetClass.RESERVE, observe=observe)
    subscribing.end_subscriptions(connection, client)
    return subscribing.ensure_subscribed(connection, client)
