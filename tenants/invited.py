"""The invitation whose link a browser has opened: it waits in the session while the person signs up or in.

The session keeps the digest alone, as our table does: it finds the invitation again and is no link. So neither the
link's secret nor the invited address stands in the address of any page after the first.
"""

from django.http import HttpRequest
from django.urls import reverse

from tenants.invitations import Place, find_place

_WAITS = "invitation"


def keep(request: HttpRequest, place: Place) -> None:
    """From now on the way in leads to this place."""
    request.session[_WAITS] = place.token_digest


def kept(request: HttpRequest) -> Place | None:
    """The place whose link was opened in this browser, while it is open."""
    digest = request.session.get(_WAITS)
    return find_place(digest) if isinstance(digest, str) and digest else None


def forget(request: HttpRequest) -> None:
    """It was taken, or is over."""
    request.session.pop(_WAITS, None)


def way_back(request: HttpRequest) -> str | None:
    """Where somebody goes who has just signed up or in; None when no invitation waits."""
    return reverse("tenants:joining") if _WAITS in request.session else None
