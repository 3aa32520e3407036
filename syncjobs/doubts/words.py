"""What is told to people about shipments whose outcome UPS does not say."""

from connector_site.lib.wording import said
from syncjobs.doubts.settling import MOST_ABSENT, Reason
from syncjobs.problems import Problem

_WHERE = said("Open “Decide”: it shows what each source says and what each decision costs.")
WHY: dict[Reason, str] = {
    Reason.SEVERAL: said("UPS knows several shipments under the reference of this one request."),
    Reason.COUNT: said("UPS made a shipment with another number of parcels than we asked for."),
    Reason.NO_LABEL: said("UPS made the shipment but does not give its label."),
    Reason.NO_ANSWER: said("For an hour UPS has not said clearly whether it made this shipment."),
    Reason.REPORTED: said("UPS first named a number for this shipment and now does not know it."),
    Reason.TOO_OLD: said("It is too long ago for UPS to say for certain whether it made this shipment."),
    Reason.ACCOUNT: said("The UPS account was changed since; UPS can no longer be asked about this shipment."),
    Reason.PLACEHOLDER: said(
        "UPS's test system answered: it makes no real shipments. Use an account of UPS's real system."
    ),
    Reason.NUMBER_TAKEN: said("UPS names a number for this shipment that belongs to another one here."),
    Reason.SCANNED: said("One shipment too many was made, and UPS has the parcel already."),
    Reason.UNSEEN: said("One shipment too many was made; whether UPS has the parcel already cannot be asked."),
    Reason.VOID_REFUSED: said("UPS refused to void the shipment."),
}


def review(reason: Reason) -> Problem:
    """Why a person must decide."""
    return Problem(code=f"doubt_{reason.value}", text=WHY[reason], where=_WHERE)


def lost_often() -> Problem:
    """UPS loses request after request."""
    return Problem(
        code="lost_often",
        text=said("UPS has lost the request for this shipment {times} times; none was made.", times=MOST_ABSENT),
        where=said("Ask UPS whether something is wrong with the account, then use “Check again”."),
    )


def was_voided() -> Problem:
    """Whether to ship again is for a person to say."""
    return Problem(
        code="voided_there",
        text=said("The shipment was made, but somebody voided it at UPS before its label came back to us."),
        where=said("If the goods are to leave, use “Check again”: a new shipment is made and paid."),
    )
