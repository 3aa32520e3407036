"""The page on which a person decides about a delivery: what was sent, what each source says, what each decision costs.

Deciding takes two steps, the second of which repeats the cost in words; none of it needs JavaScript.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connector_site.lib.wording import said
from syncjobs.doubts import decisions, options, testimony
from syncjobs.doubts.notices import DoubtNotice, notice_of
from syncjobs.doubts.options import Case, NotPossible
from syncjobs.forms.deciding import DecisionForm, key_of
from syncjobs.models import Attempt, Delivery
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from ups.models import SEALED_OF_ACCOUNT

CHECK, CONFIRM, CHANGE = "check", "confirm", "change"
"""The steps of deciding; the last one goes back."""
_OVERTAKEN = said(
    "Nothing was done: there is nothing to decide here any more. Somebody else has decided, or UPS has answered."
)
_CHANGED = said("Something has changed since you opened this page. See what is known now, then decide again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One request to UPS, or the delivery itself, with what is known of it; `case` is None where nobody is asked."""

    case: Case | None
    form: DecisionForm | None
    notice: DoubtNotice | None
    sent: testimony.Sent | None
    sources: list[testimony.Told]
    everything: list[testimony.Told]


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER, fresh=True)
def review(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Everybody may look; a manager decides."""
    with inside(access):
        row = get_object_or_404(_deliveries(access), code=delivery_code)
        cases = options.cases(access.tenant_id, row)
        if request.method != "POST":
            return _page(request, access, row, cases)
        case = next((case for case in cases if key_of(case) == request.POST.get("case")), None)
        if case is None:
            return _overtaken(request, access, row)
        form = DecisionForm(request.POST, case=case)
        step = request.POST.get("step")
        if step == CHANGE or not form.is_valid():
            return _page(request, access, row, cases, form)
        if form.has_changed_meanwhile:
            form.add_error(None, _CHANGED)
            return _page(request, access, row, cases, form)
        if step != CONFIRM:
            return render(request, "syncjobs/review_confirm.html", _base(access, row) | {"form": form, "case": case})
    return _decided(request, access, row, form)


def _decided(request: HttpRequest, access: Access, row: Delivery, form: DecisionForm) -> HttpResponse:
    option = form.option()
    try:
        decisions.decide(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_code=row.code,
            attempt_code=form.case.attempt.code if form.case.attempt else None,
            decision=option.decision,
            reason=form.cleaned_data["reason"],
            at=timezone.now(),
            number=form.number(),
        )
    except NotPossible as refused:
        return _refused(request, access, row.code, form, str(refused))
    messages.success(request, said("Decided: {title}. {effect}", title=option.title, effect=option.effect))
    return redirect("syncjobs:delivery", access.tenant_code, row.code)


def _refused(request: HttpRequest, access: Access, code: uuid.UUID, tried: DecisionForm, why: str) -> HttpResponse:
    """Back to the page with the words kept, as long as there still is something to decide."""
    with inside(access):
        row = get_object_or_404(_deliveries(access), code=code)
        cases = options.cases(access.tenant_id, row)
        case = next((case for case in cases if key_of(case) == key_of(tried.case)), None)
        if case is None:
            return _overtaken(request, access, row)
        form = DecisionForm(request.POST, case=case)
        form.add_error(None, why)
        return _page(request, access, row, cases, form)


def _overtaken(request: HttpRequest, access: Access, row: Delivery) -> HttpResponse:
    messages.warning(request, _OVERTAKEN)
    return redirect("syncjobs:delivery", access.tenant_code, row.code)


def _deliveries(access: Access) -> QuerySet[Delivery]:
    return Delivery.objects.filter(tenant_id=access.tenant_id).select_related("connection")


def _page(
    request: HttpRequest, access: Access, row: Delivery, cases: list[Case], tried: DecisionForm | None = None
) -> HttpResponse:
    forms = {key_of(case): DecisionForm(case=case) for case in cases}
    if tried is not None:
        forms[key_of(tried.case)] = tried
    shown = _shown(access, row, cases, forms)
    return render(request, "syncjobs/review.html", _base(access, row) | {"shown": shown, "cases": cases})


def _base(access: Access, row: Delivery) -> dict[str, object]:
    may_decide = access.allows(Role.MANAGER)
    return {"access": access, "section": "work", "delivery": row, "may_decide": may_decide}


def _shown(access: Access, row: Delivery, cases: list[Case], forms: dict[str, DecisionForm]) -> list[Shown]:
    """The cases first, then what is under way without anybody's doing."""
    at = timezone.now()
    rows = Attempt.objects.filter(tenant_id=access.tenant_id, delivery=row).select_related("account", "shipment")
    rows = rows.defer("request", *SEALED_OF_ACCOUNT)
    attempts = {attempt.pk: attempt for attempt in rows.order_by("shipment_no", "attempt_no")}
    shown = []
    for case in cases:
        about = case.attempt or case.shipped
        attempt = attempts.pop(about.pk, None) if about else None
        shown.append(_one(row, attempt, case, forms[key_of(case)], at))
    others = [attempt for attempt in attempts.values() if notice_of(attempt, at=at) is not None]
    return [*shown, *(_one(row, attempt, None, None, at) for attempt in others)]


def _one(row: Delivery, attempt: Attempt | None, case: Case | None, form: DecisionForm | None, at: datetime) -> Shown:
    return Shown(
        case=case,
        form=form,
        notice=notice_of(attempt, at=at) if attempt else None,
        sent=testimony.sent_of(attempt, row) if attempt else None,
        sources=testimony.sources_of(attempt, row) if attempt else [],
        everything=testimony.everything_said(attempt) if attempt else [],
    )
