"""The machine: anything may happen to a customer, in any order (`reliability.md` 7.2)."""

import sys

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
MINUTES = (1, 3, 6, 16, 31, 61, 24 * 60)
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
    )
    def book(self, parcels: int, copies: int, answer: str) -> str:
        """A delivery is booked; Exact tells of it once, twice or not at all, and UPS will answer as it does."""
        entry_id = self.world.book(parcels=parcels, copies=copies)
        if answer != FINE:
            self.world.trouble_at_ups("ship", troubles.SHIP[answer])
        return entry_id

    @rule(minutes=st.sampled_from(MINUTES))
    def live(self, minutes: int) -> None:
        """Time passes, the clock ticks, workers work."""
        self.world.live(minutes)

    @rule()
    def work(self) -> None:
        """The clock ticks at once."""
        self.world.live()

    @rule(place=st.sampled_from(list(PLACES)), nth=st.sampled_from((1, 1, 2, 3)))
    def crash(self, place: str, nth: int) -> None:
        """A worker is killed."""
        self.world.crash(at_turn(PLACES[place], nth))

    @rule(answer=st.sampled_from(list(troubles.SHIP)))
    def trouble_with_shipping(self, answer: str) -> None:
        """UPS answers a ship call in one of its ways."""
        self.world.trouble_at_ups("ship", troubles.SHIP[answer])

    @rule(
        operation=st.sampled_from(troubles.UPS_CALLS),
        order=st.sampled_from(list(troubles.ANYWHERE)),
        times=st.sampled_from((1, 3)),
    )
    def trouble_at_ups(self, operation: str, order: str, times: int) -> None:
        """UPS is silent about something else."""
        self.world.trouble_at_ups(operation, troubles.ANYWHERE[order], times=times)

    @rule(
        where=st.sampled_from(list(troubles.EXACT_CALLS)),
        order=st.sampled_from(list(troubles.ANYWHERE)),
        times=st.sampled_from((1, 3)),
    )
    def trouble_at_exact(self, where: str, order: str, times: int) -> None:
        """Exact is silent."""
        self.world.trouble_at_exact(troubles.EXACT_CALLS[where], troubles.ANYWHERE[order], times=times)

    @rule(entry_id=deliveries, action=st.sampled_from(("Create", "Update")))
    def tell(self, entry_id: str, action: str) -> None:
        """A notification comes again, or late."""
        self.world.tell(entry_id, action)

    @rule(entry_id=deliveries)
    def type_foreign_number(self, entry_id: str) -> None:
        """Somebody enters a number in Exact."""
        if entry_id not in self.world.deleted:
            self.world.type_foreign_number(entry_id)

    @rule(entry_id=deliveries)
    def delete(self, entry_id: str) -> None:
        """Somebody deletes the delivery in Exact."""
        if entry_id not in self.world.deleted:
            self.world.delete(entry_id)

    @rule(entry_id=deliveries)
    def run_again(self, entry_id: str) -> None:
        """Somebody presses “Try again”."""
        self.world.run_again(entry_id)

    @rule(entry_id=deliveries, data=st.data())
    def decide(self, entry_id: str, data: st.DataObject) -> None:
        """A manager decides, whatever is offered."""
        self.world.decide(entry_id, lambda offered: offered[data.draw(st.integers(0, len(offered) - 1))])

    @rule(entry_id=deliveries)
    def void_at_ups(self, entry_id: str) -> None:
        """Somebody voids the shipment at UPS."""
        self.world.void_at_ups(entry_id)

    @rule()
    def reconnect(self) -> None:
        """The owner consents once more."""
        self.world.reconnect()

    @rule()
    def lose_redis(self) -> None:
        """Redis forgets everything."""
        self.world.lose_redis()

    @rule(kind=st.sampled_from(NETS))
    def draw_in_a_net(self, kind: SyncJob.Kind) -> None:
        """What no notification told of is looked for."""
        self.world.ask(kind)
        self.world.live()

    @invariant()
    def promises_hold(self) -> None:
        """Each of them, now."""
        assert promises.broken(self.world) == []

    def teardown(self) -> None:
        """Heal everything; unless something broke already, every delivery must come to its end."""
        if sys.exc_info()[0] is not None:
            return
        endings.heal(self.world)
        assert promises.broken(self.world) == []
        assert endings.unhappy(self.world) == []
