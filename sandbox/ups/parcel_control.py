"""Routes under `/sandbox/` about travelling parcels, subscriptions and pushes."""

from collections.abc import Mapping
from datetime import timedelta

import orjson
from aiohttp import web

from sandbox.core.answers import json_answer, read_object, refusal
from sandbox.ups.pushes import PUSHES
from sandbox.ups.state import UPS, Ups
from sandbox.ups.subscriptions import WebhookCredentials
from sandbox.ups.track_alert import is_allowed_address
from sandbox.ups.travel.scripts import SCRIPTS
from sandbox.ups.travel.travels import PUSH_CHOICES, PUSHES_ALL, ParcelHistory

UNKNOWN_PARCEL = "No parcel of that number."
NOT_FOUND = 404


def routes() -> list[web.RouteDef]:
    """Scripts, parcels, subscriptions, pushes, and what is entered in UPS's portal."""
    parcel = "/sandbox/parcels/{number}"
    return [
        web.get("/sandbox/scripts", list_scripts),
        web.get(parcel, show_parcel),
        web.post(parcel + "/travel", start_travel),
        web.post(parcel + "/tracking", hide_from_tracking),
        web.post(parcel + "/push", push_anything),
        web.get("/sandbox/subscriptions", list_subscriptions),
        web.get("/sandbox/pushes", list_pushes),
        web.get("/sandbox/webhook-credentials", list_webhooks),
        web.post("/sandbox/webhook-credentials", enter_webhook),
    ]


async def list_scripts(request: web.Request) -> web.Response:
    """Every script with its truth."""
    del request
    return json_answer({"scripts": [script.as_json() for script in SCRIPTS.values()]})


async def show_parcel(request: web.Request) -> web.Response:
    """What is known of a parcel by now, what it travels by, and who is told."""
    ups = request.app[UPS]
    number = request.match_info["number"]
    history = ups.travels.find(number)
    if history is None:
        return refusal(UNKNOWN_PARCEL, status=NOT_FOUND)
    return json_answer(_parcel_json(ups, number, history))


async def start_travel(request: web.Request) -> web.Response:
    """`{script, hours_per_second, pushes, start_in_seconds}`; without a pace the script takes as long as it says."""
    ups = request.app[UPS]
    number = request.match_info["number"]
    body = await read_object(request)
    script, pushes = body.get("script"), body.get("pushes", PUSHES_ALL)
    pace, delay = body.get("hours_per_second") or 0, body.get("start_in_seconds", 0)
    history = ups.travels.find(number)
    if history is None:
        return refusal(UNKNOWN_PARCEL, status=NOT_FOUND)
    if script not in SCRIPTS:
        return refusal("script is one of: " + ", ".join(SCRIPTS))
    if pushes not in PUSH_CHOICES:
        return refusal("pushes is one of: " + ", ".join(PUSH_CHOICES))
    if not (_is_amount(pace) and _is_amount(delay)):
        return refusal("hours_per_second and start_in_seconds are numbers, zero or more.")
    ups.travels.start(
        number,
        str(script),
        at=ups.clock.now() + timedelta(seconds=float(str(delay))),
        hours_per_second=float(str(pace)) or None,
        pushes=str(pushes),
    )
    return json_answer(_parcel_json(ups, number, history), status=201)


async def hide_from_tracking(request: web.Request) -> web.Response:
    """`{"hidden": true}`: Tracking answers TW0001 for this number until told otherwise."""
    ups = request.app[UPS]
    number = request.match_info["number"]
    history = ups.travels.find(number)
    if history is None:
        return refusal(UNKNOWN_PARCEL, status=NOT_FOUND)
    ups.travels.hide(number, is_hidden=(await read_object(request)).get("hidden", True) is True)
    return json_answer(_parcel_json(ups, number, history))


async def push_anything(request: web.Request) -> web.Response:
    """`{body, credential}` to everybody subscribed to the number, known or not; a text is sent as it stands."""
    order = await read_object(request)
    body, credential = order.get("body", {}), order.get("credential", "")
    raw = body.encode() if isinstance(body, str) else orjson.dumps(body)
    sent = await request.app[PUSHES].send_now(request.match_info["number"], raw, credential=str(credential))
    return json_answer({"pushes": [{"url": each.url, "outcome": each.outcome, "status": each.status} for each in sent]})


async def list_subscriptions(request: web.Request) -> web.Response:
    """Every subscription, ended ones too; `?tracking_number=` for one parcel."""
    ups = request.app[UPS]
    wanted = request.query.get("tracking_number", "")
    found = [each for each in ups.subscriptions.all() if wanted in ("", each.tracking_number)]
    return json_answer({"subscriptions": [each.as_json(now=ups.clock.now()) for each in found]})


async def list_pushes(request: web.Request) -> web.Response:
    """Pushes with what became of them; filters: tracking_number, since."""
    since = request.query.get("since", "0")
    if not since.isdecimal():
        return refusal("since is a whole number.")
    number = request.query.get("tracking_number", "")
    found = request.app[UPS].push_log.find(tracking_number=number, since=int(since))
    return json_answer({"pushes": [record.as_json() for record in found]})


async def list_webhooks(request: web.Request) -> web.Response:
    """What was entered in the portal, without secrets."""
    return json_answer({"webhooks": [each.as_json() for each in request.app[UPS].subscriptions.webhooks.values()]})


async def enter_webhook(request: web.Request) -> web.Response:
    """The form `Manage Webhook Credentials` of UPS's portal, once per app."""
    ups = request.app[UPS]
    body = await read_object(request)
    names = ("client_id", "url", "token_url", "webhook_client_id", "webhook_client_secret")
    client_id, url, token_url, webhook_client_id, secret = (_text(body, name) for name in names)
    if ups.accounts.find(client_id) is None:
        return refusal("No app of that client id.", status=NOT_FOUND)
    if not (webhook_client_id and secret):
        return refusal("Send " + ", ".join(names) + ".")
    if not all(is_allowed_address(each, settings=ups.settings) for each in (url, token_url)):
        return refusal("url and token_url are public HTTPS addresses.")
    webhook = WebhookCredentials(
        client_id=client_id,
        url=url,
        token_url=token_url,
        webhook_client_id=webhook_client_id,
        webhook_client_secret=secret,
    )
    ups.subscriptions.webhooks[client_id] = webhook
    return json_answer(webhook.as_json(), status=201)


def _parcel_json(ups: Ups, number: str, history: ParcelHistory) -> dict[str, object]:
    now = ups.clock.now()
    travel = history.travel
    subscriptions = [each for each in ups.subscriptions.all() if each.tracking_number == number]
    return {
        "tracking_number": number,
        "shipment": history.shipment.number,
        "script": travel.script.as_json() if travel else None,
        "started_at": travel.started_at.isoformat() if travel else None,
        "pushes": travel.pushes if travel else PUSHES_ALL,
        "hidden_from_tracking": history.is_hidden,
        "activities": [activity.as_json() for activity in ups.travels.activities(number, now=now)],
        "activities_to_come": sum(activity.known_at > now for activity in history.planned),
        "subscriptions": [each.as_json(now=now) for each in subscriptions],
    }


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name, "")
    return value.strip() if isinstance(value, str) else ""
