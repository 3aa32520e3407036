"""Where parcels leave from: one address for all warehouses, and one for each that has its own."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.record import acting
from connector_site.lib.wording import local
from exact.models import Connection, Warehouse
from syncjobs import queue
from syncjobs.forms.ship_from import ShipFromForm
from syncjobs.models import ShipFrom, SyncJob
from syncjobs.setup import rule_book, ship_from_check
from syncjobs.setup import ship_from as addresses
from syncjobs.setup.ship_from_check import Verdict
from syncjobs.setup.ship_from_drafts import Site, draft_for_all, sites_of
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from ups.account_address import give_address
from ups.accounts import find_account, has_address
from ups.models import SEALED, Account
from ups.products import check_products
from ups.shipment_spec import PartySpec

FROM_EXACT = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What the page is about; `site` is None for the address of all warehouses."""

    connection: Connection | None
    accounts: list[Account]
    place: ShipFrom | None
    sites: list[Site]
    site: Site | None
    draft: PartySpec | None

    @property
    def warehouse_code(self) -> str:
        """Exact's code of the warehouse; empty for all."""
        return self.site.exact_code if self.site else addresses.EVERYWHERE


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER)
def ship_from(request: HttpRequest, access: Access) -> HttpResponse:
    """The address for all warehouses, and the list of those that have or could have their own."""
    with inside(access):
        scene = _scene(access, afresh=request.GET.get("from") == FROM_EXACT)
    return _answer(request, access, scene)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER)
def ship_from_warehouse(request: HttpRequest, access: Access, warehouse_code: uuid.UUID) -> HttpResponse:
    """The address of one warehouse."""
    with inside(access):
        scene = _scene(access, warehouse_code=warehouse_code)
    return _answer(request, access, scene)


@require_POST
@members_only(Role.MANAGER)
def ship_from_default(request: HttpRequest, access: Access, warehouse_code: uuid.UUID) -> HttpResponse:
    """Let a warehouse ship from the address for all."""
    with acting(actor_of(signed_in(request))), inside(access):
        scene = _scene(access, warehouse_code=warehouse_code)
        if scene.connection and addresses.forget(scene.connection, scene.warehouse_code):
            words = _("Warehouse {code} ships from the address for all warehouses now.")
            messages.success(request, words.format(code=scene.warehouse_code))
    return redirect("syncjobs:ship_from", access.tenant_code)


