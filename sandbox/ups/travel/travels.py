"""Which parcel travels by which script, and what UPS knows about it by now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.ups.shipments import Shipment
from sandbox.ups.travel.activity import Activity
from sandbox.ups.travel.plan import label_activity, planned_activities, void_activity
from sandbox.ups.travel.script import Script
from sandbox.ups.travel.scripts import SCRIPTS

PUSHES_ALL = "all"
PUSHES_NONE = "none"
PUSHES_EVERY_SECOND = "every_second"
PUSH_CHOICES = (PUSHES_ALL, PUSHES_NONE, PUSHES_EVERY_SECOND)
"""Which pushes of a parcel arrive; the rest get lost on the way."""


class UnknownParcelError(LookupError):
    """No parcel of that number."""


class UnknownScriptError(LookupError):
    """No script of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """A parcel on its way."""

    tracking_number: str
    script: Script
    started_at: datetime
    hours_per_second: float | None
    """Hours of the script per second of the clock; None means they take as long as they say."""
    pushes: str


@dataclass(slots=True)
class ParcelHistory:
    """Everything that has happened and will happen, and what was arranged."""

    shipment: Shipment
    planned: tuple[Activity, ...]
    travel: Travel | None = None
    is_hidden: bool = False
    """Tracking answers TW0001 whatever happened."""


Listener = Callable[[Iterable[Activity]], None]


@dataclass(slots=True)
class Travels:
    """Histories by tracking number. Plans are made at once, so that every API tells the same."""

    listeners: list[Listener] = field(default_factory=list)
    """Called with activities when they are planned."""
    _histories: dict[str, ParcelHistory] = field(default_factory=dict)

    def add(self, shipment: Shipment) -> None:
        """Take up the parcels of a new shipment with their label activity."""
        for parcel in shipment.parcels:
            first = label_activity(shipment, tracking_number=parcel.tracking_number)
            self._histories[parcel.tracking_number] = ParcelHistory(shipment=shipment, planned=(first,))
            self._tell([first])

    def start(
        self,
        tracking_number: str,
        script: str,
        *,
        at: datetime,
        hours_per_second: float | None = None,
        pushes: str = PUSHES_ALL,
    ) -> Travel:
        """Let a parcel travel from `at` on; what was known before stays, what was planned is given up."""
        history = self.get(tracking_number)
        if script not in SCRIPTS:
            raise UnknownScriptError(script)
        travel = Travel(
            tracking_number=tracking_number,
            script=SCRIPTS[script],
            started_at=at,
            hours_per_second=hours_per_second,
            pushes=pushes,
        )
        kept = tuple(activity for activity in history.planned if activity.known_at <= at)
        added = planned_activities(
            history.shipment,
            tracking_number=tracking_number,
            script=travel.script,
            started_at=at,
            hours_per_second=hours_per_second,
            after=kept,
        )
        history.travel = travel
        history.planned = (*kept, *added)
        self._tell(added)
        return travel

    def void(self, tracking_number: str, *, at: datetime) -> None:
        """The parcel was voided: nothing more happens to it than that."""
        history = self.get(tracking_number)
        kept = tuple(activity for activity in history.planned if activity.known_at <= at)
        added = void_activity(history.shipment, tracking_number=tracking_number, at=at, after=kept)
        history.planned = (*kept, added)
        self._tell([added])

    def hide(self, tracking_number: str, *, is_hidden: bool) -> None:
        """Let Tracking know nothing about a parcel, or let it know again."""
        self.get(tracking_number).is_hidden = is_hidden

    def get(self, tracking_number: str) -> ParcelHistory:
        """The history of a parcel; raises `UnknownParcelError`."""
        history = self.find(tracking_number)
        if history is None:
            raise UnknownParcelError(tracking_number)
        return history

    def find(self, tracking_number: str) -> ParcelHistory | None:
        """The history of a parcel, if there is such a parcel."""
        return self._histories.get(tracking_number)

    def activities(self, tracking_number: str, *, now: datetime) -> list[Activity]:
        """What is known by now, in the order it happened; nothing for an unknown number."""
        history = self.find(tracking_number)
        known = [activity for activity in history.planned if activity.known_at <= now] if history else []
        return sorted(known, key=lambda activity: activity.happened_at)

    def is_planned(self, activity: Activity) -> bool:
        """Whether the activity was not given up since it was told to the listeners."""
        history = self.find(activity.tracking_number)
        return history is not None and any(planned is activity for planned in history.planned)

    def clear(self) -> None:
        """Forget everything."""
        self._histories.clear()

    def _tell(self, activities: Iterable[Activity]) -> None:
        for listener in self.listeners:
            listener(activities)
