"""The background task that tells subscribers what happened, as the clock passes it (ups.md 10.3)."""

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
import orjson
from aiohttp import web

from sandbox.core.app import ON_RESET
from sandbox.ups.push_body import push_body
from sandbox.ups.push_queue import Push, PushQueue
from sandbox.ups.push_sender import TIMEOUT, Outcome, PushSender, Sent
from sandbox.ups.state import UPS, Ups
from sandbox.ups.subscriptions import ENHANCED, Subscription
from sandbox.ups.travel.activity import Activity
from sandbox.ups.travel.travels import PUSHES_ALL, PUSHES_EVERY_SECOND, PUSHES_NONE

UNSENT = Sent(outcome=Outcome.LOST, url="")


async def pushing(app: web.Application) -> AsyncIterator[None]:
    """A cleanup context: runs the task while the stand-in runs."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
        ups = app[UPS]
        sender = PushSender(clock=ups.clock, settings=ups.settings, subscriptions=ups.subscriptions, http=http)
        pushes = Pushes(ups=ups, sender=sender)
        ups.travels.listeners.append(pushes.expect)
        task = asyncio.get_running_loop().create_task(pushes.run())
        app[PUSHES] = pushes
        app[ON_RESET].append(pushes.forget)
        yield
        app[ON_RESET].remove(pushes.forget)
        ups.travels.listeners.remove(pushes.expect)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await pushes.stop()


@dataclass(slots=True, kw_only=True)
class Pushes:
    """What is planned, soonest first, and a queue for each endpoint."""

    ups: Ups
    sender: PushSender
    _planned: list[tuple[datetime, int, Activity]] = field(default_factory=list)
    _taken: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _queues: dict[str, PushQueue] = field(default_factory=dict)
    _counted: Counter[str] = field(default_factory=Counter)

    def expect(self, activities: Iterable[Activity]) -> None:
        """Take up planned activities."""
        for activity in activities:
            self._taken += 1
            heapq.heappush(self._planned, (activity.known_at, self._taken, activity))
        self._changed.set()

    async def run(self) -> None:
        """Sleep until the next activity is due or the plan changes; for ever."""
        while True:
            self._changed.clear()
            for activity in self._take_due():
                self._tell(activity)
            await self._wait()

    def forget(self) -> None:
        """Forget what was planned and what is still waiting."""
        self._planned.clear()
        self._counted.clear()
        self.sender.forget_tokens()
        for queue in self._queues.values():
            queue.forget()

    async def stop(self) -> None:
        """Give up every push that is still on its way."""
        for queue in self._queues.values():
            await queue.stop()

    async def send_now(self, tracking_number: str, body: bytes, *, credential: str = "") -> list[Sent]:
        """Post any body to everybody who would be told about this number now."""
        history = self.ups.travels.find(tracking_number)
        shipper_number = history.shipment.shipper_number if history else ""
        now = self.ups.clock.now()
        found = self.ups.subscriptions.active(tracking_number, shipper_number=shipper_number, now=now)
        sent = [await self.sender.send(subscription, body, credential=credential) for subscription in found]
        for each in sent:
            self.ups.push_log.add(at=now, tracking_number=tracking_number, activity_id="", sent=each)
        return sent

    def _take_due(self) -> list[Activity]:
        now = self.ups.clock.now()
        due: list[Activity] = []
        while self._planned and self._planned[0][0] <= now:
            due.append(heapq.heappop(self._planned)[2])
        return [activity for activity in due if self.ups.travels.is_planned(activity)]

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        waiting: set[asyncio.Task[object]] = {loop.create_task(self._changed.wait())}
        if self._planned:
            waiting.add(loop.create_task(self._sleep_until(self._planned[0][0])))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _sleep_until(self, at: datetime) -> None:
        """Looks at the clock when the sleep begins: it may have jumped since the task was made."""
        await self.ups.clock.sleep((at - self.ups.clock.now()).total_seconds())

    def _tell(self, activity: Activity) -> None:
        shipper_number = self.ups.travels.get(activity.tracking_number).shipment.shipper_number
        wanting = self.ups.subscriptions.wanting(activity, shipper_number=shipper_number)
        if not wanting:
            return
        is_lost = self._gets_lost(activity)
        for subscription in wanting:
            push = Push(activity=activity, subscription=subscription, is_lost=is_lost)
            self._queue_of(subscription).put([push])

    def _gets_lost(self, activity: Activity) -> bool:
        """By the travel or by the settings; `every_second` counts for each parcel and for all together."""
        travel = self.ups.travels.get(activity.tracking_number).travel
        rules = ((activity.tracking_number, travel.pushes if travel else PUSHES_ALL), ("", _rule(self.ups)))
        is_lost = False
        for key, rule in rules:
            self._counted[key] += 1
            is_lost |= rule == PUSHES_NONE or (rule == PUSHES_EVERY_SECOND and self._counted[key] % 2 == 0)
        return is_lost

    def _queue_of(self, subscription: Subscription) -> PushQueue:
        destination = subscription.destination
        key = destination.url if destination else "app:" + subscription.client_id
        if key not in self._queues:
            self._queues[key] = PushQueue(clock=self.ups.clock, settings=self.ups.settings, deliver=self._deliver)
        return self._queues[key]

    async def _deliver(self, push: Push) -> None:
        sent = UNSENT if push.is_lost else await self.sender.send(push.subscription, self._body(push))
        activity = push.activity
        self.ups.push_log.add(
            at=self.ups.clock.now(), tracking_number=activity.tracking_number, activity_id=activity.id, sent=sent
        )

    def _body(self, push: Push) -> bytes:
        is_enhanced = push.subscription.kind == ENHANCED
        leading_blank = self.ups.settings.push_leading_blank
        return orjson.dumps(push_body(push.activity, is_enhanced=is_enhanced, leading_blank=leading_blank))


def _rule(ups: Ups) -> str:
    return {"all": PUSHES_NONE, "every_second": PUSHES_EVERY_SECOND}.get(ups.settings.push_lose, PUSHES_ALL)


PUSHES = web.AppKey("pushes", Pushes)
