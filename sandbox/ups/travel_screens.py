"""Travelling parcels on the web page: where they are, and forms that send them off or take their news away."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from sandbox.core.pages import back_to
from sandbox.ups.page_settings import HOURS_PER_SECOND
from sandbox.ups.pages import read_form, ups_page
from sandbox.ups.shipments import Parcel
from sandbox.ups.state import UPS, Ups
from sandbox.ups.travel.activity import Activity
from sandbox.ups.travel.scripts import SCRIPTS
from sandbox.ups.travel.travels import PUSH_CHOICES, PUSHES_ALL, ParcelHistory, UnknownParcelError
from sandbox.ups.view_records import RETURNED, WAITING_FOR_COLLECTION

SHOWN_PUSHES = 50
STANDINGS = {"M": ("label made", ""), "MV": ("voided", "bad"), "X": ("exception", "warn"), "": ("unknown", "")}
"""By the type of the latest activity."""
PUSH_TEXTS = {"all": "all arrive", "none": "all get lost", "every_second": "every second one gets lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParcel:
    """A parcel as the page shows it."""

    parcel: Parcel
    history: ParcelHistory
    activities: tuple[Activity, ...]
    """Newest first."""

    @property
    def standing(self) -> tuple[str, str]:
        """A word and the colour of its tag."""
        return _standing(self.activities)

    @property
    def is_losing_pushes(self) -> bool:
        """Whether some of its pushes get lost by arrangement."""
        return self.history.travel is not None and self.history.travel.pushes != PUSHES_ALL


def routes() -> list[web.RouteDef]:
    """The page of a parcel and the forms around travelling."""
    return [
        web.get("/sandbox/page/parcels/{number}", show_parcel),
        web.post("/sandbox/page/parcels/{number}/travel", send_parcel_off),
        web.post("/sandbox/page/parcels/{number}/pushes", change_pushes),
        web.post("/sandbox/page/parcels/{number}/tracking", change_tracking),
        web.post("/sandbox/page/parcels/{number}/subscription", change_subscription),
        web.post("/sandbox/page/shipments/{number}/travel", send_shipment_off),
    ]


def travel_choices() -> dict[str, object]:
    """What the forms offer."""
    return {"scripts": list(SCRIPTS.values()), "paces": HOURS_PER_SECOND, "push_texts": PUSH_TEXTS}


def shown_parcel(ups: Ups, parcel: Parcel) -> ShownParcel:
    """The parcel with what is known of it by now."""
    known = ups.travels.activities(parcel.tracking_number, now=ups.clock.now())
    return ShownParcel(
        parcel=parcel, history=ups.travels.get(parcel.tracking_number), activities=tuple(reversed(known))
    )


async def show_parcel(request: web.Request) -> web.Response:
    """Everything about one parcel."""
    ups = request.app[UPS]
    number, history = _history(request)
    parcel = history.shipment.find_parcel(number)
    if parcel is None:
        raise web.HTTPNotFound
    now = ups.clock.now()
    values = {
        "shown": shown_parcel(ups, parcel),
        "shipment": history.shipment,
        "to_come": sorted(
            (each for each in history.planned if each.known_at > now), key=lambda activity: activity.known_at
        ),
        "subscriptions": ups.subscriptions.active(number, shipper_number=history.shipment.shipper_number, now=now),
        "is_refused": number in ups.settings.alert_refuse_numbers.split(),
        "pushes": ups.push_log.find(tracking_number=number)[::-1][:SHOWN_PUSHES],
    }
    return ups_page(request, "parcel.html", values | travel_choices())


async def send_parcel_off(request: web.Request) -> web.Response:
    """Let one parcel travel."""
    number, _ = _history(request)
    _send_off(request.app[UPS], [number], form=await read_form(request))
    return back_to(f"/sandbox/page/parcels/{number}")


async def send_shipment_off(request: web.Request) -> web.Response:
    """Let every parcel of a shipment travel."""
    ups = request.app[UPS]
    shipment = ups.shipments.find(request.match_info["number"])
    if shipment is None:
        raise web.HTTPNotFound
    numbers = [parcel.tracking_number for parcel in shipment.parcels if not parcel.voided_at]
    _send_off(ups, numbers, form=await read_form(request))
    return back_to(f"/#shipment-{shipment.number}")


async def change_pushes(request: web.Request) -> web.Response:
    """Let the pushes of a travelling parcel arrive or get lost from now on."""
    number, history = _history(request)
    pushes = (await read_form(request)).get("pushes", "")
    if history.travel and pushes in PUSH_CHOICES:
        history.travel = replace(history.travel, pushes=pushes)
    return back_to(f"/sandbox/page/parcels/{number}")


async def change_tracking(request: web.Request) -> web.Response:
    """Let Tracking know nothing about the parcel, or know it again."""
    number, _ = _history(request)
    form = await read_form(request)
    request.app[UPS].travels.hide(number, is_hidden=form.get("hidden") == "yes")
    return back_to(f"/sandbox/page/parcels/{number}")


async def change_subscription(request: web.Request) -> web.Response:
    """Let Track Alert call the number invalid, or take it again."""
    number, _ = _history(request)
    form = await read_form(request)
    settings = request.app[UPS].settings
    kept = [each for each in settings.alert_refuse_numbers.split() if each != number]
    settings.alert_refuse_numbers = " ".join([*kept, number] if form.get("refused") == "yes" else kept)
    return back_to(f"/sandbox/page/parcels/{number}")


def _history(request: web.Request) -> tuple[str, ParcelHistory]:
    number = request.match_info["number"].upper()
    try:
        return number, request.app[UPS].travels.get(number)
    except UnknownParcelError as err:
        raise web.HTTPNotFound from err


def _send_off(ups: Ups, numbers: Sequence[str], *, form: dict[str, str]) -> None:
    """Start the travel that was chosen; a choice that does not exist starts none."""
    script, pushes = form.get("script", ""), form.get("pushes", PUSHES_ALL)
    pace = next((value for value, _ in HOURS_PER_SECOND if str(value) == form.get("pace", "0.0")), None)
    if script not in SCRIPTS or pushes not in PUSH_CHOICES or pace is None:
        return
    for number in numbers:
        ups.travels.start(number, script, at=ups.clock.now(), hours_per_second=pace or None, pushes=pushes)


def _standing(activities: Sequence[Activity]) -> tuple[str, str]:
    """By what was told last; harmless scans after an end do not undo it."""
    told = next((each for each in activities if each.type != "I"), None)
    if told and told.is_delivery:
        return "delivered", "good"
    if told and told.status_code in RETURNED:
        return "returned", "bad"
    latest = activities[0] if activities else None
    if latest and latest.type == "D" and latest.status_code in WAITING_FOR_COLLECTION:
        return "to be collected", "warn"
    return STANDINGS.get(latest.type if latest else "", ("on the way", ""))
