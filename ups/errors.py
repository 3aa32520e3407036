"""What can go wrong with UPS, told apart by what to do next. Messages are safe to show to customers."""

from dataclasses import dataclass


class UpsError(Exception):
    """Base of the family: the operation, the HTTP status, UPS's code, and a message without data of anybody."""

    nothing_happened = True
    """Whether the error proves that the call had no effect; a class that cannot prove it says False."""

    def __init__(self, message: str, *, operation: str = "", status: int | None = None, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation
        self.status = status
        self.code = code


class UpsUnavailable(UpsError):
    """Nothing happened there, or asking again is harmless: the same call is safe later."""

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        status: int | None = None,
        code: str = "",
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message, operation=operation, status=status, code=code)
        self.retry_after_seconds = retry_after_seconds


class UpsRejected(UpsError):
    """UPS understood and refused: the same request fails again. Says what, in which field, and where to fix it."""

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        status: int | None = None,
        code: str = "",
        text: str = "",
        field: str = "",
        where_to_fix: str = "",
    ) -> None:
        super().__init__(message, operation=operation, status=status, code=code)
        self.text = text
        self.field = field
        self.where_to_fix = where_to_fix


class UpsCredentialRefused(UpsError):
    """UPS does not accept the client id and secret: the tenant must enter new ones."""


class UpsProductMissing(UpsError):
    """The credentials are good, but an API product is not added to the app in the UPS developer portal."""


class UpsAccountBlocked(UpsError):
    """UPS has blocked the app or the account (403): a person must talk to UPS."""


class UpsUnexpectedReply(UpsError):
    """The answer does not fit the shape we know: our code must change."""

    nothing_happened = False


class UpsOutcomeUnknown(UpsError):
    """The request left and its outcome is not known: ask UPS before anything is sent again.

    `tracking_number` is the number UPS reported, if the unusable answer held one.
    """

    nothing_happened = False

    def __init__(
        self,
        message: str,
        *,
        operation: str = "",
        status: int | None = None,
        code: str = "",
        tracking_number: str = "",
    ) -> None:
        super().__init__(message, operation=operation, status=status, code=code)
        self.tracking_number = tracking_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that UPS would refuse: the field, the limit, the value found, and where to fix it."""

    field: str
    message: str
    where_to_fix: str
    limit: str = ""
    value: str = ""


class SpecInvalid(UpsError):
    """A shipment that UPS would refuse was not sent; `problems` says everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems), operation="check")
        self.problems = tuple(problems)
