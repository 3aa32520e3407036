"""Every alarm there is: who is told, what is said, and how it ends (`reliability.md` 8). One table drives them all."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from connector_site.lib.wording import said


class AlarmKind(StrEnum):
    """What may be wrong."""

    IN_DOUBT = "in_doubt"
    REVIEW = "review"
    HELD = "held"
    EXCEPTION = "exception"
    ORPHAN = "orphan"
    NEEDS_RECONNECT = "needs_reconnect"
    TOKEN_20_DAYS = "token_20_days"  # noqa: S105  the name of an alarm
    TOKEN_25_DAYS = "token_25_days"  # noqa: S105  the name of an alarm
    TOKEN_28_DAYS = "token_28_days"  # noqa: S105  the name of an alarm
    TOKEN_STALE = "token_stale"  # noqa: S105  the name of an alarm
    TOKEN_ENDING = "token_ending"  # noqa: S105  the name of an alarm
    BREAKER_OPEN = "breaker_open"
    KEY_BLOCKED = "key_blocked"
    CANARY_LATE = "canary_late"
    CLOCK_SILENT = "clock_silent"
    JOBS_LATE = "jobs_late"
    HOOKS_SILENT = "hooks_silent"
    FINDING = "finding"
    AUDIT_BROKEN = "audit_broken"
    AUDIT_LATE = "audit_late"
    DAY_BUDGET = "day_budget"
    TOKEN_CALLS = "token_calls"  # noqa: S105  the name of an alarm
    DECRYPT_FAILED = "decrypt_failed"
    ACCOUNT_STOPPED = "account_stopped"
    REGISTRATION_REFUSED = "registration_refused"
    RENEWED_TOO_EARLY = "renewed_too_early"
    JOB_GIVEN_UP = "job_given_up"


class About(StrEnum):
    """What the subject of an alarm is the code of; of a comparison and of several deliveries it is the connection."""

    DELIVERY = "delivery"
    ATTEMPT = "attempt"
    CONNECTION = "connection"
    ACCOUNT = "account"
    COMPARISON = "comparison"
    DELIVERIES = "deliveries"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """All about one kind.

    `clears_after` is how long after it was last seen to be so it ends: at once where every look judges it, None where
    only `clear_system_alarm` ends it. `tells_end`: people wait for the end and get a mail about it. `is_urgent`: not
    held back because of a mail a moment ago. `is_listed`: stands on the page "To do", where nothing else there tells
    of it.
    """

    about: About
    title: str
    advice: str
    tells_tenant: bool = False
    tells_operator: bool = False
    is_urgent: bool = False
    tells_end: bool = False
    is_listed: bool = False
    clears_after: timedelta | None = timedelta()


K = AlarmKind
STEADY = timedelta(minutes=2)
"""An alarm about the service ends when all was well for so long: one that comes and goes is one alarm."""
BREAKER_STEADY = timedelta(minutes=10)
"""Exact is believed to accept calls again after so long; one probe that gets through is no proof."""
HOOKS_STEADY = timedelta(hours=1)
"""Some notifications arrive and others do not while Exact is in trouble: all is well after an hour without a miss."""
NOT_SEEN_AGAIN = timedelta(days=1)
"""What is only noticed when it happens ends when it did not happen again for so long."""
_RECONNECT_ADVICE = said(
    "Sign in and connect Exact Online again; it takes a minute. Until then deliveries wait, and nothing is lost."
)
_RENEWAL_ADVICE = said(
    "Exact Online has not renewed our permission for days and lets it end after thirty. Please connect again now, "
    "before deliveries have to wait."
)


def _of_service(title: str, advice: str) -> Nature:
    return Nature(
        about=About.SERVICE,
        title=title,
        advice=advice,
        tells_operator=True,
        is_urgent=True,
        tells_end=True,
        clears_after=STEADY,
    )


NATURES: dict[AlarmKind, Nature] = {
    K.IN_DOUBT: Nature(
        about=About.DELIVERY,
        title=said("It is not known whether UPS made a shipment"),
        advice=said("UPS is asked again and again by itself, and nothing is sent twice. You need not do anything yet."),
        tells_tenant=True,
    ),
    K.REVIEW: Nature(
        about=About.DELIVERY,
        title=said("A delivery needs a decision"),
        advice=said("Open the delivery: it shows what is known and what can be decided."),
        tells_tenant=True,
    ),
    K.HELD: Nature(
        about=About.DELIVERIES,
        title=said("Deliveries have to be put right before they can be shipped"),
        advice=said('Open the page "To do": it says what is wrong with each, and where that is put right.'),
        tells_tenant=True,
    ),
    K.EXCEPTION: Nature(
        about=About.DELIVERIES,
        title=said("UPS has trouble with parcels on their way"),
        advice=said('Open the page "To do": it says what UPS reports of each.'),
        tells_tenant=True,
    ),
    K.ORPHAN: Nature(
        about=About.ATTEMPT,
        title=said("UPS made a shipment after all that was given up"),
        advice=said("It is voided by itself, so that it costs nothing. Do not use its label if you find one."),
        tells_tenant=True,
        tells_operator=True,
        is_urgent=True,
        is_listed=True,
    ),
    K.NEEDS_RECONNECT: Nature(
        about=About.CONNECTION,
        title=said("The connection to Exact Online has ended"),
        advice=_RECONNECT_ADVICE,
        tells_tenant=True,
        is_urgent=True,
        tells_end=True,
    ),
    K.TOKEN_20_DAYS: Nature(
        about=About.CONNECTION,
        title=said("The permission for Exact Online was not renewed for 20 days"),
        advice=_RENEWAL_ADVICE,
        tells_tenant=True,
        is_listed=True,
    ),
    K.TOKEN_25_DAYS: Nature(
        about=About.CONNECTION,
        title=said("The permission for Exact Online was not renewed for 25 days"),
        advice=_RENEWAL_ADVICE,
        tells_tenant=True,
        is_listed=True,
    ),
    K.TOKEN_28_DAYS: Nature(
        about=About.CONNECTION,
        title=said("The permission for Exact Online ends in two days"),
        advice=_RENEWAL_ADVICE,
        tells_tenant=True,
        is_urgent=True,
        is_listed=True,
    ),
    K.TOKEN_STALE: Nature(
        about=About.SERVICE,
        title="A permission for Exact Online was not renewed for 3 days",
        advice="See in the log of the worker what Exact answers to the renewal of this grant.",
        tells_operator=True,
    ),
    K.TOKEN_ENDING: Nature(
        about=About.SERVICE,
        title="A permission for Exact Online was not renewed for 20 days",
        advice="It ends after thirty. The customer is told as well; find out why the renewal fails.",
        tells_operator=True,
        is_urgent=True,
    ),
    K.REGISTRATION_REFUSED: _of_service(
        "Exact Online refuses the registration of our app",
        "No permission of this country is renewed until it is accepted. Compare our client id and secret for it with "
        "Exact's app centre; it is tried again every 15 minutes.",
    ),
    K.RENEWED_TOO_EARLY: Nature(
        about=About.SERVICE,
        title="Exact Online says that a permission was renewed too early",
        advice="Calls go on with the token there is. See that the clocks of the database and of all servers are right.",
        tells_operator=True,
        clears_after=NOT_SEEN_AGAIN,
    ),
    K.BREAKER_OPEN: Nature(
        about=About.CONNECTION,
        title=said("Exact Online refuses calls"),
        advice=said("It is asked again each hour. Check the rights of the person who connected Exact Online."),
        tells_tenant=True,
        tells_operator=True,
        is_listed=True,
        clears_after=BREAKER_STEADY,
    ),
    K.KEY_BLOCKED: _of_service(
        "Exact Online blocks our app key",
        "Three or more endpoints refuse at once: the key is blocked, not one company. Ask Exact's support.",
    ),
    K.CANARY_LATE: _of_service(
        "A queue is not served",
        "No message went through the queue for three minutes. See that workers run, and that Redis answers.",
    ),
    K.CLOCK_SILENT: _of_service(
        "The scheduler is silent",
        "Beat has missed three ticks. Start it again; work that was asked for goes on meanwhile.",
    ),
    K.JOBS_LATE: _of_service(
        "Work waits for more than 5 minutes",
        "Jobs are due and nobody does them: see that workers run, or start more.",
    ),
    K.JOB_GIVEN_UP: Nature(
        about=About.SERVICE,
        title="Work was given up",
        advice="It failed or died again and again. The log of the worker and the admin's jobs show what ails it.",
        tells_operator=True,
        clears_after=NOT_SEEN_AGAIN,
    ),
    K.HOOKS_SILENT: Nature(
        about=About.CONNECTION,
        title=said("Exact Online does not tell us of new deliveries"),
        advice=said(
            "Deliveries are still found, some minutes later than usual. We ask Exact for its notifications again."
        ),
        tells_tenant=True,
        is_listed=True,
        clears_after=HOOKS_STEADY,
    ),
    K.FINDING: Nature(
        about=About.COMPARISON,
        title=said("The nightly comparison found differences"),
        advice=said(
            "Open the comparison: it shows what differs and what can be done about it. What is found later is told "
            "of again."
        ),
        tells_tenant=True,
        is_listed=True,
    ),
    K.AUDIT_BROKEN: Nature(
        about=About.SERVICE,
        title="The audit trail of a customer was changed",
        advice="An event was altered, added or removed in the database. Keep a copy of it and find out who did it.",
        tells_operator=True,
        is_urgent=True,
        clears_after=None,
    ),
    K.AUDIT_LATE: _of_service(
        "The audit trails were not checked for a day",
        "They are checked each night. See in the log of the worker why the check did not come to its end.",
    ),
    K.DAY_BUDGET: Nature(
        about=About.CONNECTION,
        title=said("Most of the day's calls to Exact Online are used"),
        advice=said(
            "Exact allows so many a day. Shipping comes first; what is left over is done after midnight (UTC)."
        ),
        tells_tenant=True,
        is_listed=True,
    ),
    K.TOKEN_CALLS: Nature(
        about=About.SERVICE,
        title="A UPS account asks for too many tokens",
        advice="A token lasts for hours, so a few a day are usual. See in the audit trail why they are asked for.",
        tells_operator=True,
    ),
    K.DECRYPT_FAILED: Nature(
        about=About.SERVICE,
        title="A stored secret cannot be read",
        advice="Check FERNET_KEYS: a key was taken away too early, or a value was copied into another row.",
        tells_operator=True,
        is_urgent=True,
        clears_after=NOT_SEEN_AGAIN,
    ),
    K.ACCOUNT_STOPPED: Nature(
        about=About.ACCOUNT,
        title=said("UPS accepts nothing from us any more"),
        advice=said("Deliveries of this account wait. Enter its client id and secret again, then check the account."),
        tells_tenant=True,
        is_urgent=True,
        is_listed=True,
    ),
}
