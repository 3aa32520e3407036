"""Any event of the trail in plain words: those of deliveries as `story` tells them, those about all else from here."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from audit.models import Event
from connector_site.lib.wording import said
from syncjobs import story
from syncjobs.models import Attempt
from syncjobs.story_words import FOLDED
from tenants.models import Role

Words = tuple[str, str, str]
"""What an event says, its look, and what belongs to it."""
K = Event.Kind
DELIVERY = "delivery"
SUBJECTS: dict[str, str] = {
    DELIVERY: said("Goods delivery"),
    "tenant": said("Company"),
    "membership": said("Team"),
    "invitation": said("Invitation"),
    "api_key": said("API key"),
    "exact_connection": said("Exact Online"),
    "exact_consent_link": said("Link for a colleague"),
    "ups account": said("UPS account"),
    "ups_account": said("UPS account"),
    "ups_feed": said("Quantum View subscription"),
    "shipping rule": said("Shipping rule"),
    "ship-from address": said("Ship-from address"),
    "station": said("Packing station"),
    "finding": said("Comparison"),
    "export": said("Copy of the data"),
    "audit": said("Audit trail"),
    "audit_check": said("Audit trail"),
    "audit_export": said("Audit trail"),
    "admin": said("Team of ml-connector"),
}
AREAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "deliveries": (said("Goods deliveries"), (DELIVERY, "finding")),
    "exact": (said("Connection to Exact Online"), ("exact_connection", "exact_consent_link")),
    "ups": (said("UPS accounts"), ("ups account", "ups_account", "ups_feed")),
    "settings": (said("Settings and rules"), ("tenant", "shipping rule", "ship-from address", "station")),
    "team": (said("Team and keys"), ("membership", "invitation", "api_key")),
    "looks": (said("Looks by the team of ml-connector"), ("admin",)),
    "copies": (said("Copies and this trail"), ("export", "audit", "audit_check", "audit_export")),
}
"""What a person may choose, with the subjects that belong to it."""
KINDS: dict[str, str] = {
    K.ASKED: said("Asked for by a person"),
    K.CHANGED: said("Changed"),
    K.CONNECTED: said("Connected"),
    K.DISCONNECTED: said("Disconnected"),
    K.FAILED: said("Did not work"),
    K.MOVED: said("Moved on"),
    K.RECEIVED: said("Message received"),
    K.CALLED: said("Call to Exact Online or UPS"),
    K.WROTE: said("Written to Exact Online"),
}
_WHAT: dict[str, str] = {
    "dry run": said("Asked for a dry run"),
    "comparison": said("Asked for a comparison of Exact Online, UPS and ml-connector"),
    "compared": said("Exact Online, UPS and ml-connector were compared"),
    "dismissed": said("Marked a finding of the comparison as seen"),
    "copy asked for": said("Asked for a copy of all data"),
    "copy made": said("The copy of all data was made"),
    "copy taken": said("Downloaded the copy of all data"),
    "check of the trail": said("Asked for a check of the audit trail"),
    "export of the trail": said("Downloaded the audit trail"),
    "old events deleted": said("Events were deleted because their time was over"),
    "kept long enough": said("Deleted what was kept long enough"),
    "paused": said("Shipping was paused"),
    "resumed": said("Shipping was resumed"),
    "closed": said("The company was closed"),
    "erased after closing": said("Deleted because the company was closed"),
    "everything erased": said("Everything of the company was deleted"),
    "reporting": said("Changed what is written to Exact Online"),
    "alert secrets made": said("Secrets for UPS's notifications were made"),
    "alert secrets revoked": said("The secrets for UPS's notifications were revoked"),
    "client secret shown": said("Looked at the secret for UPS's notifications"),
    "alerts": said("UPS was asked to tell of parcels by itself"),
    "alerts silent": said("UPS took our subscriptions but tells us nothing; it is asked more often instead"),
    "alerts heard": said("UPS tells us of the parcels by itself again"),
    "exact company": said("Another company of Exact Online was connected"),
    "exact user": said("Another user of Exact Online gave the permission"),
    "company moved in Exact": said("The company has moved within Exact Online"),
    "subscriptions left": said("Exact Online's notifications could not be ended"),
    "sync asked for": said("Asked to read from Exact Online now"),
    "row looked at in the admin": said("Looked at a record"),
    "list looked at in the admin": said("Looked at a list of records"),
    "encrypted anew": said("Stored secrets were encrypted anew"),
}
_CHANGED: dict[str, str] = {
    "tenant": said("Settings of the company were changed"),
    "shipping rule": said("A shipping rule was changed"),
    "ship-from address": said("A ship-from address was changed"),
    "station": said("A packing station was changed"),
    "ups account": said("The UPS account was changed"),
    "ups_account": said("The UPS account was changed"),
    "api_key": said("An API key was changed"),
    "membership": said("A member of the team was changed"),
    "invitation": said("Somebody was invited"),
    "exact_connection": said("The connection to Exact Online was changed"),
}
_REMOVED: dict[str, str] = {
    "shipping rule": said("A shipping rule was removed"),
    "ship-from address": said("A ship-from address was removed"),
}
_CONNECTED: dict[str, tuple[str, str]] = {
    "exact_connection": (said("Exact Online was connected"), said("The connection to Exact Online ended")),
    "ups account": (said("The UPS account works"), said("The UPS account is not used any more")),
    "ups_account": (said("The UPS account works"), said("The UPS account is not used any more")),
    "ups_feed": (said("Quantum View is read from now on"), said("Quantum View is not read any more")),
}
_MEMBERS: dict[str, str] = {
    "joined_as": said("Joined the team"),
    "role": said("A member was given another role"),
    "removed": said("A member was taken out of the team"),
    "left": said("Left the team"),
    "handed_over": said("The company was handed over"),
    "sent_again": said("An invitation was sent again"),
    "withdrawn": said("An invitation was withdrawn"),
    "founded": said("The company was founded"),
    "mode": said("Shipping was switched on or changed"),
}
"""By the name of a detail that only such an event has."""
_LINKS: dict[str, str] = {
    "made": said("A link for a colleague was made"),
    "given": said("A colleague gave the permission by the link"),
    "ended": said("The link for a colleague ended"),
}


def words_of(event: Event) -> Words:
    """One event by itself."""
    if "attempt" in event.details and (event.from_state, event.to_state) in FOLDED:
        return _REQUESTS[event.to_state], "quiet", str(event.details.get("reference", ""))
    if event.subject_kind == DELIVERY or event.kind == K.CALLED:
        return story.words_of(event)
    words = _known(event) or KINDS.get(event.kind, said("Something happened"))
    look = _LOOKS.get(event.kind, "quiet")
    return words, look, _more(event.details)


def _known(event: Event) -> str:
    details = event.details
    what = str(details.get("what", ""))
    return (
        _WHAT.get(what)
        or (_LINKS.get(event.to_state) if event.subject_kind == "exact_consent_link" else None)
        or next((words for name, words in _MEMBERS.items() if name in details), None)
        or _checked(event)
        or (_REMOVED.get(event.subject_kind) if details.get("fields") == ["removed"] else None)
        or _of_kind(event)
        or what.capitalize()
    )


def _checked(event: Event) -> str | None:
    """The outcome of a check of a UPS account."""
    if "check" not in event.details:
        return None
    return (
        said("The UPS account was checked and works")
        if event.kind == K.CONNECTED
        else said("The check of the UPS account found a problem")
    )


def _of_kind(event: Event) -> str | None:
    if event.kind == K.CHANGED:
        return _CHANGED.get(event.subject_kind)
    if event.kind in (K.CONNECTED, K.DISCONNECTED) and event.subject_kind in _CONNECTED:
        return _CONNECTED[event.subject_kind][event.kind == K.DISCONNECTED]
    return None


def _more(details: dict[str, Any]) -> str:
    """What else tells an event from others of its sort."""
    found = [tell(details[name]) for name, tell in _TOLD.items() if details.get(name)]
    return " · ".join(part for part in found if part)


def _role(value: object) -> str:
    return str(Role(value).label) if value in Role.values else ""


def _number(pattern: str) -> Callable[[object], str]:
    return lambda value: _(pattern).format(number=value) if isinstance(value, int) else ""


_REQUESTS: dict[str, str] = {
    Attempt.State.SENDING: said("The request was sent to UPS"),
    Attempt.State.CREATED: said("UPS answered the request: the shipment is made"),
}
_LOOKS: dict[str, str] = {K.ASKED: "move", K.CONNECTED: "good", K.DISCONNECTED: "stop", K.FAILED: "stop"}
_TOLD: dict[str, Callable[[object], str]] = {
    "method": str,
    "service": str,
    "warehouse": str,
    "name": str,
    "division": str,
    "kind": str,
    "table": str,
    "joined_as": _role,
    "role": _role,
    "rows": _number(said("{number} records")),
    "events": _number(said("{number} events")),
    "found": _number(said("{number} found")),
    "resolved": _number(said("{number} resolved")),
    "repaired": _number(said("{number} put right")),
    "waiting": _number(said("{number} deliveries were waiting")),
    "reason": str,
    "code": str,
}
"""Which details stand beside the words, in this order."""
