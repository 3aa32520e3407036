"""The pages of UPS accounts."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.models import Event
from audit.record import acting
from syncjobs.replay import look_again
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from ups import accounts as book
from ups.accounts import AccountExists, Part
from ups.errors import SpecInvalid
from ups.forms import AccountForm
from ups.models import Account

_PARTS = (
    (Part.TOKEN, "Client ID and secret"),
    (Part.PRODUCT, "Product “Shipping” of the app"),
    (Part.SHIPPER_NUMBER, "Shipper number"),
)
"""In the order UPS checks them: a part is good when a later one failed."""
_FIELD_OF = {Part.TOKEN: "client_secret", Part.SHIPPER_NUMBER: "shipper_number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartShown:
    """One part of a check and how it went."""

    name: str
    word: str
    look: str


@require_safe
@members_only(Role.VIEWER)
def accounts(request: HttpRequest, access: Access) -> HttpResponse:
    """The accounts with how their last check went."""
    with inside(access):
        found = [(account, _failed_part(account)) for account in book.accounts_of(access.tenant_id)]
        context = {
            "access": access,
            "section": "ups",
            "accounts": [(account, _parts(account, failed), failed == Part.REACH) for account, failed in found],
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "ups/accounts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER)
def new(request: HttpRequest, access: Access) -> HttpResponse:
    """Add an account; UPS is asked at once whether it works."""
    form = AccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        saved = _save(request, access, form, None)
        if saved is not None:
            return _check(request, access, saved)
    return _form_page(request, access, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER)
def change(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """Change an account; UPS is asked at once whether it works."""
    account = _account(access, account_code)
    form = AccountForm(request.POST if request.method == "POST" else None, account=account)
    if request.method == "POST" and form.is_valid():
        saved = _save(request, access, form, account_code)
        if saved is not None:
            return _check(request, access, saved)
    return _form_page(request, access, form, account)


@require_POST
@members_only(Role.MANAGER)
def check(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """Ask UPS again."""
    return _check(request, access, _account(access, account_code))


def _save(request: HttpRequest, access: Access, form: AccountForm, code: UUID | None) -> Account | None:
    """The saved account, or None with the form telling what is wrong."""
    try:
        with acting(actor_of(signed_in(request))):
            return book.save_account(access.tenant_id, form.details(), code=code)
    except SpecInvalid as error:
        form.take(error.problems)
    except AccountExists as error:
        form.add_error("shipper_number", error.message)
    return None


def _check(request: HttpRequest, access: Access, account: Account) -> HttpResponse:
    with acting(actor_of(signed_in(request))):
        result = book.check_account(account)
    for problem in result.problems_beside:
        messages.warning(request, f"Parcels cannot be followed as chosen yet. {problem}")
    if result.ok:
        look_again(access.tenant_id, timezone.now())
        messages.success(request, f"{account.name} is connected: UPS accepts it.")
        return redirect("ups:accounts", access.tenant_code)
    if result.part is Part.REACH:
        messages.error(request, f"UPS could not be reached; {account.name} is saved. Check again later.")
    else:
        messages.error(request, f"{account.name} was saved, but UPS does not accept it yet: see below what is wrong.")
    return redirect("ups:account", access.tenant_code, account.code)


def _form_page(request: HttpRequest, access: Access, form: AccountForm, account: Account | None) -> HttpResponse:
    with inside(access):
        failed = _failed_part(account) if account else Part.NONE
        context = {
            "access": access,
            "section": "ups",
            "form": form,
            "account": account,
            "parts": _parts(account, failed) if account else [],
            "wrong_field": _FIELD_OF.get(failed, "") if not form.is_bound else "",
        }
        return render(request, "ups/account.html", context)


def _account(access: Access, code: UUID) -> Account:
    account = book.find_account(access.tenant_id, code)
    if account is None:
        raise Http404("No such UPS account.")
    return account


def _failed_part(account: Account) -> Part:
    """Which part the last check failed at, as the audit trail has it; inside the tenant's context."""
    if not account.check_problem:
        return Part.NONE
    last = (
        Event.objects.filter(tenant_id=account.tenant_id, subject=account.code, kind=Event.Kind.FAILED)
        .order_by("-sequence")
        .first()
    )
    found = last.details.get("check", "") if last else ""
    return next((part for part in Part if part.value == found), Part.REACH)


def _stopped_since(account: Account) -> bool:
    """Whether the work on a shipment stopped the account after its last check, which then proves nothing."""
    stopped_at, checked_at = account.stopped_at, account.checked_at
    return stopped_at is not None and checked_at is not None and stopped_at > checked_at


def _parts(account: Account, failed: Part) -> list[PartShown]:
    """Each part: fine, wrong, or not known because an earlier one failed or UPS stopped the account since."""
    unknown = account.checked_at is None or failed == Part.REACH or _stopped_since(account)
    shown: list[PartShown] = []
    for part, name in _PARTS:
        if unknown:
            shown.append(PartShown(name=name, word="Not checked yet", look="quiet"))
        elif part == failed:
            shown.append(PartShown(name=name, word="Not accepted", look="stop"))
            unknown = True
        else:
            shown.append(PartShown(name=name, word="Accepted", look="good"))
    return shown
