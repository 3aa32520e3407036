"""Webhook subscriptions: one per topic, app and company, validated by an empty call (exact.md 11.1, 11.2)."""

from urllib.parse import urlsplit

from sandbox.exact.catalog import Resource
from sandbox.exact.errors import RefusedError, bad_request
from sandbox.exact.reading import Call
from sandbox.exact.records import Records
from sandbox.exact.store import Row
from sandbox.exact.values import Body, require_mandatory, typed_values
from sandbox.exact.webhooks import INSTANT_TOPIC, ROOT, SUBSCRIPTIONS, TOPICS, VALIDATED, Notifier

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


async def subscribe(call: Call, body: Body, *, records: Records, notifier: Notifier) -> Row:
    """The new subscription. Depending on the settings the callback is tried before or after the answer."""
    values = _checked(call.resource, body)
    table = call.company.table(SUBSCRIPTIONS)
    if any(row["ClientID"] == call.caller.app.client_id for row in table.find("Topic", values["Topic"])):
        raise bad_request(f"Data already exists: a subscription for topic '{values['Topic']}' already exists.")
    made: Row = {
        "IsInstant": False,
        "Description": values["Topic"],
        "ClientID": call.caller.app.client_id,
        "UserID": call.caller.user.user_id,
        VALIDATED: False,
        ROOT: call.root.removesuffix(f"{call.company.division}/"),
    }
    if call.world.settings.webhook_validation == "during":
        await _validate_first(notifier, values | made)
        made[VALIDATED] = True
    row = records.insert(call.company, SUBSCRIPTIONS, made | values, user_id=call.caller.user.user_id)
    if not row[VALIDATED]:
        notifier.validate_later(row)
    return row


def is_reachable_address(url: str) -> bool:
    """https, or plain http to this very machine: the stand-in's one concession (exact.md 2, 11.1)."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def _checked(resource: Resource, body: Body) -> Row:
    values: Row = dict(typed_values(resource, body, verb="POST"))
    require_mandatory(resource, body)
    if values["Topic"] not in TOPICS:
        raise bad_request(f"Invalid: Topic '{values['Topic']}'.")
    if not is_reachable_address(str(values["CallbackURL"])):
        raise bad_request("Invalid: Callback URL must use https.")
    if values.get("IsInstant") and values["Topic"] != INSTANT_TOPIC:
        raise bad_request(f"Invalid: IsInstant is not supported for topic '{values['Topic']}'.")
    return values


async def _validate_first(notifier: Notifier, subscription: Row) -> None:
    problem = await notifier.validate(subscription)
    if problem is not None:
        raise RefusedError(500, f"Invalid: Post to callback URL endpoint returns {problem}")
