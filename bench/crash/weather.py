"""What goes wrong at UPS and Exact, and how often: every class of answer of `reliability.md` 1.3."""

from typing import Any

from bench.crash.size import Pace

SHIP_SHARE = 0.5
"""`reliability.md` 7.4: half of all ship calls."""
QUESTION_SHARE = 0.25
VOID_SHARE = 0.3
ALERT_SHARE = 0.1
WRITE_SHARE = 0.25
READ_SHARE = 0.08
SHORT_STALL_SECONDS = (0.2, 3.0)
RETRY_AFTER_SECONDS = 3
Order = dict[str, Any]


def ups_weather(pace: Pace) -> dict[str, Order]:
    """By operation of the UPS stand-in."""
    return {
        "ship": {"share": SHIP_SHARE, "faults": _ship_faults(pace)},
        "recover_label": {"share": QUESTION_SHARE, "faults": _question_faults()},
        "void": {"share": VOID_SHARE, "faults": _void_faults()},
        "subscribe_parcels": {"share": ALERT_SHARE, "faults": _question_faults()},
    }


def exact_weather() -> dict[str, Order]:
    """By operation of the Exact stand-in. Nothing that counts as an error there: ten in an hour block an endpoint."""
    return {
        "PUT salesorder/GoodsDeliveries": {"share": WRITE_SHARE, "faults": _write_faults()},
        "GET salesorder/GoodsDeliveries": {"share": READ_SHARE, "faults": _read_faults()},
        "GET salesorder/GoodsDeliveryLines": {"share": READ_SHARE, "faults": _read_faults()},
        "POST documents/Documents": {"share": READ_SHARE, "faults": _read_faults()},
    }


def _ship_faults(pace: Pace) -> list[Order]:
    return [*_ship_refusals(), *_ship_errors(), *_ship_silences(pace), *_ship_oddities()]


def _ship_refusals() -> list[Order]:
    """Answers in UPS's own form: surely nothing was made."""
    return [
        _status(429, body=_ups_error("10429", "Too Many Requests"), weight=3),
        _status(401, body=_ups_error("250002", "Invalid Authentication Information."), weight=1),
        _status(400, body=_ups_error("120124", "The requested service is unavailable"), weight=1),
    ]


def _ship_errors() -> list[Order]:
    """Errors that leave open whether something was made."""
    unproven = [_page(status, weight=0.5) for status in (400, 404, 408, 409)]
    before = [
        _status(500, body=_ups_error("10004", "Internal error"), weight=3),
        _page(502, weight=2),
        _status(503, body=_ups_error("10429", "Too Many Requests"), weight=2),
    ]
    after = [
        _status(500, body=_ups_error("10004", "Internal error"), weight=4, after=True),
        _page(503, weight=3, after=True),
        _status(408, body="", weight=1, after=True),
    ]
    return [*unproven, *before, *after]


def _ship_silences(pace: Pace) -> list[Order]:
    """No answer, or a part of one."""
    return [
        _order("reset_before", weight=4),
        _order("reset_after", weight=6),
        _order("half_body", weight=5),
        _order("late_effect", weight=5, seconds=0.5, seconds_most=pace.latest_effect_seconds),
        _stall("stall_before", SHORT_STALL_SECONDS, weight=2),
        _stall("stall_after", SHORT_STALL_SECONDS, weight=2),
        _stall("stall_before", pace.long_stall_seconds, weight=0.5, name="long_stall_before"),
        _stall("stall_after", pace.long_stall_seconds, weight=0.5, name="long_stall_after"),
    ]


def _ship_oddities() -> list[Order]:
    """A success that cannot be used as it is, or looks odd and can."""
    return [
        _order("html_200", weight=2),
        _order("html_200", weight=3, after=True, name="html_200_after"),
        _order("drop_label", weight=4),
        _order("placeholder", weight=0.5),
        _order("more_packages", weight=3),
        _order("wrong_shape", weight=2),
        _order("unknown_fields", weight=2),
    ]


def _question_faults() -> list[Order]:
    return [
        _status(500, body=_ups_error("10004", "Internal error"), weight=3),
        _page(503, weight=2),
        _status(429, body=_ups_error("10429", "Too Many Requests"), weight=1),
        _order("reset_before", weight=3),
        _order("half_body", weight=2),
        _order("html_200", weight=1),
        _stall("stall_after", SHORT_STALL_SECONDS, weight=1),
    ]


def _void_faults() -> list[Order]:
    return [
        _status(500, body=_ups_error("190001", "Internal error"), weight=2),
        _status(500, body=_ups_error("190001", "Internal error"), weight=2, after=True),
        _order("reset_before", weight=2),
        _order("reset_after", weight=3),
        _order("half_body", weight=1),
    ]


def _write_faults() -> list[Order]:
    return [
        _status(500, body="", weight=3),
        _status(500, body="", weight=4, after=True),
        _page(503, weight=2),
        _order("reset_before", weight=3),
        _order("reset_after", weight=5),
        _stall("stall_after", SHORT_STALL_SECONDS, weight=1),
        _told_to_wait(weight=1),
        _status(429, body="", weight=0.03, name="429_bare"),
    ]


def _read_faults() -> list[Order]:
    return [
        _status(500, body="", weight=3),
        _order("reset_before", weight=2),
        _order("half_body", weight=2),
        _order("html_200", weight=1),
        _told_to_wait(weight=1),
    ]


def _told_to_wait(*, weight: float) -> Order:
    """Exact's 429 with a header that says until when (`exact.md` 5)."""
    wait = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return _status(429, body="", weight=weight, headers=wait, name="429_with_header")


def _status(status: int, *, body: object, weight: float, after: bool = False, name: str = "", **more: Any) -> Order:
    shown = name or f"{status}{'_after' if after else ''}"
    return _order("status", weight=weight, status=status, body=body, after=after, name=shown, **more)


def _page(status: int, *, weight: float, after: bool = False) -> Order:
    """An error page, as a proxy in between sends it."""
    name = f"{status}_page{'_after' if after else ''}"
    page = "<html><body>One moment please</body></html>"
    return _status(status, body=page, weight=weight, after=after, name=name, content_type="text/html")


def _stall(action: str, seconds: tuple[float, float], *, weight: float, name: str = "") -> Order:
    least, most = seconds
    return _order(action, weight=weight, seconds=least, seconds_most=most, name=name or action)


def _order(action: str, *, weight: float, **more: Any) -> Order:
    return {"action": action, "weight": weight, **more}


def _ups_error(code: str, message: str) -> Order:
    return {"response": {"errors": [{"code": code, "message": message}]}}
