"""Run deliveries again from the command line."""

import time
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from connector_site.lib.admin import STAFF_DATABASE
from syncjobs import replay
from syncjobs.actions import previewing
from syncjobs.actions.previewing import PreviewShown
from syncjobs.models import Delivery, Preview
from tenants.context import tenant_context
from tenants.models import Tenant

ACTOR = "command"
_STATES = (Delivery.State.HOLD, Delivery.State.SKIPPED, Delivery.State.DELIVERED, Delivery.State.CLOSED)
"""Where something may have stopped that can be run again."""
_PAUSE_SECONDS = 0.5


class Command(BaseCommand):
    """`manage.py replay --company CODE --delivery CODE ...`, or `--state hold`; `--dry-run` only tells."""

    help = "Run deliveries again from the step that stopped; a label that exists is never bought again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The company, and which of its deliveries."""
        parser.add_argument("--company", type=uuid.UUID, required=True, help="The company's code.")
        chosen = parser.add_mutually_exclusive_group(required=True)
        chosen.add_argument("--delivery", type=uuid.UUID, nargs="+", default=[], help="Codes of deliveries.")
        chosen.add_argument("--state", choices=[state.value for state in _STATES], help="All that stand there.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would become of them, and do nothing.")

    def handle(self, *args: Any, company: uuid.UUID, dry_run: bool, **options: Any) -> None:
        """A line for each delivery: its number, its code, and what becomes of it."""
        found = Tenant.objects.using(STAFF_DATABASE).filter(code=company)
        tenant_id = found.values_list("pk", flat=True).first()
        if tenant_id is None:
            raise CommandError(f"There is no company {company}.")
        codes = options["delivery"] or _standing(tenant_id, options["state"])
        for start in range(0, len(codes), previewing.MOST_AT_ONCE):
            some = codes[start : start + previewing.MOST_AT_ONCE]
            if dry_run:
                self._tell(tenant_id, some)
            else:
                self._run(tenant_id, some)

    def _run(self, tenant_id: uuid.UUID, codes: list[uuid.UUID]) -> None:
        ran = replay.replay_many(actor=ACTOR, tenant_id=tenant_id, delivery_codes=codes, at=timezone.now())
        for one in ran:
            self.stdout.write(f"{one.number or '-'} {one.code}: {one.why_not or 'run again'}")
        for code in set(codes) - {one.code for one in ran}:
            self.stdout.write(f"- {code}: not a delivery of this company")

    def _tell(self, tenant_id: uuid.UUID, codes: list[uuid.UUID]) -> None:
        """Workers look; this waits for them, as long as a look may take."""
        asked_at = timezone.now()
        batch = previewing.ask(
            actor=ACTOR,
            tenant_id=tenant_id,
            delivery_codes=codes,
            action=Preview.Action.REPLAY,
            at=asked_at,
        )
        rows = _shown(tenant_id, batch)
        while any(row.is_under_way for row in rows):
            time.sleep(_PAUSE_SECONDS)
            rows = _shown(tenant_id, batch)
        for row in rows:
            self.stdout.write(f"{row.delivery.delivery_number or '-'} {row.delivery.code}: {_in_words(row)}")


def _standing(tenant_id: uuid.UUID, state: str) -> list[uuid.UUID]:
    with tenant_context(tenant_id):
        rows = Delivery.objects.filter(tenant_id=tenant_id, state=state).order_by("pk")
        if state == Delivery.State.CLOSED:
            rows = rows.exclude(proof_problem="")
        return list(rows.values_list("code", flat=True))


def _shown(tenant_id: uuid.UUID, batch: uuid.UUID) -> list[PreviewShown]:
    with tenant_context(tenant_id):
        return previewing.shown(tenant_id, batch, at=timezone.now())


def _in_words(row: PreviewShown) -> str:
    look = row.look
    if look is None:
        return row.preview.problem or "could not be looked at"
    price = f" for {look.price} {look.currency}" if look.price is not None else ""
    why = look.text or " ".join(problem.text for problem in look.problems) or look.service
    return f"would {look.outcome.value}{price}: {why}" if look.goes_on else f"{look.outcome.value}: {why}"
