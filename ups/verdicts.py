"""What a UPS answer that is no success proves. The table for ship calls is `reliability.md` 1.3, row by row."""

from connector_site.lib.http import Reply
from connector_site.lib.wording import said
from ups.errors import (
    UpsAccountBlocked,
    UpsCredentialRefused,
    UpsError,
    UpsOutcomeUnknown,
    UpsProductMissing,
    UpsRejected,
    UpsUnavailable,
)
from ups.numbers import find_reported
from ups.payloads import WireError, read_errors
from ups.refusals import find_refusal

BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
_FIRST_SUCCESS = 200
_FIRST_REDIRECT = 300
_FIRST_SERVER_FAULT = 500
_DEFINITE_NO = frozenset({400, 403, 404, 405, 413, 415, 422})
_MAYBE_DONE_CODES = frozenset({"10004", "20001", "120001", "120021", "190001", "300000"})
"""Called transient or doubtful wherever they are documented (`ups.md` 4.3, 5.12, 6, 7)."""
_PRODUCT_CODES = frozenset({"250002", "250003"})
"""With a token UPS has just given out these mean that the API product is not added to the app (`ups.md` 2, 3)."""
_SHIPPING = "Shipping"
_PRODUCTS = {
    "rate": "Rating",
    "track": "Tracking",
    "subscribe": "Track Alert",
    "quantum view": "Quantum View",
    "validate address": "Address Validation",
}
"""What the UPS developer portal calls the APIs that a shipment does not need, by operation (`ups.md` 2)."""
FIRST_PAUSE_SECONDS = 30
"""UPS names no pause with a 429; start with this one (`ups.md` 4.5)."""
_MAYBE_DONE = said("UPS gave no clear answer. The shipment may exist, so nothing is sent again before UPS was asked.")


def is_success(reply: Reply) -> bool:
    """Whether the status is a 2xx."""
    return _FIRST_SUCCESS <= reply.status < _FIRST_REDIRECT


def ship_error(reply: Reply) -> UpsError:
    """What a ship answer other than a 2xx means: not sent, refused, or in doubt."""
    errors = read_errors(reply.body)
    doubtful = any(error.code in _MAYBE_DONE_CODES for error in errors)
    known = reply.status in _DEFINITE_NO | {UNAUTHORIZED, TOO_MANY_REQUESTS}
    if not errors or doubtful or not known:
        return UpsOutcomeUnknown(
            _MAYBE_DONE,
            operation="ship",
            status=reply.status,
            code=errors[0].code if errors else "",
            tracking_number=find_reported(reply.body),
        )
    return _definite("ship", reply.status, errors[0])


def read_error(operation: str, reply: Reply) -> UpsError:
    """What the failure of a call means that may be repeated without harm: reads, and voids."""
    errors = read_errors(reply.body)
    doubtful = any(error.code in _MAYBE_DONE_CODES for error in errors)
    if not errors or doubtful or reply.status < min(_DEFINITE_NO) or reply.status >= _FIRST_SERVER_FAULT:
        code = errors[0].code if errors else ""
        message = said("UPS cannot answer at the moment.")
        return UpsUnavailable(message, operation=operation, status=reply.status, code=code)
    return _definite(operation, reply.status, errors[0])


def refused_token(operation: str, reply: Reply) -> UpsError:
    """What a 401 to a token that UPS has just given out means: the product is missing, or the credentials are bad."""
    errors = read_errors(reply.body)
    code = errors[0].code if errors else ""
    if code in _PRODUCT_CODES:
        return _product_missing(operation, reply.status, code)
    return UpsCredentialRefused(
        said("UPS does not accept the client id and secret. Enter them again in the UPS account settings."),
        operation=operation,
        status=reply.status,
        code=code,
    )


def product_missing(operation: str, reply: Reply) -> UpsProductMissing:
    """What a 401 to a token that UPS takes elsewhere means."""
    errors = read_errors(reply.body)
    return _product_missing(operation, reply.status, errors[0].code if errors else "")


def _definite(operation: str, status: int, error: WireError) -> UpsError:
    if status == TOO_MANY_REQUESTS:
        return UpsUnavailable(
            said("UPS asks for a pause: too many calls."),
            operation=operation,
            status=status,
            code=error.code,
            retry_after_seconds=FIRST_PAUSE_SECONDS,
        )
    if status == UNAUTHORIZED:
        message = said("UPS did not accept the token; a new one is used next.")
        return UpsUnavailable(message, operation=operation, status=status, code=error.code)
    if status == FORBIDDEN and error.code in _PRODUCT_CODES:
        return _product_missing(operation, status, error.code)
    if status == FORBIDDEN:
        return UpsAccountBlocked(
            said("UPS has blocked this account or app. Ask your contact at UPS, then check the account here."),
            operation=operation,
            status=status,
            code=error.code,
        )
    return _rejected(operation, status, error)


def _product_missing(operation: str, status: int, code: str) -> UpsProductMissing:
    product = _PRODUCTS.get(operation, _SHIPPING)
    return UpsProductMissing(
        said(
            "The API product {product} is not added to your app. Add it in the UPS developer portal "
            "(developer.ups.com).",
            product=product,
        ),
        operation=operation,
        status=status,
        code=code,
    )


def _rejected(operation: str, status: int, error: WireError) -> UpsRejected:
    refusal = find_refusal(error.code)
    return UpsRejected(
        refusal.words if refusal else said("UPS refused: {reason}", reason=error.message or said("no reason given")),
        operation=operation,
        status=status,
        code=error.code,
        text=error.message,
        field=refusal.field if refusal else "",
        where_to_fix=refusal.where_to_fix if refusal else "",
    )
