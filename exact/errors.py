"""What can go wrong with Exact Online, told apart by what to do next.

Every message may be shown to a customer: it names no token, body or address.
"""

from datetime import datetime


class ExactError(Exception):
    """Something did not work with Exact Online.

    `operation` is the call that was made, `status` the answer's status where there was one, `reason` a short word for
    programs, `message` a sentence for people.
    """

    reason = "exact_error"

    def __init__(self, message: str, *, operation: str = "", status: int | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.status = status
        if reason:
            self.reason = reason


class ExactUnavailable(ExactError):
    """Nothing happened there; later is safe, not before `retry_at` where that is known."""

    reason = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        status: int | None = None,
        reason: str = "",
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(message, operation=operation, status=status, reason=reason)
        self.retry_at = retry_at


class ExactBudgetSpent(ExactUnavailable):
    """Exact's call limits, or our own margin below them, leave no call until `retry_at`."""

    reason = "budget_spent"


class ExactRefreshUnderWay(ExactUnavailable):
    """Another process is renewing the token; come back at `retry_at`."""

    reason = "refresh_under_way"


class ExactRejected(ExactError):
    """Understood and refused: the same request fails again."""

    reason = "rejected"


class ExactGone(ExactError):
    """The record does not exist in Exact (any more)."""

    reason = "gone"


class ExactNeedsReconnect(ExactError):
    """The permission to use Exact has ended; a person must connect again."""

    reason = "needs_reconnect"


class ExactScopeMissing(ExactError):
    """The app registration lacks a scope: something for the operating team, not for the customer."""

    reason = "scope_missing"


class ExactRightMissing(ExactError):
    """The Exact user lacks a right, or the licence lacks the feature."""

    reason = "right_missing"


class ExactUnexpectedReply(ExactError):
    """The answer does not fit the shape we know: our code must change."""

    reason = "unexpected_reply"


class ExactOutcomeUnknown(ExactError):
    """Sent, and the answer was lost or said nothing: look before sending again."""

    reason = "outcome_unknown"


class ExactDivisionRefused(ExactError):
    """The Exact company cannot be connected."""

    reason = "division_refused"
