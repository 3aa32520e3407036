"""What may go wrong at the outside systems while the machine runs, as orders to the stand-ins."""

from typing import Any

from tests.crash.answers import CLASSES

Order = dict[str, Any]

LATE_MINUTES = (1, 6, 13, 40)
"""How long after we gave up a request takes effect at UPS: within the quiet time but for the last."""
_PAGE = "<html><body>One moment please</body></html>"


def _status(status: int, *, after: bool = False, **more: Any) -> Order:
    return {"action": "status", "status": status, "body": _PAGE, "after": after, **more}


LATE: dict[str, Order] = {
    f"an effect {minutes} min late": {"action": "late_effect", "seconds": minutes * 60.0} for minutes in LATE_MINUTES
}
SHIP: dict[str, Order] = LATE | {
    name: dict(answer.fault)
    for name, answer in CLASSES.items()
    if answer.fault and not answer.fault["action"].startswith(("stall", "late"))
}
"""Every class of answer to a ship call (`reliability.md` 1.3), but for those that only take time."""
ANYWHERE: dict[str, Order] = {
    "503": _status(503),
    "500 after the effect": _status(500, after=True),
    "a reset before the effect": {"action": "reset_before"},
    "a reset after the effect": {"action": "reset_after"},
    "half a body": {"action": "half_body"},
    "a web page": {"action": "html_200"},
}
"""Silence of every form."""
UPS_CALLS = ("recover_label", "void", "track", "track_reference", "oauth_token")
EXACT_CALLS = {
    "read": {"method": "GET", "path_regex": "GoodsDeliver"},
    "write": {"method": "PUT"},
    "sync": {"path_regex": "/sync/"},
    "token": {"path_regex": "/oauth2/token$"},
}
