"""The page on which a customer chooses how UPS's news of her parcels reach us, and sees whether they do."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.record import acting
from syncjobs import hook_counts
from syncjobs.models import Receipt, Shipment
from syncjobs.tracking.looking import OUT_FOR_DELIVERY_HOURS, WITHOUT_ALERT_HOURS
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from ups import accounts as book
from ups import alerts, tracking_settings
from ups.forms import AlertForm, FeedForm
from ups.models import Account
from ups.tracking_settings import FeedNotAdded

Result = TypeVar("Result")
RECENT_SHIPMENTS = 500
"""Among these the last push is looked for."""


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER)
def tracking(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """How the account's parcels are followed; sending chooses the way of Track Alert."""
    account = _account(access, account_code)
    form = AlertForm(request.POST if request.method == "POST" else None, initial={"version": account.alert_version})
    if request.method == "POST" and form.is_valid():
        _as_person(request, lambda: alerts.choose_version(account, form.cleaned_data["version"], at=timezone.now()))
        messages.success(request, _("Saved."))
        return redirect("ups:tracking", access.tenant_code, account_code)
    return _page(request, access, account, FeedForm())


@require_POST
@members_only(Role.MANAGER, fresh=True)
def renew_secret(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """A new secret for version 1."""
    account = _account(access, account_code)
    if _as_person(request, lambda: alerts.rotate_credential(account, at=timezone.now())):
        days = alerts.PREVIOUS_ACCEPTED_DAYS
        text = _("The secret is renewed. The old one is accepted for {days} days more.")
        messages.success(request, text.format(days=days))
    else:
        text = _(
            "The secret is not renewed. Parcels still use the secret before the present one, or version 1 is not in "
            "use."
        )
        messages.warning(request, text)
    return redirect("ups:tracking", access.tenant_code, account_code)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def leaked(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """A new address and new secrets, and no grace for the old ones."""
    account = _account(access, account_code)
    _as_person(request, lambda: alerts.revoke(account, at=timezone.now()))
    text = _("The old address and secrets are refused from now on; parcels are told to UPS anew.")
    messages.success(request, text)
    if account.alert_version == Account.AlertVersion.V2:
        text = _("Enter the four values of version 2 at UPS anew: until then nothing is pushed.")
        messages.warning(request, text)
    return redirect("ups:tracking", access.tenant_code, account_code)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def new_client_secret(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """A new client secret for version 2, to be entered at UPS: shown in this answer and not again by itself."""
    account = _account(access, account_code)
    _as_person(request, lambda: alerts.rotate_client_secret(account))
    text = _("There is a new client secret. Enter it at UPS now: the old one no longer works.")
    messages.warning(request, text)
    return _page_with_secret(request, access, account)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def show_client_secret(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """The client secret of version 2, in this answer alone."""
    return _page_with_secret(request, access, _account(access, account_code))


@require_POST
@members_only(Role.MANAGER)
def add_feed(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """Read one more Quantum View subscription."""
    account = _account(access, account_code)
    form = FeedForm(request.POST)
    if form.is_valid():
        try:
            feed = _as_person(request, lambda: tracking_settings.add_feed(account, form.cleaned_data["name"]))
        except FeedNotAdded as refused:
            form.refuse(str(refused))
        else:
            messages.success(request, _("“{name}” is read from now on.").format(name=feed.name))
            return redirect("ups:tracking", access.tenant_code, account_code)
    return _page(request, access, account, form)


@require_POST
@members_only(Role.MANAGER)
def remove_feed(request: HttpRequest, access: Access, account_code: UUID, feed_code: UUID) -> HttpResponse:
    """Read a Quantum View subscription no more."""
    account = _account(access, account_code)
    name = _as_person(request, lambda: tracking_settings.remove_feed(account, feed_code))
    if name is None:
        raise Http404(_("No such subscription."))
    messages.success(request, _("“{name}” is read no more.").format(name=name))
    return redirect("ups:tracking", access.tenant_code, account_code)


def _page_with_secret(request: HttpRequest, access: Access, account: Account) -> HttpResponse:
    """The page as it may be shown once; `members_only` forbids everybody on the way to keep it."""
    secret = _as_person(request, lambda: alerts.show_client_secret(account))
    if not secret:
        text = _("The client secret can no longer be opened. Make a new one and enter it at UPS.")
        messages.error(request, text)
    return _page(request, access, account, FeedForm(), client_secret=secret.reveal())


def _page(
    request: HttpRequest, access: Access, account: Account, feed_form: FeedForm, *, client_secret: str = ""
) -> HttpResponse:
    may_change = access.allows(Role.MANAGER)
    at = timezone.now()
    portal = _as_person(request, lambda: alerts.portal_values(account)) if may_change else None
    refused_today = hook_counts.counted(hook_counts.REFUSED, account.alert_hook_code, at=at)
    odd_today = hook_counts.counted(hook_counts.NOT_UNDERSTOOD, account.alert_hook_code, at=at)
    with inside(access):
        context = {
            "access": access,
            "section": "ups",
            "account": account,
            "versions": Account.AlertVersion,
            "status": tracking_settings.alert_status(account, at=at),
            "portal": portal,
            "client_secret": client_secret,
            "client_id": (book.find_client_id(account) or "") if may_change else "",
            "is_open_to_ups": _is_open_to_ups(account),
            "public_url": settings.PUBLIC_URL,
            "last_push_at": _last_push_at(account),
            "refused_today": refused_today,
            "odd_today": odd_today,
            "feeds": tracking_settings.feeds_of(account),
            "feed_form": feed_form,
            "may_change": may_change,
            "previous_days": alerts.PREVIOUS_ACCEPTED_DAYS,
            "ask_hours": f"{WITHOUT_ALERT_HOURS:.0f}",
            "ask_close_hours": f"{OUT_FOR_DELIVERY_HOURS:.0f}",
        }
        return render(request, "ups/tracking.html", context)


def _is_open_to_ups(account: Account) -> bool:
    """UPS sends to https alone (`ups.md` 10.2); a stand-in that is asked by http is not so strict."""
    is_standin = settings.UPS_BASE_URLS[account.environment].startswith("http://")
    return is_standin or settings.PUBLIC_URL.startswith("https://")


def _last_push_at(account: Account) -> datetime | None:
    shipments = Shipment.objects.filter(tenant_id=account.tenant_id, attempt__account=account).order_by("-pk")
    deliveries = list(shipments.values_list("delivery__code", flat=True)[:RECENT_SHIPMENTS])
    pushes = Receipt.objects.filter(tenant_id=account.tenant_id, source="ups", subject__in=deliveries)
    last: datetime | None = pushes.aggregate(last=Max("received_at"))["last"]
    return last


def _as_person(request: HttpRequest, do: Callable[[], Result]) -> Result:
    """The audit trail names who did it."""
    with acting(actor_of(signed_in(request))):
        return do()


def _account(access: Access, code: UUID) -> Account:
    account = book.find_account(access.tenant_id, code)
    if account is None:
        raise Http404(_("No such UPS account."))
    return account
