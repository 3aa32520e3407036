"""The public API (`docs/api.md`): a customer's own programs look at deliveries and have them run again.

Nothing here names a person, or finds one: receivers stand on the pages alone, and so do the words of a problem, which
may quote one.
"""

import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from connector_site.lib.rate_limit import seconds_to_wait
from syncjobs import replay
from syncjobs.actions import previewing
from syncjobs.actions.previewing import PreviewShown
from syncjobs.desk import live_parcels
from syncjobs.listing import searching
from syncjobs.models import Delivery, Preview
from tenants.api_door import DRY_RUNS, programs_only
from tenants.api_keys import Program
from tenants.context import tenant_context
from tenants.models import Role

PAGE_SIZE = 50
SEARCH_CHARACTERS = 60


class NotPossibleNow(APIException):
    """The delivery is not in a state for that; the message says why and what else to do."""

    status_code = HTTPStatus.CONFLICT
    default_code = "not_possible_now"


@programs_only(Role.VIEWER)
def deliveries(request: Request, program: Program) -> Response:
    """A page of deliveries, newest first: `state`, `search` and `before` (the code to go on from) choose."""
    params = request.query_params
    state, search = params.get("state", ""), params.get("search", "").strip()[:SEARCH_CHARACTERS]
    if state and state not in Delivery.State.values:
        raise ValidationError({"state": f"One of: {', '.join(Delivery.State.values)}."})
    with tenant_context(program.tenant_id):
        found = Delivery.objects.filter(tenant_id=program.tenant_id)
        if state:
            found = found.filter(state=state)
        if search:
            found = found.filter(pk__in=searching.find(program.tenant_id, search, by_receiver=False) or [])
        before = params.get("before", "")
        if before:
            mark = _one(program, _code(before, "before"))
            found = found.filter(created_at__lte=mark.created_at).exclude(created_at=mark.created_at, pk__gte=mark.pk)
        rows = list(_whole(found).order_by("-created_at", "-pk")[: PAGE_SIZE + 1])
        shown = [_delivery(row) for row in rows[:PAGE_SIZE]]
    more = str(rows[PAGE_SIZE - 1].code) if len(rows) > PAGE_SIZE else None
    return Response({"deliveries": shown, "before": more})


@programs_only(Role.VIEWER)
def delivery(request: Request, program: Program, delivery_code: uuid.UUID) -> Response:
    """One delivery with its parcels."""
    del request
    with tenant_context(program.tenant_id):
        row = _whole(Delivery.objects.filter(tenant_id=program.tenant_id, code=delivery_code)).first()
        if row is None:
            raise Http404
        return Response(_delivery(row))


@programs_only(Role.OPERATOR, method="POST")
def replay_deliveries(request: Request, program: Program) -> Response:
    """Run deliveries again from the step that failed; with `dry_run` only look what that would come to.

    A dry run answers 202 with the address to ask for what was seen. Otherwise one line for each delivery.
    """
    told = request.data if isinstance(request.data, dict) else {}
    codes = _codes(told.get("deliveries"))
    at = timezone.now()
    if told.get("dry_run"):
        wait = seconds_to_wait(DRY_RUNS, str(program.tenant_id))
        if wait:
            raise Throttled(wait=wait)
        action = Preview.Action.REPLAY
        batch = previewing.ask(
            actor=program.actor, tenant_id=program.tenant_id, delivery_codes=codes, action=action, at=at
        )
        return Response({"preview": f"/api/v1/previews/{batch}/"}, status=HTTPStatus.ACCEPTED)
    ran = replay.replay_many(actor=program.actor, tenant_id=program.tenant_id, delivery_codes=codes, at=at)
    lines = [{"delivery": str(one.code), "runs": not one.why_not, "why_not": one.why_not or None} for one in ran]
    if len(lines) == 1 and ran[0].why_not:
        raise NotPossibleNow(ran[0].why_not)
    return Response({"deliveries": lines})


@programs_only(Role.VIEWER)
def preview(request: Request, program: Program, batch: uuid.UUID) -> Response:
    """What a dry run has seen so far; `is_under_way` says whether to ask once more."""
    del request
    with tenant_context(program.tenant_id):
        found = previewing.shown(program.tenant_id, batch, at=timezone.now())
    if not found:
        raise Http404
    lines = [_preview(one) for one in found]
    return Response({"is_under_way": any(one.is_under_way for one in found), "deliveries": lines})


def _one(program: Program, code: uuid.UUID) -> Delivery:
    row = Delivery.objects.filter(tenant_id=program.tenant_id, code=code).first()
    if row is None:
        raise Http404
    return row


def _whole(found: Any) -> Any:
    return found.prefetch_related("shipments__parcels")


def _code(text: object, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(str(text))
    except ValueError as error:
        raise ValidationError({name: "The code of a delivery."}) from error


def _codes(told: object) -> list[uuid.UUID]:
    if not isinstance(told, list) or not 1 <= len(told) <= previewing.MOST_AT_ONCE:
        raise ValidationError({"deliveries": f"A list of 1 to {previewing.MOST_AT_ONCE} codes of deliveries."})
    return [_code(one, "deliveries") for one in told]


def _delivery(row: Delivery) -> dict[str, Any]:
    return {
        "code": str(row.code),
        "delivery_number": row.delivery_number,
        "order_numbers": [number for number in row.order_numbers.split(", ") if number],
        "state": row.state,
        "milestone": row.milestone,
        "problems": [problem["code"] for problem in row.problems],
        "booked_at": row.created_at.isoformat(),
        "changed_at": row.changed_at.isoformat(),
        "parcels": _parcels(live_parcels(list(row.shipments.all()))),
    }


def _parcels(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "tracking_number": row.tracking_number,
            "weight": str(row.weight),
            "weight_unit": row.weight_unit,
            "milestone": row.milestone,
            "milestone_at": row.milestone_at.isoformat() if row.milestone_at else None,
            "expected_date": row.scheduled_date.isoformat() if row.scheduled_date else None,
        }
        for row in rows
    ]


def _preview(shown: PreviewShown) -> dict[str, Any]:
    look = shown.look
    return {
        "delivery": str(shown.delivery.code),
        "is_under_way": shown.is_under_way,
        "problem": shown.preview.problem or None,
        "outcome": look.outcome.value if look else None,
        "service": look.service if look else None,
        "price": str(look.price) if look and look.price is not None else None,
        "currency": look.currency if look else None,
        "problems": [one.code for one in look.problems] if look else [],
    }
