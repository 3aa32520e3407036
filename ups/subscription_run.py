"""What becomes of each parcel when some are subscribed to Track Alert: decided in memory, written by the caller."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ups.models import AlertSubscription
from ups.tracking_client import NO_TEST_NUMBER, Destination, SubscribeAnswer, TrackingClient

LIFE_DAYS = 14
"""`ups.md` 10.2: from the call, per tracking number; there is no other way of renewing than subscribing again."""
RENEW_AFTER_DAYS = 12
"""`ups.md` 10.2 and `reliability.md` 3: at day 12 of 14."""
SINGLE_CALLS = 5
"""Parcels tried once more alone in one run; others that UPS did not take wait for the next."""
REFUSALS = 3
"""Refused so often, a day apart, a number is not tried again."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
_NEXT_RUN = timedelta(minutes=1)
_AFTER_FAILURE = timedelta(hours=6)
_AFTER_REFUSAL = timedelta(days=1)
_NOT_CONFIRMED = "UPS has not confirmed the subscription."
_NOT_TAKEN = "UPS does not take this number for Track Alert."
_ALONE_NEXT = "UPS did not take the number together with others; it is tried alone next."
PROBLEM_CHARACTERS = AlertSubscription._meta.get_field("problem").max_length
State = AlertSubscription.State
Told = tuple[str, str]
"""A tracking number, and why, in words for people."""


@dataclass(slots=True)
class Run:
    """The parcels of one run that are still open, and what has become of the others."""

    rows: Iterable[AlertSubscription]
    at: datetime
    open: dict[str, AlertSubscription] = field(init=False)
    active: list[str] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    refused: list[Told] = field(default_factory=list)
    postponed: list[Told] = field(default_factory=list)
    failed: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open = {row.tracking_number: row for row in self.rows}

    def subscribe(self, client: TrackingClient, destination: Destination | None) -> None:
        """Ask UPS for all of them by one call, and once more alone for some of those it did not take.

        Raises what the client raises; parcels that nothing is known of by then stay open.
        """
        is_alone = len(self.open) == 1
        answer = client.subscribe(tuple(self.open), destination=destination)
        bad = [number for number in self.open if number in answer.invalid - answer.valid]
        is_final = is_alone or answer.code == NO_TEST_NUMBER
        self._settle([number for number in self.open if is_final or number not in bad], answer)
        if is_final:
            return
        for number in bad[SINGLE_CALLS:]:
            self._postpone(number, _ALONE_NEXT, _NEXT_RUN)
        for number in bad[:SINGLE_CALLS]:
            self._settle([number], client.subscribe((number,), destination=destination))

    def put_off(self, why: str, *, pause: timedelta | None) -> None:
        """Try what is still open again after this pause; without one, after one that grows with the waiting."""
        for number, row in list(self.open.items()):
            self._postpone(number, why, pause or self._pause(row))

    def _settle(self, numbers: list[str], answer: SubscribeAnswer) -> None:
        for number in numbers:
            if number in answer.valid:
                self._confirm(number)
            elif number in answer.invalid:
                self._refuse(number, f"UPS refused: {answer.text}" if answer.text else _NOT_TAKEN)
            else:
                self._postpone(number, _NOT_CONFIRMED, self._pause(self.open[number]))

    def _confirm(self, number: str) -> None:
        row = self.open.pop(number)
        (self.renewed if row.subscribed_at else self.active).append(number)
        row.state, row.problem, row.refusals = State.ACTIVE, "", 0
        row.subscribed_at, row.expires_at = self.at, self.at + timedelta(days=LIFE_DAYS)
        row.due_at = self.at + timedelta(days=RENEW_AFTER_DAYS)

    def _refuse(self, number: str, why: str) -> None:
        row = self.open.pop(number)
        row.refusals += 1
        row.state, row.problem = State.REFUSED, why[:PROBLEM_CHARACTERS]
        row.due_at = self.at + _AFTER_REFUSAL if row.refusals < REFUSALS else None
        self.refused.append((number, why))

    def _postpone(self, number: str, why: str, pause: timedelta) -> None:
        row = self.open.pop(number)
        row.due_at = self.at + pause
        if row.state == State.REFUSED:
            self.postponed.append((number, why))
            return
        row.problem = why[:PROBLEM_CHARACTERS]
        if row.expires_at is not None and row.expires_at <= self.at:
            row.state, row.due_at = State.FAILED, self.at + _AFTER_FAILURE
            self.failed.append((number, why))
        else:
            self.postponed.append((number, why))

    def _pause(self, row: AlertSubscription) -> timedelta:
        """As long as the parcel has waited already, so that each pause is about twice the one before."""
        renewed_at = row.subscribed_at and row.subscribed_at + timedelta(days=RENEW_AFTER_DAYS)
        waited = self.at - (renewed_at or row.created_at)
        return min(max(waited, _FIRST_PAUSE), _LONGEST_PAUSE)