@require_POST
@members_only(Role.MANAGER)
def read_warehouses(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask Exact again which warehouses there are."""
    with inside(access):
        connection = rule_book.live_connection(access.tenant_id)
        if connection is not None:
            queue.add(access.tenant_id, SyncJob.Kind.WAREHOUSES, connection.code, due_at=timezone.now())
            messages.info(request, _("Asked Exact Online; new warehouses and addresses show here in a few seconds."))
    return redirect("syncjobs:ship_from", access.tenant_code)


def _scene(access: Access, *, warehouse_code: uuid.UUID | None = None, afresh: bool = False) -> _Scene:
    connection = rule_book.live_connection(access.tenant_id)
    if warehouse_code is not None:
        get_object_or_404(Warehouse, tenant_id=access.tenant_id, connection=connection, code=warehouse_code)
    if connection is None:
        return _Scene(connection=None, accounts=[], place=None, sites=[], site=None, draft=None)
    accounts = list(Account.objects.defer(*SEALED).filter(tenant_id=access.tenant_id).order_by("name", "pk"))
    places = addresses.places_of(connection)
    sites = sites_of(connection, places, accounts)
    site = next((one for one in sites if one.code == warehouse_code), None)
    usual = draft_for_all(connection, places, accounts, afresh=afresh)
    if site is None:
        return _Scene(
            connection=connection,
            accounts=accounts,
            place=places.get(addresses.EVERYWHERE),
            sites=sites,
            site=None,
            draft=usual,
        )
    saved = addresses.party_of(site.saved) if site.saved else None
    draft = saved or site.exact_party or usual
    return _Scene(connection=connection, accounts=accounts, place=site.saved, sites=sites, site=site, draft=draft)


def _answer(request: HttpRequest, access: Access, scene: _Scene) -> HttpResponse:
    """Shows the form, or checks what was entered with UPS, outside any transaction, and saves it."""
    form = _form(request, access, scene)
    if request.method == "POST" and scene.connection and form.is_valid():
        party = form.party()
        with acting(actor_of(signed_in(request))):
            verdict = _verdict(access, scene, party)
        if verdict is None or not verdict.refused:
            return _saved(request, access, scene, party, verdict)
        form.take(verdict.refused)
    with inside(access):
        return _page(request, access, scene, form)


def _form(request: HttpRequest, access: Access, scene: _Scene) -> ShipFromForm:
    return ShipFromForm(
        request.POST if request.method == "POST" else None,
        draft=scene.draft,
        account_countries=_countries(scene.accounts),
        is_locked=not access.allows(Role.MANAGER),
    )


def _countries(accounts: list[Account]) -> list[str]:
    """Where the accounts are; none when one of them has no address yet, which this page is about to give it."""
    return [one.country for one in accounts] if all(has_address(one) for one in accounts) else []


def _verdict(access: Access, scene: _Scene, party: PartySpec) -> Verdict | None:
    """What UPS says; None while there is no account to ask with."""
    able = [one for one in scene.accounts if one.country == party.country or not has_address(one)]
    first = min(able, key=lambda account: not account.is_usable, default=None)
    return ship_from_check.ask(access.tenant_id, first.code, party) if first else None


def _saved(
    request: HttpRequest, access: Access, scene: _Scene, party: PartySpec, verdict: Verdict | None
) -> HttpResponse:
    if scene.connection is None:
        raise TypeError("Only with a connected company.")
    with acting(actor_of(signed_in(request))), inside(access):
        place = addresses.keep(
            scene.connection,
            scene.warehouse_code,
            party,
            problem=verdict.problem if verdict else "",
            checked_at=verdict.checked_at if verdict else None,
        )
        completed = [] if scene.site else give_address(access.tenant_id, party)
    with acting(actor_of(signed_in(request))):
        _check_again(access, completed)
    _tell(request, verdict)
    is_done = place.checked_at is not None and not place.check_problem
    waiting = [site for site in scene.sites if site.differs and site != scene.site]
    if access.is_live or not is_done or waiting or scene.site:
        return redirect("syncjobs:ship_from", access.tenant_code)
    return redirect("syncjobs:go_on", access.tenant_code)


def _check_again(access: Access, completed: list[Account]) -> None:
    """An account that has just got its address: only now can UPS say whether the shipper number is right."""
    for one in completed:
        account = find_account(access.tenant_id, one.code)
        if account is not None:
            check_products(account)


def _tell(request: HttpRequest, verdict: Verdict | None) -> None:
    if verdict is None:
        messages.info(request, _("Saved. UPS is asked about it once a UPS account is connected."))
    elif verdict.problem:
        words = _("Saved, but UPS could not confirm the address: {reason}")
        messages.warning(request, words.format(reason=local(verdict.problem)))
    else:
        messages.success(request, _("Saved. UPS collects from this address."))
    if verdict and verdict.hint:
        messages.info(request, local(verdict.hint))


def _page(request: HttpRequest, access: Access, scene: _Scene, form: ShipFromForm) -> HttpResponse:
    context = {
        "access": access,
        "section": "ship_from",
        "connection": scene.connection,
        "form": form,
        "place": scene.place,
        "sites": scene.sites,
        "site": scene.site,
        "has_account": bool(scene.accounts),
        "is_checked": bool(scene.place and scene.place.checked_at and not scene.place.check_problem),
        "may_change": access.allows(Role.MANAGER),
    }
    name = "ship_from_warehouse" if scene.site else "ship_from"
    return render(request, f"syncjobs/{name}.html", context)
