"""Pushes on their way to one endpoint: in order, held back and mixed, doubled or lost, as the settings say."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.core.clock import Clock
from sandbox.ups.push_sender import Outcome, Sent
from sandbox.ups.settings import UpsSettings
from sandbox.ups.subscriptions import Subscription
from sandbox.ups.travel.activity import Activity

KEPT_PUSHES = 5_000
MILLISECONDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One event for one subscription."""

    activity: Activity
    subscription: Subscription
    is_lost: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRecord:
    """A push in the log."""

    sequence: int
    at: datetime
    tracking_number: str
    activity_id: str
    url: str
    outcome: Outcome
    status: int | None

    def as_json(self) -> dict[str, object]:
        """As shown by `GET /sandbox/pushes`."""
        return {
            "sequence": self.sequence,
            "at": self.at.isoformat(),
            "tracking_number": self.tracking_number,
            "activity_id": self.activity_id,
            "url": self.url,
            "outcome": self.outcome,
            "status": self.status,
        }


@dataclass(slots=True)
class PushLog:
    """The latest pushes, oldest first."""

    records: deque[PushRecord] = field(default_factory=lambda: deque(maxlen=KEPT_PUSHES))
    _last_sequence: int = 0

    def add(self, *, at: datetime, tracking_number: str, activity_id: str, sent: Sent) -> None:
        """Keep what became of a push."""
        self._last_sequence += 1
        self.records.append(
            PushRecord(
                sequence=self._last_sequence,
                at=at,
                tracking_number=tracking_number,
                activity_id=activity_id,
                url=sent.url,
                outcome=sent.outcome,
                status=sent.status,
            )
        )

    def find(self, *, tracking_number: str = "", since: int = 0) -> list[PushRecord]:
        """After sequence `since`, of one number or of all."""
        return [
            record
            for record in self.records
            if record.sequence > since and tracking_number in ("", record.tracking_number)
        ]


Deliver = Callable[[Push], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class PushQueue:
    """Delivers one after the other; its task lives only while there is something to deliver."""

    clock: Clock
    settings: UpsSettings
    deliver: Deliver
    _waiting: deque[Push] = field(default_factory=deque)
    _task: asyncio.Task[None] | None = None

    def put(self, pushes: Sequence[Push]) -> None:
        """Take pushes in the order of their events."""
        self._waiting.extend(pushes)
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._drain())

    def forget(self) -> None:
        """Give up what is still waiting."""
        self._waiting.clear()

    async def stop(self) -> None:
        """Give up what is waiting and what is under way."""
        self.forget()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _drain(self) -> None:
        while self._waiting:
            if self.settings.push_order != "as_happened":
                await self.clock.sleep(self.settings.push_hold_seconds)
            held = list(self._waiting)
            self._waiting.clear()
            for push in _ordered(held, order=self.settings.push_order):
                await self._deliver_copies(push)

    async def _deliver_copies(self, push: Push) -> None:
        for _ in range(self.settings.push_copies):
            if self.settings.push_delay_ms:
                await asyncio.sleep(self.settings.push_delay_ms / MILLISECONDS)
            await self.deliver(push)


def _ordered(pushes: list[Push], *, order: str) -> list[Push]:
    if order == "reversed":
        return pushes[::-1]
    if order == "shuffled":
        return random.sample(pushes, len(pushes))
    return pushes
