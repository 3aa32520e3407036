"""Gathers the evidence while the run goes on: the stand-ins keep only their latest calls."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bench.crash.evidence import (
    Booked,
    Evidence,
    Standing,
    read_exact_call,
    read_made,
    read_references,
    read_token_call,
)
from bench.errors import BenchFailed
from bench.ground import CHECKOUT, Ground
from bench.order import Order
from bench.standins import CALLS_AT_ONCE, Company, StandIn

SLOW_CALLS = 1_000
"""More than are made while one call stalls."""
UNSETTLED = ("planned", "sending", "in_doubt", "orphan", "voiding")
MOST_LOOKS = 3
NEWS_KINDS = ("proof", "status")
SHORT_QUIET_TIME = timedelta(seconds=20)
WORK_KINDS = ("read", "ship", "report", "gone")
"""Jobs that settle are seen by their attempts: the last looks at one that is absent come days later."""
WRITTEN_STATES = ("reported", "in_transit", "delivered", "closed")
"""What is still read of these only confirms our own writes."""


@dataclass(slots=True)
class Watcher:
    """Asks the stand-ins what they saw, and our database how far it is."""

    ground: Ground
    evidence: Evidence = field(default_factory=Evidence)
    shipper_numbers: dict[int, str] = field(default_factory=dict)
    _began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _looks: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, set[int]] = field(default_factory=dict)

    def begin(self) -> None:
        """Learn which UPS account belongs to which company; what was before belongs to another run."""
        rows = self.ground.database.rows(
            "SELECT c.division, a.shipper_number FROM exact_connection c JOIN ups_account a USING (tenant_id)"
        )
        self.shipper_numbers = {int(str(division)): str(number) for division, number in rows}
        self.read_calls()
        self.evidence = Evidence()
        self._began = datetime.now(UTC)

    def book(self, company: Company, *, count: int) -> list[Booked]:
        """Deliveries booked in Exact."""
        order = {
            "count": count,
            "account_id": company.account_id,
            "shipping_method_id": company.method_id,
            "lines": [{"item_id": company.item_id, "quantity": 2}],
        }
        at = datetime.now(UTC)
        rows = self.ground.exact.control("POST", f"companies/{company.division}/deliveries", order)["deliveries"]
        booked = [
            Booked(
                entry_id=str(row["EntryID"]).lower(),
                division=company.division,
                delivery_number=int(row["DeliveryNumber"]),
                order_number=int(row["GoodsDeliveryLines"][0]["SalesOrderNumber"]),
                shipper_number=self.shipper_numbers[company.division],
                at=at,
            )
            for row in rows
        ]
        self.evidence.booked += booked
        return booked

    def read_calls(self) -> None:
        """What came since the last time."""
        for row in self._new_calls(self.ground.exact):
            self.evidence.exact_calls.append(read_exact_call(row))
            renewal = read_token_call(row)
            if renewal is not None:
                self.evidence.token_calls.append(renewal)
        for row in self._new_calls(self.ground.ups):
            if row["operation"] == "ship":
                self.evidence.references_sent += sorted(read_references(row))

    def read_exact(self) -> None:
        """What stands in Exact now."""
        for company in self.ground.companies:
            rows = self.ground.exact.control("GET", f"companies/{company.division}/deliveries")["deliveries"]
            for row in rows:
                entry = str(row["EntryID"]).lower()
                self.evidence.shown_in_exact[entry] = str(row["TrackingNumber"] or "")
                self.evidence.told_in_exact[entry] = str(row["Remarks"] or "")

    def read_ups(self) -> None:
        """Every shipment that UPS ever made."""
        rows = self.ground.ups.control("GET", "shipments")["shipments"]
        self.evidence.made = [made for made in map(read_made, rows) if made.at >= self._began]

    def read_product(self) -> None:
        """How the product shows each delivery, and which shipments it knows."""
        rows = self.ground.database.rows("SELECT exact_entry_id, state, problems FROM syncjobs_delivery")
        self.evidence.standings = {
            str(entry): Standing(state=str(state), problems=_codes(problems)) for entry, state, problems in rows
        }
        known = self.ground.database.rows(
            "SELECT ups_shipment_id FROM syncjobs_shipment"
            " UNION SELECT void_id FROM syncjobs_attempt WHERE void_id <> ''"
            " UNION SELECT late_answer ->> 'shipment' FROM syncjobs_attempt WHERE late_answer IS NOT NULL"
        )
        self.evidence.known_shipments = frozenset(str(row[0]) for row in known)

    def hurry(self) -> None:
        """Shorten waits that have no clock of their own: looks at a hold, and the quiet time of a lost document.

        Documents of the storm land at once or never, so the quiet time need not be its full five minutes.
        """
        self._hurry_looks()
        self.ground.database.run(
            "UPDATE syncjobs_syncjob SET due_at = now() + %s"
            " WHERE state = 'due' AND kind = ANY(%s) AND due_at > now() + %s",
            [SHORT_QUIET_TIME, list(NEWS_KINDS), SHORT_QUIET_TIME],
        )

    def _hurry_looks(self) -> None:
        """A few for each hold: what only a person can mend would be looked at for ever."""
        rows = self.ground.database.rows(
            "SELECT subject FROM syncjobs_syncjob WHERE state = 'due' AND kind = 'recheck' AND due_at > now()"
        )
        wanted = [str(row[0]) for row in rows if self._looks[str(row[0])] < MOST_LOOKS]
        self._looks.update(wanted)
        self.ground.database.run(
            "UPDATE syncjobs_syncjob SET due_at = now() WHERE state = 'due' AND kind = 'recheck' AND subject = ANY(%s)",
            [[UUID(each) for each in wanted]],
        )

    def let_renew(self) -> None:
        """The life of every access token passes, at Exact and in our books: each is renewed at its next use."""
        self.ground.exact.control("POST", "tokens/let-renew")
        self.ground.database.run(
            "UPDATE exact_grant SET received_at = received_at - interval '580 seconds'"
            " WHERE refresh_deadline_at IS NULL AND received_at > now() - interval '560 seconds'"
        )

    def consent_again(self) -> int:
        """Where the permission at Exact has ended, somebody gives it again, as the mail asks for; at how many."""
        if not self._permissions_ended():
            return 0
        order = Order(exact=self.ground.exact, ups=self.ground.ups, companies=self.ground.companies)
        return int(self._inside("bench.crash.consent_again", order.as_text()))

    def _permissions_ended(self) -> int:
        rows = self.ground.database.rows("SELECT count(*) FROM exact_grant WHERE needs_reconnect_at IS NOT NULL")
        return int(str(rows[0][0]))

    def unsettled(self, *, sees_late_watch: bool) -> dict[str, int]:
        """What is still open, by kind; empty when nothing more will happen by itself soon."""
        found = {f"attempt {row[0]}": int(str(row[1])) for row in self._attempts(sees_late_watch)}
        found |= {f"job {row[0]}": int(str(row[1])) for row in self._jobs()}
        found["delivery never heard of"] = len(self.evidence.booked) - self._count(
            "SELECT count(*) FROM syncjobs_delivery WHERE exact_entry_id = ANY(%s)",
            [each.entry_id for each in self.evidence.booked],
        )
        found["parcel under way"] = self._count(
            "SELECT count(*) FROM syncjobs_delivery WHERE exact_entry_id = ANY(%s)"
            " AND written ->> 'milestone' IS DISTINCT FROM 'delivered'",
            self.evidence.travelling,
        )
        return {what: count for what, count in found.items() if count}

    def open_rows(self) -> list[str]:
        """For a person: each delivery that is not through, with its attempts and jobs."""
        rows = self.ground.database.rows(
            "SELECT d.exact_entry_id, d.state, d.problems::text, d.written::text,"
            " (SELECT string_agg(concat_ws(' ', a.attempt_no, a.state, a.review_reason, a.due_at::time), ', ')"
            "    FROM syncjobs_attempt a WHERE a.delivery_id = d.id),"
            " (SELECT string_agg(concat_ws(' ', j.kind, j.state, j.due_at::time, j.last_error), ', ')"
            "    FROM syncjobs_syncjob j WHERE j.subject = d.code AND j.state IN ('due', 'running', 'dead'))"
            " FROM syncjobs_delivery d WHERE d.state NOT IN ('reported', 'closed') AND d.exact_entry_id = ANY(%s)"
            " ORDER BY d.id",
            [self._entries()],
        )
        return [" | ".join(str(value) for value in row) for row in rows]

    def audit(self) -> dict[str, Any]:
        """Every audit chain, computed anew by the product."""
        found: dict[str, Any] = json.loads(self._inside("bench.crash.chains"))
        return found

    def _inside(self, module: str, told: str = "") -> str:
        """Run a module of ours in a process of the product; returns what it writes."""
        done = subprocess.run(
            [sys.executable, "-m", "bench.inside", module],
            input=told,
            capture_output=True,
            text=True,
            check=False,
            cwd=CHECKOUT,
            env=self.ground.configuration.environment,
        )
        if done.returncode != 0:
            raise BenchFailed(f"{module} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def _attempts(self, sees_late_watch: bool) -> list[tuple[object, ...]]:  # noqa: FBT001  handed on
        return self.ground.database.rows(
            "SELECT a.state, count(*) FROM syncjobs_attempt a JOIN syncjobs_delivery d ON d.id = a.delivery_id"
            " WHERE (a.state = ANY(%s) OR (%s AND a.state = 'absent' AND a.watches = 0))"
            " AND d.exact_entry_id = ANY(%s) GROUP BY 1",
            [list(UNSETTLED), sees_late_watch, self._entries()],
        )

    def _jobs(self) -> list[tuple[object, ...]]:
        return self.ground.database.rows(
            "SELECT j.kind, count(*) FROM syncjobs_syncjob j JOIN syncjobs_delivery d ON d.code = j.subject"
            " WHERE j.state IN ('due', 'running') AND j.kind = ANY(%s) AND d.exact_entry_id = ANY(%s)"
            " AND NOT (j.kind = 'read' AND d.state = ANY(%s)) GROUP BY 1",
            [list(WORK_KINDS), self._entries(), list(WRITTEN_STATES)],
        )

    def _entries(self) -> list[UUID]:
        return [UUID(each.entry_id) for each in self.evidence.booked]

    def _count(self, statement: str, entry_ids: Iterable[str]) -> int:
        rows = self.ground.database.rows(statement, [[UUID(each) for each in entry_ids]])
        return int(str(rows[0][0]))

    def _new_calls(self, stand_in: StandIn) -> list[dict[str, Any]]:
        """Calls are numbered when they come and logged when they end: a slow one turns up behind later numbers."""
        seen = self._seen.setdefault(stand_in.address, set())
        since = max(0, max(seen, default=0) - SLOW_CALLS)
        found: list[dict[str, Any]] = []
        while True:
            rows = stand_in.control("GET", f"calls?since={since}&limit={CALLS_AT_ONCE}")["calls"]
            found += [row for row in rows if row["sequence"] not in seen]
            if len(rows) < CALLS_AT_ONCE:
                break
            since = max(row["sequence"] for row in rows)
        seen.update(row["sequence"] for row in found)
        return found


def _codes(problems: object) -> tuple[str, ...]:
    return tuple(str(each.get("code", "")) for each in problems) if isinstance(problems, list) else ()
