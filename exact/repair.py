"""Mending what a person asks to have mended."""

from connector_site.lib.outside_calls import Observer, ignore
from exact import subscribing
from exact.access import open_client
from exact.limits import BudgetClass
from exact.models import Connection


def resubscribe(connection: Connection, *, observe: Observer = ignore) -> None:
    """Take our subscription at Exact away and make it anew. Raises what `ExactClient` raises.

    Cut off in between, upkeep finds that there is none and makes it.
    """
    client = open_client(connection, purpose=BudgetClass.RESERVE, observe=observe)
    subscribing.end_subscriptions(connection, client)
    subscribing.ensure_subscribed(connection, client)
