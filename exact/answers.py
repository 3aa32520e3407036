"""What a refusal by Exact means: one table from answers to our errors (`exact.md` 6.5 and 7)."""

import re
from datetime import datetime
from http import HTTPStatus

from connector_site.lib.http import Reply
from connector_site.lib.wording import said
from exact.errors import (
    ExactBudgetSpent,
    ExactError,
    ExactGone,
    ExactOutcomeUnknown,
    ExactRejected,
    ExactRightMissing,
    ExactScopeMissing,
    ExactUnavailable,
    ExactUnexpectedReply,
)
from exact.payloads import error_text

_SCOPE = re.compile(r"Scope Violated.*?'([a-z.]+)'", re.IGNORECASE)
_SCOPE_VIOLATED = "application scope violated"
_SELECT_DEMANDED = "please add a $select"
_CALLBACK_REFUSED = "post to callback url"
_SHOWN_CHARACTERS = 200
_AREAS = {
    "logistics.wms": said("goods deliveries"),
    "sales.orders": said("sales orders and shipping methods"),
    "crm.accounts": said("customers and addresses"),
    "logistics.items": said("items"),
    "logistics.inventory": said("warehouses"),
    "organization.documents": said("documents"),
    "organization.administration": said("the company's administration and notifications"),
}
"""What each scope opens (`exact.md` 2)."""
_TO_COLLECTIONS = frozenset({"GET", "POST"})
"""A 404 to these is about the part of Exact that was asked, for they name no record (`exact.md` 6.5)."""


def error_for(operation: str, method: str, reply: Reply, *, retry_at: datetime | None) -> ExactError:
    """The error that an answer other than 2xx calls for."""
    text = error_text(reply.body)
    status = reply.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ExactBudgetSpent(
            said("Exact Online's call limit for this company is used up; work goes on when Exact allows it."),
            operation=operation,
            status=status,
            reason="limit_of_exact",
            retry_at=retry_at,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _server_error(operation, method, status, text, retry_at)
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(operation, status, text)
    return _refused(operation, method, status, text)


def _server_error(operation: str, method: str, status: int, text: str, retry_at: datetime | None) -> ExactError:
    if _CALLBACK_REFUSED in text.lower():
        return ExactRejected(
            said(
                "Exact Online could not reach our address for notifications. Our team has to check that it can be "
                "reached from outside."
            ),
            operation=operation,
            status=status,
            reason="callback_refused",
        )
    if method == "GET":
        return ExactUnavailable(
            said("Exact Online has a fault at the moment; it is tried again."),
            operation=operation,
            status=status,
            retry_at=retry_at,
        )
    return ExactOutcomeUnknown(
        said(
            "Exact Online reported a fault of its own after a change was sent; whether the change was made is looked "
            "up before it is repeated."
        ),
        operation=operation,
        status=status,
        reason="server_fault",
    )


def _forbidden(operation: str, status: int, text: str) -> ExactError:
    if _SCOPE_VIOLATED in text.lower():
        found = _SCOPE.search(text)
        return ExactScopeMissing(
            _scope_words(found.group(1).lower() if found else ""),
            operation=operation,
            status=status,
            reason=f"scope:{found.group(1)}" if found else "",
        )
    return ExactRightMissing(
        said(
            "Exact Online does not allow this. Check in Exact Online that the user who connected has the right for it, "
            "and that your licence includes logistics (Wholesale & Distribution or Manufacturing)."
        ),
        operation=operation,
        status=status,
    )


def _scope_words(scope: str) -> str:
    """Which scope is missing, in plain words and as Exact calls it, and whose job it is."""
    if not scope:
        return said(
            "Our app lacks a permission (scope) at Exact Online. Our team has to add it in the App Center; you need "
            "not do anything."
        )
    return said(
        "Our app is not registered for {area} (scope {scope}) at Exact Online. Our team has to add it in the App "
        "Center; you need not do anything.",
        area=_AREAS.get(scope, said("a part of the company")),
        scope=scope,
    )


def _refused(operation: str, method: str, status: int, text: str) -> ExactError:
    told = text[:_SHOWN_CHARACTERS]
    if status == HTTPStatus.UNAUTHORIZED:
        return ExactRightMissing(
            said(
                "Exact Online refused this call although our permission is valid. Check the rights of the user who "
                "connected."
            ),
            operation=operation,
            status=status,
            reason="refused_with_fresh_token",
        )
    if status == HTTPStatus.NOT_FOUND and method in _TO_COLLECTIONS:
        return ExactRightMissing(
            said(
                "This company does not offer this part of Exact Online. Check the licence and the rights of the user "
                "who connected."
            ),
            operation=operation,
            status=status,
            reason="not_offered",
        )
    if status == HTTPStatus.NOT_FOUND:
        return ExactGone(said("The record no longer exists in Exact Online."), operation=operation, status=status)
    if _SELECT_DEMANDED in text.lower() or status < HTTPStatus.BAD_REQUEST:
        return ExactUnexpectedReply(
            said("Exact Online did not take our request as we build it; our team has to look at it."),
            operation=operation,
            status=status,
            reason="redirected" if status < HTTPStatus.BAD_REQUEST else "select_demanded",
        )
    refused = said("Exact Online refused this. Exact says: {text}", text=told)
    return ExactRejected(refused if told else said("Exact Online refused this."), operation=operation, status=status)
