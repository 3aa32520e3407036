"""The machine: anything may happen to a customer, in any order (`reliability.md` 7.2)."""

import sys

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from syncjobs import engine
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
SHIP_ANSWERS = (FINE, FINE, *troubles.SHIP)
NETS = [kind for kind in (SyncJob.Kind.CHANGES, SyncJob.Kind.COMPARE, SyncJob.Kind.RECONCILE) if kind in engine.STEPS]


class Machine(RuleBasedStateMachine):
    """Draws what happens next; after every step each promise holds, and in the end each delivery has come to an end."""

    deliveries: Bundle[str] = Bundle("deliveries")

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    @initialize(target=deliveries)
    def first(self) -> str:
        """Nothing interests without a delivery."""
        return self.world.book(parcels=1, copies=1)

    @rule(
        target=deliveries,
        parcels=st.sampled_from((1, 1, 2)),
        copies=st.sampled_from((1, 1, 2, 0)),
        answer=st.sampled_from(SHIP_ANSWERS),
        then=THEN,
    )
    def book(self, parcels: int, copies: int, answer: str, then: int | None) -> str:
        """A delivery is booked; Exact tells of it once, twice or not at all, and UPS will answer as it does."""
        entry_id = self.world.book(parcels=parcels, copies=copies)
        if answer != FINE:
            self.world.trouble_at_ups("ship", troubles.SHIP[answer])
        self._then(then)
        return entry_id

    @rule(minutes=MINUTES)
    def live(self, minutes: int) -> None:
        """Time passes, the clock ticks, workers work."""
        self.world.live(minutes)

    @rule()
    def work(self) -> None:
        """The clock ticks at once."""
        self.world.live()

    @rule(minutes=st.sampled_from((0, 3, 6, 16)), place=st.sampled_from(list(PLACES)), nth=st.sampled_from((1, 1, 2)))
    def crash(self, minutes: int, place: str, nth: int) -> None:
        """After a while a worker is killed."""
        self.world.pass_time(minutes)
        if self.world.crash(at_turn(PLACES[place], nth)):
            event("a worker was killed", place.split(maxsplit=1)[0])

    @rule(answer=st.sampled_from(list(troubles.SHIP)), then=THEN)
    def trouble_with_shipping(self, answer: str, then: int | None) -> None:
        """UPS answers a ship call in one of its ways."""
        self.world.trouble_at_ups("ship", troubles.SHIP[answer])
        self._then(then)

    @rule(
        operation=st.sampled_from(troubles.UPS_CALLS),
        order=st.sampled_from(list(troubles.ANYWHERE)),
        times=st.sampled_from((1, 3)),
        then=THEN,
    )
    def trouble_at_ups(self, operation: str, order: str, times: int, then: int | None) -> None:
        """UPS is silent about something else."""
        self.world.trouble_at_ups(operation, troubles.ANYWHERE[order], times=times)
        self._then(then)

    @rule(
        where=st.sampled_from(list(troubles.EXACT_CALLS)),
        order=st.sampled_from(list(troubles.ANYWHERE)),
        times=st.sampled_from((1, 3)),
        then=THEN,
    )
    def trouble_at_exact(self, where: str, order: str, times: int, then: int | None) -> None:
        """Exact is silent."""
        self.world.trouble_at_exact(troubles.EXACT_CALLS[where], troubles.ANYWHERE[order], times=times)
        self._then(then)

    @rule(entry_id=deliveries, action=st.sampled_from(("Create", "Update")), then=THEN)
    def tell(self, entry_id: str, action: str, then: int | None) -> None:
        """A notification comes again, or late."""
        self.world.tell(entry_id, action)
        self._then(then)

    @rule(entry_id=deliveries, then=THEN)
    def type_foreign_number(self, entry_id: str, then: int | None) -> None:
        """Somebody enters a number in Exact."""
        if entry_id not in self.world.deleted:
            self.world.type_foreign_number(entry_id)
        self._then(then)

    @rule(entry_id=deliveries, then=THEN)
    def delete(self, entry_id: str, then: int | None) -> None:
        """Somebody deletes the delivery in Exact."""
        if entry_id not in self.world.deleted:
            self.world.delete(entry_id)
        self._then(then)

    @rule(entry_id=deliveries, then=THEN)
    def run_again(self, entry_id: str, then: int | None) -> None:
        """Somebody presses “Try again”."""
        self.world.run_again(entry_id)
        self._then(then)

    @rule(entry_id=deliveries, data=st.data(), then=THEN)
    def decide(self, entry_id: str, data: st.DataObject, then: int | None) -> None:
        """A manager decides, whatever is offered."""
        self.world.decide(entry_id, lambda offered: offered[data.draw(st.integers(0, len(offered) - 1))])
        self._then(then)

    @rule(entry_id=deliveries, then=THEN)
    def void_at_ups(self, entry_id: str, then: int | None) -> None:
        """Somebody voids the shipment at UPS."""
        self.world.void_at_ups(entry_id)
        self._then(then)

    @rule(then=THEN)
    def reconnect(self, then: int | None) -> None:
        """The owner consents once more."""
        self.world.reconnect()
        self._then(then)

    @rule(then=THEN)
    def lose_redis(self, then: int | None) -> None:
        """Redis forgets everything."""
        self.world.lose_redis()
        self._then(then)

    @rule(kind=st.sampled_from(NETS))
    def draw_in_a_net(self, kind: SyncJob.Kind) -> None:
        """What no notification told of is looked for."""
        self.world.ask(kind)
        self.world.live()

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
        endings.heal(self.world)
        self.promises_hold()
        for state in endings.passed_through(self.world):
            event("came to be", state)
        found = endings.unhappy(self.world)
        assert not found, found
