"""The machine: anything may happen to a customer, in any order (`reliability.md` 7.2).

Few rules with much to draw in each: Hypothesis leaves out some rules in every run, and none must be left out too often.
"""

import sys
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from syncjobs.models import SyncJob
from tests.crash import places
from tests.machine import endings, promises, troubles
from tests.machine.world import World, at_turn

PLACES = (
    places.FETCH
    | places.PLANNING
    | places.SENDING
    | places.SENT
    | places.WRITING
    | places.ASKING
    | places.VOIDING
    | places.RENEWING
)
MINUTES = st.sampled_from((1, 3, 6, 16, 31, 61, 24 * 60))
THEN = st.sampled_from((None, 0, 1, 6, 16))
"""Minutes until work goes on; or it does not yet."""
FINE = "a complete answer"
SHIP_ANSWERS = (FINE, FINE, *troubles.SHIP, *troubles.LATE, *troubles.LATE)
SOMEWHERE: dict[str, tuple[str, troubles.Order]] = {f"UPS {name}": (name, {}) for name in troubles.UPS_CALLS} | {
    f"Exact {name}": ("", where) for name, where in troubles.EXACT_CALLS.items()
}
PEOPLE: dict[str, Callable[[World, str], None]] = {
    "types another number in Exact": World.type_foreign_number,
    "deletes it in Exact": World.delete,
    "presses “Try again”": World.run_again,
    "voids it at UPS": World.void_at_ups,
    "has Exact tell of it as new": lambda world, entry_id: world.tell(entry_id, "Create"),
    "has Exact tell of a change": lambda world, entry_id: world.tell(entry_id, "Update"),
}


def _due(kind: SyncJob.Kind) -> Callable[[World], None]:
    return lambda world: world.ask(kind)


ANYWAY: dict[str, Callable[[World], None]] = {
    "the owner consents once more": World.reconnect,
    "Redis comes back empty": World.lose_redis,
} | {f"{kind} is due": _due(kind) for kind in (*endings.NETS, SyncJob.Kind.COMPARE)}


class Machine(RuleBasedStateMachine):
    """Draws what happens next; after every step each promise holds, and in the end each delivery has come to an end."""

    deliveries: Bundle[str] = Bundle("deliveries")

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    @initialize(target=deliveries, answer=st.sampled_from(SHIP_ANSWERS))
    def first(self, answer: str) -> str:
        """Nothing interests without a delivery."""
        return self._booked(1, 1, answer)

    @rule(
        target=deliveries,
        parcels=st.sampled_from((1, 1, 2)),
        copies=st.sampled_from((1, 1, 2, 0)),
        answer=st.sampled_from(SHIP_ANSWERS),
        then=THEN,
    )
    def book(self, parcels: int, copies: int, answer: str, then: int | None) -> str:
        """A delivery is booked; Exact tells of it once, twice or not at all, and UPS will answer as it does."""
        entry_id = self._booked(parcels, copies, answer)
        self._then(then)
        return entry_id

    @rule(
        target=deliveries,
        answer=st.sampled_from(SHIP_ANSWERS),
        minutes=st.sampled_from((0, 0, 3, 6, 16)),
        place=st.sampled_from(list(PLACES)),
        nth=st.sampled_from((1, 1, 2)),
    )
    def book_and_crash(self, answer: str, minutes: int, place: str, nth: int) -> str:
        """A worker that is killed, with a new delivery at hand."""
        entry_id = self._booked(1, 1, answer)
        self.crash(minutes=minutes, place=place, nth=nth)
        return entry_id

    @rule(minutes=st.sampled_from((3, 6, 16)), place=st.sampled_from(list(PLACES)), nth=st.sampled_from((1, 1, 2)))
    def crash(self, minutes: int, place: str, nth: int) -> None:
        """After a while a worker is killed."""
        self.world.pass_time(minutes)
        if self.world.crash(at_turn(PLACES[place], nth)):
            self.world.tally[f"killed at {place}"] += 1

    @rule(minutes=MINUTES)
    def live(self, minutes: int) -> None:
        """Time passes, the clock ticks, workers work."""
        self.world.live(minutes)

    @rule(
        where=st.sampled_from(list(SOMEWHERE)),
        order=st.sampled_from(list(troubles.ANYWHERE)),
        times=st.sampled_from((1, 3, 30)),
        then=THEN,
    )
    def trouble(self, where: str, order: str, times: int, then: int | None) -> None:
        """UPS or Exact is silent about something."""
        operation, path = SOMEWHERE[where]
        if operation:
            self.world.trouble_at_ups(operation, troubles.ANYWHERE[order], times=times)
        else:
            self.world.trouble_at_exact(path, troubles.ANYWHERE[order], times=times)
        self._then(then)

    @rule(entry_id=deliveries, what=st.sampled_from(list(PEOPLE)), then=THEN)
    def somebody(self, entry_id: str, what: str, then: int | None) -> None:
        """Does something to a delivery."""
        PEOPLE[what](self.world, entry_id)
        self._then(then)

    @rule(choice=st.integers(0, 99), then=THEN)
    def manager_decides(self, choice: int, then: int | None) -> None:
        """Whatever is offered."""
        self.world.decide(lambda count: choice % count)
        self._then(then)

    @rule(what=st.sampled_from(list(ANYWAY)), then=THEN)
    def anyway(self, what: str, then: int | None) -> None:
        """Something that is about no single delivery."""
        ANYWAY[what](self.world)
        self._then(then)

    def _booked(self, parcels: int, copies: int, answer: str) -> str:
        entry_id = self.world.book(parcels=parcels, copies=copies)
        if answer != FINE:
            self.world.trouble_at_ups("ship", troubles.SHIP[answer])
        return entry_id

    def _then(self, minutes: int | None) -> None:
        if minutes is not None:
            self.world.live(minutes)

    @invariant()
    def promises_hold(self) -> None:
        """Each of them, now."""
        found = promises.broken(self.world)
        assert not found, found

    def teardown(self) -> None:
        """Heal everything; unless something broke already, every delivery must come to its end."""
        if sys.exc_info()[0] is not None:
            return
        for _ in endings.heal(self.world):
            self.promises_hold()
        self.world.tally.update(f"became {state}" for state in endings.passed_through(self.world))
        found = endings.unhappy(self.world)
        assert not found, found
