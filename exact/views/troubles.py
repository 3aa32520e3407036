"""Why connecting did not work, and what to do: one page for each way in which it can fail."""

from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from connector_site.lib import wording
from exact.errors import (
    ExactDivisionRefused,
    ExactError,
    ExactRejected,
    ExactRightMissing,
    ExactScopeMissing,
    ExactUnavailable,
)
from tenants.access import Access

ERROR_CHARACTERS = 200
CHOOSE_AGAIN = "exact:companies"
BEGIN_AGAIN = "exact:connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happened, what to do, and the page that it is done on."""

    heading: str
    text: str
    advice: str
    back_to: str = BEGIN_AGAIN


def show(
    request: HttpRequest, access: Access | None, trouble: Trouble, *, status: int = HTTPStatus.BAD_REQUEST
) -> HttpResponse:
    """A plain page that says what to do; without a proven consent of a member it belongs to no company."""
    template = "exact/trouble.html" if access else "exact/trouble_plain.html"
    context = {
        "access": access,
        "section": "exact",
        "trouble": trouble,
        "can_choose_again": trouble.back_to == CHOOSE_AGAIN,
    }
    return render(request, template, context, status=status)


def not_ours(text: str) -> Trouble:
    """The answer's state does not fit."""
    return Trouble(
        heading=_("This answer of Exact Online cannot be used"),
        text=wording.local(text),
        advice=_("Nothing was connected. Open the page Exact Online of your company here and begin again."),
    )


def not_ours_by_link(text: str) -> Trouble:
    """The same, for somebody who came by a link."""
    return Trouble(
        heading=_("This answer of Exact Online cannot be used"),
        text=wording.local(text),
        advice=_("No permission was kept. Open the link that you were sent once more."),
    )


def refused(error: str) -> Trouble:
    """Somebody pressed Refuse, or left Exact's page."""
    return Trouble(
        heading=_("The permission was not given"),
        text=_refusal_words(error),
        advice=_("Nothing was connected. Begin again and choose to allow it; you can take it back at any time."),
    )


def refused_by_link(error: str) -> Trouble:
    """The same, for somebody who came by a link."""
    return Trouble(
        heading=_("The permission was not given"),
        text=_refusal_words(error),
        advice=_("Nothing was connected. The link that you were sent is still good: open it once more."),
    )


def link_is_over() -> Trouble:
    """One page for a link that never was, was used, or is too old: it tells nobody which."""
    return Trouble(
        heading=_("This link cannot be used any more"),
        text=_("It was used already, it has ended, or its address is not complete."),
        advice=_("Ask the colleague who sent it to you for a new one."),
    )


def failed(error: ExactError) -> Trouble:
    """Exact, or the company chosen there, stood in the way."""
    text = wording.local(error.message)
    if isinstance(error, ExactRightMissing):
        return _missing(error, text)
    if isinstance(error, ExactScopeMissing):
        return Trouble(
            heading=_("Our app lacks a permission at Exact Online"),
            text=text,
            advice=_("This is ours to fix, not yours. Please tell our team; then choose the company once more."),
            back_to=CHOOSE_AGAIN,
        )
    if isinstance(error, ExactDivisionRefused):
        return _division(error, text)
    if isinstance(error, ExactUnavailable):
        return Trouble(
            heading=_("Exact Online cannot be reached at the moment"),
            text=text,
            advice=_("Nothing was connected. Wait a minute, then go on here."),
            back_to=BEGIN_AGAIN if error.operation == "exchange_code" else CHOOSE_AGAIN,
        )
    if isinstance(error, ExactRejected) and error.reason == "consent_refused":
        return Trouble(
            heading=_("Exact Online did not accept the sign-in"),
            text=text,
            advice=_("Nothing was connected. Begin again, and choose the country whose Exact Online you sign in to."),
        )
    return Trouble(
        heading=_("Exact Online could not be connected"),
        text=text,
        advice=_("Nothing was connected. Begin again; if it happens once more, wait a few minutes first."),
    )


def not_opened() -> Trouble:
    """A company was chosen that the permission does not open (any more)."""
    return Trouble(
        heading=_("This company cannot be opened"),
        text=_("The permission does not open the company that was chosen, or no longer does."),
        advice=_("Nothing was connected. Choose one of the others, or begin again and tick it on Exact's page."),
        back_to=CHOOSE_AGAIN,
    )


def _missing(error: ExactError, text: str) -> Trouble:
    if error.reason == "rights":
        return Trouble(
            heading=_("A right is missing in Exact Online"),
            text=text,
            advice=_(
                "Nothing was connected. Have the right given to this user in Exact Online, then choose the company "
                "once more; or begin again with another user."
            ),
            back_to=CHOOSE_AGAIN,
        )
    return Trouble(
        heading=_("Exact Online does not open what is needed"),
        text=text,
        advice=_(
            "Nothing was connected. Ask who looks after your Exact Online whether the edition includes logistics and "
            "what the user may do; then choose the company once more."
        ),
        back_to=CHOOSE_AGAIN,
    )


def _division(error: ExactError, text: str) -> Trouble:
    headings = {
        "archived": _("This company is archived in Exact Online"),
        "blocked": _("This company is blocked in Exact Online at the moment"),
        "taken": _("This company is connected already"),
        "no_company": _("No company was opened"),
    }
    is_choice = error.reason != "no_company"
    return Trouble(
        heading=headings.get(error.reason, _("This company cannot be connected")),
        text=text,
        advice=_("Nothing was connected. Choose another company, or come back later.")
        if is_choice
        else _("Nothing was connected. Begin again and tick the companies on Exact's page."),
        back_to=CHOOSE_AGAIN if is_choice else BEGIN_AGAIN,
    )


def _refusal_words(error: str) -> str:
    if error in {"", "access_denied"}:
        return _("You, or somebody at the same screen, did not give the permission at Exact Online.")
    return _("Exact Online reported: {error}").format(error=error[:ERROR_CHARACTERS])
