"""One customer with everything that may happen to her deliveries, and a memory of what people did."""

import contextlib
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from connector_site.lib.outside_calls import ignore
from exact import connecting, credentials, emergency_slot
from exact.errors import ExactError
from exact.models import Connection, Grant
from exact.quick_store import quick_store
from syncjobs import engine, queue, replay, ticks
from syncjobs.doubts.decisions import decide
from syncjobs.doubts.options import Case, NotPossible, Option, cases
from syncjobs.intake import accept_exact
from syncjobs.models import Attempt, Delivery, SyncJob
from tenants.context import tenant_context
from tests import standins
from tests.crash.forks import Trap
from tests.crash.scene import Scene
from tests.journey.conftest import Journey, wait_for
from tests.machine.troubles import Order
from tests.standins import StandIn
from tests.syncjobs.notifications import notification
from ups.access import open_client
from ups.errors import UpsError

GOODS = "salesorder/GoodsDeliveries"
LATEST_EFFECT_MINUTES = 60
"""Up to there UPS's clock goes minute by minute, so that what lands late lands when it should."""
FOREIGN = "3SABCD1234567"
"""A number of another carrier, typed by somebody in Exact."""
PIECE_KG, PIECES_IN_A_PARCEL = 10, 2


@dataclass(slots=True, kw_only=True)
class World:
    """What happens to one customer. The sets remember what people did, by entry id in Exact."""

    scene: Scene
    tally: Counter[str]
    """What the whole run has tried out."""
    booked: list[str] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    chosen: set[str] = field(default_factory=set)
    """Deliveries about which a person decided, and took the risk that came with it."""
    voided_by_hand: set[str] = field(default_factory=set)
    has_late_requests: bool = False
    cut_off_generations: set[tuple[int, int]] = field(default_factory=set)
    """Grants and their generations whose renewal ended with its worker: the old token is all there is to go on with."""
    renewals_spoilt: int = 0
    """Renewals whose answer may have been lost on the way."""

    @property
    def journey(self) -> Journey:
        """Her tenant, connection, account and company."""
        return self.scene.journey

    @property
    def exact(self) -> StandIn:
        """The stand-in that has her company."""
        return self.journey.company.exact

    # --- time and work ---

    def live(self, minutes: int = 0) -> None:
        """Let time pass; then the clock ticks and workers do what is due. Whole minutes, as limits count them."""
        self.pass_time(minutes)
        ticks.turn_due()
        engine.work(list(SyncJob.Queue))
        self.listen()

    def pass_time(self, minutes: int) -> None:
        """Let time pass for everybody, while nobody works; UPS's clock goes in fine steps while a request is late."""
        if not minutes:
            return
        ups = self.journey.ups
        single = min(minutes, LATEST_EFFECT_MINUTES) if self.has_late_requests else 0
        for step in [*[1] * single, minutes - single]:
            ups.control("POST", "clock", {"advance_seconds": step * 60})
        self.scene.time.passes(minutes, self.exact)
        credentials.forget_kept()

    def listen(self) -> None:
        """Wait until every notification that Exact has sent was answered."""
        division = self.journey.company.division

        def is_quiet() -> bool:
            sent = self.exact.control("GET", f"notifications?division={division}")["notifications"]
            return all(row["statuses"] for row in sent)

        assert wait_for(is_quiet), "a notification was not answered"

    def crash(self, trap: Trap) -> bool:
        """A worker that dies on its way, if it comes by the trap."""
        outcome = self.scene.work(trap)
        if outcome.was_killed and not self._has_slot():
            self._note_cut_off()
        self.listen()
        return outcome.was_killed

    def _note_cut_off(self) -> None:
        """Remember a renewal that was begun, and whose new tokens nobody has."""
        grant = self._grant()
        if grant.refresh_deadline_at is not None:
            self.cut_off_generations.add((grant.pk, grant.generation))

    def _has_slot(self) -> bool:
        grant = self._grant()
        return emergency_slot.take_out(grant.code, generation=grant.generation) is not None

    def _grant(self) -> Grant:
        with tenant_context(self.journey.tenant.id):
            connection = Connection.objects.select_related("grant").get(pk=self.journey.connection.pk)
        assert connection.grant is not None
        return connection.grant

    def lose_redis(self) -> None:
        """Redis comes back empty, and what was kept there between an answer and its commit is gone."""
        self._note_cut_off()
        quick_store().flushall()

    # --- what people do in Exact ---

    def book(self, *, parcels: int, copies: int) -> str:
        """Book a delivery of so many parcels; Exact tells of it so many times."""
        company = self.journey.company
        line = {"item_id": company.item_with_weight()["id"], "quantity": parcels * PIECES_IN_A_PARCEL}
        self.exact.control("POST", "settings", {"webhook_copies": copies})
        try:
            entry_id = company.book(lines=[line])
        finally:
            self.exact.control("POST", "settings", {"webhook_copies": 1})
        self.booked.append(entry_id)
        self.listen()
        return entry_id

    def tell(self, entry_id: str, action: str) -> None:
        """A notification that comes once more, late, or out of order."""
        client_id = settings.EXACT_APPS["nl"]["client_id"]
        division = self.journey.company.division
        body = notification(key=uuid.UUID(entry_id), action=action, division=division, client_id=client_id)
        assert accept_exact(hook_code=self.journey.connection.hook_code, body=body) == 200

    def type_foreign_number(self, entry_id: str) -> None:
        """Somebody ships it by other means and enters that number."""
        if entry_id in self.deleted:
            return
        self.journey.company.change(GOODS, entry_id, TrackingNumber=FOREIGN)
        self.foreign.add(entry_id)
        self.listen()

    def delete(self, entry_id: str) -> None:
        """Somebody deletes it."""
        if entry_id in self.deleted:
            return
        path = f"companies/{self.journey.company.division}/records/{GOODS}/{entry_id}"
        self.exact.control("DELETE", path)
        self.deleted.add(entry_id)
        self.listen()

    # --- what people do with us, and at UPS ---

    def run_again(self, entry_id: str) -> None:
        """Press “Try again”, where it is offered."""
        delivery = self.journey.delivery(entry_id)
        if delivery is None:
            return
        with contextlib.suppress(replay.NotAllowedNow):
            replay.run_again(
                actor="user:machine", tenant_id=delivery.tenant_id, delivery_code=delivery.code, at=timezone.now()
            )

    def decide(self, choose: Callable[[int], int]) -> None:
        """Decide, where there is something to decide; what is named is what UPS really made, or nothing."""
        offered = [each for delivery in self.deliveries() for each in self._offered(delivery)]
        if not offered:
            return
        delivery, case, option = offered[choose(len(offered))]
        number = option.numbers[0] if option.numbers else self._number_of(case)
        if option.needs_number and not number:
            return
        with contextlib.suppress(NotPossible):
            decide(
                actor="user:machine",
                tenant_id=delivery.tenant_id,
                delivery_code=delivery.code,
                attempt_code=case.attempt.code if case.attempt else None,
                decision=option.decision,
                reason="As the machine says.",
                number=number,
                at=timezone.now(),
            )
            self.chosen.add(str(delivery.exact_entry_id))
            self.tally[f"decided {option.decision}"] += 1

    def _offered(self, delivery: Delivery) -> list[tuple[Delivery, Case, Option]]:
        with tenant_context(delivery.tenant_id):
            return [(delivery, case, option) for case in cases(delivery.tenant_id, delivery) for option in case.options]

    def _number_of(self, case: Case) -> str:
        """What a person would find on the label in the warehouse."""
        made = self.journey.shipments_at_ups()
        reference = case.attempt.reference if case.attempt else ""
        return next((str(row["number"]) for row in made if reference in row["references"]), "")

    def void_at_ups(self, entry_id: str) -> None:
        """Somebody voids the shipment on UPS's own page."""
        live = [row["number"] for row in self.shipments(entry_id) if not row["voided"]]
        if live:
            self.voided_by_hand.add(entry_id)
            with contextlib.suppress(UpsError):
                open_client(self.journey.account, observe=ignore).void(live[0])

    def reconnect(self) -> None:
        """Consent once more to the same company."""
        company = self.journey.company
        answer = standins.consent(connecting.authorize_url(site="nl", state="again", force_login=False), company)
        with contextlib.suppress(ExactError):
            granted = connecting.finish_consent(site="nl", code=answer["code"])
            division = next(row for row in granted.divisions if row.code == company.division)
            tenant_id = self.journey.tenant.id
            connecting.connect_division(tenant_id=tenant_id, grant_id=granted.grant_id, division=division)

    def ask(self, kind: SyncJob.Kind) -> None:
        """Have a job about the connection done at its next turn, as the clock's ticks do."""
        with tenant_context(self.journey.tenant.id):
            queue.add(self.journey.tenant.id, kind, self.journey.connection.code, due_at=timezone.now(), wake=False)

    # --- trouble ---

    def trouble_at_ups(self, operation: str, order: Order, *, times: int = 1) -> None:
        """Order trouble for the next calls of a kind."""
        self.has_late_requests |= order["action"] == "late_effect"
        self.journey.ups.control("POST", "faults", {**order, "operation": operation, "times": times})

    def trouble_at_exact(self, where: Order, order: Order, *, times: int = 1) -> None:
        """The same at Exact."""
        if "/oauth2/token" in where.get("path_regex", ""):
            self.renewals_spoilt += times
        self.exact.control("POST", "faults", {**order, **where, "times": times})

    def calm(self) -> None:
        """Everything outside works again."""
        self.journey.ups.control("DELETE", "faults")
        self.exact.control("DELETE", "faults")

    # --- what there is ---

    def deliveries(self) -> list[Delivery]:
        """Our rows."""
        with tenant_context(self.journey.tenant.id):
            return list(Delivery.objects.order_by("pk"))

    def attempts(self, delivery: Delivery) -> list[Attempt]:
        """Its attempts in their order."""
        return self.scene.attempts(delivery)

    def shipments(self, entry_id: str) -> list[dict[str, Any]]:
        """What UPS has made for a delivery, voided ones too."""
        delivery = self.journey.delivery(entry_id)
        references = {attempt.reference for attempt in self.attempts(delivery)} if delivery else set()
        return [row for row in self.journey.shipments_at_ups() if references & set(row["references"])]

    def ups_now(self) -> datetime:
        """The moment by UPS's clock."""
        return datetime.fromisoformat(self.journey.ups.control("GET", "clock")["now"]).astimezone(UTC)


def at_turn(trap: Trap, nth: int) -> Trap:
    """The same place at a later call."""
    return replace(trap, nth=nth)
