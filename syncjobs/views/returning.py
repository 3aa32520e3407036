"""The page that brings goods back: which parcels, what the label costs, and the order of it; and those made already."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from connector_site.lib.wording import local
from syncjobs import desk
from syncjobs.actions import returns
from syncjobs.actions.previewing import PreviewShown
from syncjobs.actions.return_plans import Chosen, system_of
from syncjobs.actions.rules import Action, Facts, NotAllowed, live_parcels_of, read_facts, why_not
from syncjobs.doubts.notices import notices_of
from syncjobs.forms.returning import Offered, ParcelBackForm, as_query, chosen_in, forms_of
from syncjobs.models import Delivery, Parcel
from syncjobs.views.details import printable
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

LOOK, CONFIRM = "look", "confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnShown:
    """A return on the page of the delivery whose goods it brings back."""

    delivery: Delivery
    shown: desk.Shown
    milestone: desk.Shown | None
    parcels: tuple[Parcel, ...]
    has_pictures: bool
    has_commands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What stands on the page: the delivery, a form for each parcel, and what was found of the price."""

    facts: Facts
    forms: list[ParcelBackForm]
    back: frozenset[str]
    look: PreviewShown | None
    made: Delivery | None

    @property
    def delivery(self) -> Delivery:
        """The one whose goods come back."""
        return self.facts.delivery


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def bring_back(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Choose, see the price, confirm. What was chosen stands in the address, so that the page can be loaded again."""
    with inside(access):
        asked = _asked(request, access, delivery_code)
        if asked.made is not None and request.POST.get("act") != LOOK:
            return redirect("syncjobs:delivery", access.tenant_code, asked.made.code)
        chosen = chosen_in(asked.forms) if request.method == "POST" else None
        if request.method != "POST" or not chosen:
            return _page(request, access, asked, is_empty=chosen == [])
    if request.POST.get("act") == CONFIRM:
        return _ordered(request, access, delivery_code, asked, chosen)
    return _looked(request, access, delivery_code, asked, chosen)


def returns_shown(rows: Iterable[Delivery]) -> list[ReturnShown]:
    """For `syncjobs/_returns.html`: returns, with shipments, labels and attempts read ahead; no statement is made."""
    return [
        ReturnShown(
            delivery=row,
            shown=desk.shown_state(row, notices_of(row.attempts.all(), at=timezone.now())),
            milestone=desk.shown_milestone(row),
            parcels=desk.live_parcels(list(row.shipments.all())),
            has_pictures=printable(row).pictures,
            has_commands=printable(row).commands,
        )
        for row in rows
    ]


def _asked(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> _Asked:
    try:
        facts = read_facts(access.tenant_id, delivery_code)
    except Delivery.DoesNotExist as missing:
        raise Http404 from missing
    batch = _code(request.POST.get("preview", "") or request.GET.get("preview", ""))
    look = returns.find_look(access.tenant_id, facts.delivery, batch, at=timezone.now()) if batch else None
    made = returns.find_made(facts.delivery, look.preview.code) if look and look.preview.used_at else None
    back = returns.coming_back(facts.delivery)
    data = request.POST if request.method == "POST" else request.GET if look else None
    forms = forms_of(data, _offered(access, facts), but_for=back)
    return _Asked(facts=facts, forms=forms, back=back, look=look, made=made)


def _offered(access: Access, facts: Facts) -> list[Offered]:
    return [
        Offered(
            parcel=parcel,
            unit=system_of(facts.attempt_of(shipment).account).weight_unit.value,
            is_locked=not access.allows(Role.OPERATOR),
        )
        for shipment in facts.live
        for parcel in live_parcels_of(shipment)
    ]


def _page(request: HttpRequest, access: Access, asked: _Asked, *, is_empty: bool) -> HttpResponse:
    """The page, or the part with the price alone once there is one and htmx asks for it."""
    look = asked.look
    is_part = request.headers.get("HX-Request") == "true"
    if is_part and look is not None and look.is_under_way:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    chosen = chosen_in(asked.forms) if look else None
    context = {
        "access": access,
        "section": "deliveries",
        "delivery": asked.delivery,
        "forms": asked.forms,
        "back": sorted(asked.back),
        "is_empty": is_empty,
        "why_not": why_not(Action.RETURN, asked.facts),
        "may_act": access.allows(Role.OPERATOR),
        "one": look,
        "look": look.look if look else None,
        "confirms": look is not None and look.is_good and bool(chosen),
        "fields": as_query(asked.forms) if chosen else {},
    }
    return render(request, f"syncjobs/{'_return_look' if is_part else 'returning'}.html", context)


def _looked(
    request: HttpRequest, access: Access, delivery_code: uuid.UUID, asked: _Asked, chosen: list[Chosen]
) -> HttpResponse:
    """Have a worker ask for the price."""
    here = reverse("syncjobs:return", args=[access.tenant_code, delivery_code])
    try:
        batch = returns.ask(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_code=delivery_code,
            parcels=chosen,
            at=timezone.now(),
        )
    except NotAllowed as refused:
        messages.warning(request, local(str(refused)))
        return redirect(here)
    return redirect(f"{here}?{urlencode({'preview': str(batch), **as_query(asked.forms)})}")


def _ordered(
    request: HttpRequest, access: Access, delivery_code: uuid.UUID, asked: _Asked, chosen: list[Chosen]
) -> HttpResponse:
    """Order the label; pressed once more, the person comes to the same one."""
    code = asked.look.preview.code if asked.look else uuid.UUID(int=0)
    try:
        back = returns.make_return(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_code=delivery_code,
            parcels=chosen,
            preview_code=code,
            without_price="without_price" in request.POST,
            at=timezone.now(),
        )
    except NotAllowed as refused:
        messages.warning(request, local(str(refused)))
        return redirect("syncjobs:return", access.tenant_code, delivery_code)
    messages.success(request, _("The return label is being made; it takes a few seconds."))
    return redirect("syncjobs:delivery", access.tenant_code, back.code)


def _code(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
