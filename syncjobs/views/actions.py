"""The pages of a delivery's actions: what each comes to is said first, then it is confirmed; none needs JavaScript."""

import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from connector_site.lib.wording import local
from syncjobs import replay
from syncjobs.actions import doing, previewing
from syncjobs.actions.previewing import PreviewShown
from syncjobs.actions.rules import Action, Facts, NotAllowed, live_parcels_of, read_facts, voidable_parcels, why_not
from syncjobs.forms.actions import VoidForm, VoidParcelsForm
from syncjobs.models import Delivery, Preview, Shipment
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

LOOK, CONFIRM = "look", "confirm"
"""What a page with a preview is asked for."""


@require_POST
@members_only(Role.OPERATOR)
def hold(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Stop a delivery, or let it go on."""
    if request.POST.get("act") == Action.RELEASE:
        return _acted(request, access, delivery_code, doing.release, _("It goes on now; it takes a few seconds."))
    return _acted(request, access, delivery_code, doing.hold, _("It is stopped. Nothing is sent to UPS for it."))


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def cancel(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Ship nothing for it."""
    if request.method == "POST":
        return _acted(request, access, delivery_code, doing.cancel, _("Done. Nothing is shipped for it."))
    with inside(access):
        facts = _facts(access, delivery_code)
        return _page(request, "cancel", access, facts, Action.CANCEL, {})


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def void(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Have UPS void a shipment."""
    with inside(access):
        facts = _facts(access, delivery_code)
        is_return = facts.delivery.return_of_id is not None
        form = VoidForm(request.POST or None, shipments=facts.live, is_return=is_return)
        if request.method != "POST" or not form.is_valid():
            context = {"form": form, "shipments": [(row, live_parcels_of(row)) for row in facts.live]}
            return _page(request, "void", access, facts, Action.VOID, context)
    chosen = form.cleaned_data
    try:
        doing.void(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_code=delivery_code,
            shipment_code=uuid.UUID(chosen["shipment"]),
            then=doing.Then(chosen["then"]),
            reason=chosen["reason"],
            at=timezone.now(),
        )
    except NotAllowed as refused:
        messages.warning(request, local(str(refused)))
    else:
        messages.success(request, _("UPS is asked to void it. Its answer stands here in a few seconds."))
    return redirect("syncjobs:delivery", access.tenant_code, delivery_code)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def void_parcels(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Have UPS void single parcels."""
    with inside(access):
        facts = _facts(access, delivery_code)
        parcels = [parcel for row in facts.live for parcel in voidable_parcels(facts, row)]
        form = VoidParcelsForm(request.POST or None, parcels=parcels)
        if request.method != "POST" or not form.is_valid():
            return _page(request, "void_parcels", access, facts, Action.VOID_PARCELS, {"form": form})
    try:
        doing.void_parcels(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_code=delivery_code,
            numbers=form.cleaned_data["numbers"],
            at=timezone.now(),
        )
    except NotAllowed as refused:
        messages.warning(request, local(str(refused)))
        return redirect("syncjobs:void_parcels", access.tenant_code, delivery_code)
    messages.success(request, _("UPS is asked to void them. Its answer stands here in a few seconds."))
    return redirect("syncjobs:delivery", access.tenant_code, delivery_code)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def ship_again(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Make a further shipment, once its price was shown."""
    if request.method != "POST":
        return _preview_page(request, access, delivery_code, Preview.Action.SHIP_AGAIN)
    if request.POST.get("act") != CONFIRM:
        return _asked(request, access, delivery_code, Preview.Action.SHIP_AGAIN)
    try:
        doing.ship_again(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_code=delivery_code,
            preview_code=_code(request.POST.get("preview", "")),
            without_price="without_price" in request.POST,
            at=timezone.now(),
        )
    except NotAllowed as refused:
        messages.warning(request, local(str(refused)))
        return redirect("syncjobs:ship_again", access.tenant_code, delivery_code)
    except Delivery.DoesNotExist as missing:
        raise Http404 from missing
    messages.success(request, _("A further shipment is being made; it takes a few seconds."))
    return redirect("syncjobs:delivery", access.tenant_code, delivery_code)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.OPERATOR)
def replay_one(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Run a delivery again from the step that stopped, after a look at what that comes to."""
    if request.method != "POST":
        return _preview_page(request, access, delivery_code, Preview.Action.REPLAY)
    if request.POST.get("act") != CONFIRM:
        return _asked(request, access, delivery_code, Preview.Action.REPLAY)

    def run(*, actor: str, tenant_id: uuid.UUID, delivery_code: uuid.UUID, at: object) -> None:
        try:
            replay.run_again(actor=actor, tenant_id=tenant_id, delivery_code=delivery_code, at=timezone.now())
        except replay.NotAllowedNow as refused:
            raise NotAllowed(str(refused)) from refused

    return _acted(request, access, delivery_code, run, _("It is run again; it takes a few seconds."))


def _acted(
    request: HttpRequest, access: Access, delivery_code: uuid.UUID, act: Callable[..., None], done: str
) -> HttpResponse:
    """Carry out an action that takes nothing but the delivery, and say what came of it on its page."""
    try:
        act(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_code=delivery_code,
            at=timezone.now(),
        )
    except Delivery.DoesNotExist as missing:
        raise Http404 from missing
    except NotAllowed as refused:
        messages.warning(request, local(str(refused)))
    else:
        messages.success(request, done)
    return redirect("syncjobs:delivery", access.tenant_code, delivery_code)


def _asked(request: HttpRequest, access: Access, delivery_code: uuid.UUID, action: Preview.Action) -> HttpResponse:
    """Have a worker look."""
    with inside(access):
        facts = _facts(access, delivery_code)
        refused = why_not(Action(action.value), facts)
    if refused:
        messages.warning(request, local(refused))
    else:
        previewing.ask(
            actor=actor_of(signed_in(request)),
            tenant_id=access.tenant_id,
            delivery_codes=[delivery_code],
            action=action,
            at=timezone.now(),
        )
    return redirect(f"syncjobs:{action.value}", access.tenant_code, delivery_code)


def _preview_page(
    request: HttpRequest, access: Access, delivery_code: uuid.UUID, action: Preview.Action
) -> HttpResponse:
    """The newest look; htmx asks for the part with it until it has ended."""
    is_part = request.headers.get("HX-Request") == "true"
    with inside(access):
        facts = _facts(access, delivery_code)
        shown = previewing.find_for(access.tenant_id, facts.delivery, action, at=timezone.now())
        if is_part and shown is not None and shown.is_under_way:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        template = "_look" if is_part else action.value
        context: dict[str, object] = {"one": shown, "look": shown.look if shown else None}
        context["is_again"] = action == Preview.Action.SHIP_AGAIN
        context |= {"newest": _newest(facts), "confirms": _confirms(action, shown)}
        return _page(request, template, access, facts, Action(action.value), context)


def _confirms(action: Preview.Action, shown: PreviewShown | None) -> bool:
    """Whether what is shown may be had by pressing the button."""
    if shown is None or shown.look is None:
        return False
    return shown.is_good if action == Preview.Action.SHIP_AGAIN else shown.look.goes_on


def _newest(facts: Facts) -> Shipment | None:
    """The shipment that stands beside a further one."""
    return facts.live[-1] if facts.live else None


def _page(
    request: HttpRequest, name: str, access: Access, facts: Facts, action: Action, context: dict[str, object]
) -> HttpResponse:
    base: dict[str, object] = {
        "access": access,
        "section": "deliveries",
        "delivery": facts.delivery,
        "facts": facts,
        "why_not": why_not(action, facts),
        "may_act": access.allows(Role.OPERATOR),
    }
    return render(request, f"syncjobs/actions/{name}.html", base | context)


def _facts(access: Access, delivery_code: uuid.UUID) -> Facts:
    try:
        return read_facts(access.tenant_id, delivery_code)
    except Delivery.DoesNotExist as missing:
        raise Http404 from missing


def _code(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as wrong:
        raise Http404 from wrong
