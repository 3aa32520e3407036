"""The pages of UPS accounts."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.record import acting
from syncjobs.replay import look_again
from syncjobs.setup.account_draft import account_draft
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from ups import accounts as book
from ups import alerts, products, tracking_settings
from ups.accounts import AccountExists
from ups.errors import SpecInvalid
from ups.forms import AccountForm, ChangeForm, NewAccountForm
from ups.models import Account
from ups.product_lines import lines_of, missing_products
from ups.products import CheckResult, Part
from ups.tracking_settings import FeedNotAdded

_FIELD_OF = {Part.TOKEN: "client_secret", Part.SHIPPER_NUMBER: "shipper_number"}


@require_safe
@members_only(Role.VIEWER)
def accounts(request: HttpRequest, access: Access) -> HttpResponse:
    """The accounts with how their last check went."""
    with inside(access):
        checks = products.checks_of_all(access.tenant_id)
        found = [(account, checks.get(account.pk, [])) for account in book.accounts_of(access.tenant_id)]
        context = {
            "access": access,
            "section": "ups",
            "accounts": [
                (account, lines_of(account, rows), products.failed_part(rows) == Part.REACH) for account, rows in found
            ],
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "ups/accounts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER, fresh=True)
def new(request: HttpRequest, access: Access) -> HttpResponse:
    """Add an account; UPS is asked at once what works."""
    with inside(access):
        draft = account_draft(access.tenant_id)
    form = NewAccountForm(request.POST if request.method == "POST" else None, draft=draft)
    if request.method == "POST" and form.is_valid():
        saved = _save(request, access, form, None)
        if saved is not None:
            feed_name = _follow(request, saved, form)
            return _check(request, access, saved, feed_name=feed_name)
    context = {"access": access, "section": "ups", "form": form, "versions": Account.AlertVersion}
    with inside(access):
        return render(request, "ups/new.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.MANAGER, fresh=True)
def change(request: HttpRequest, access: Access, account_code: UUID) -> HttpResponse:
    """What the last check found, and the account to change; UPS is asked at once what works."""
    account = _account(access, account_code)
    form = ChangeForm(request.POST if request.method == "POST" else None, account=account)
    if request.method == "POST" and form.is_valid():
        saved = _save(request, access, form, account_code)
        if saved is not None:
            return _check(request, access, saved)
    return _change_page(request, access, form, account)


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
        form.refuse("shipper_number", error.message)
    return None


def _follow(request: HttpRequest, account: Account, form: NewAccountForm) -> str:
    """Follow parcels as chosen; the name of the Quantum View subscription that is read from now on, if any."""
    name = form.feed_name
    with acting(actor_of(signed_in(request))):
        alerts.choose_version(account, form.alert_version, at=timezone.now())
        if name:
            try:
                tracking_settings.add_feed(account, name)
            except FeedNotAdded as refused:
                messages.warning(request, str(refused))
    return name


def _check(request: HttpRequest, access: Access, account: Account, *, feed_name: str = "") -> HttpResponse:
    """Ask UPS and go on: to the next step, or to the page that says what is to be mended."""
    with acting(actor_of(signed_in(request))):
        result = products.check_products(account, feed_name=feed_name)
    if result.ok:
        look_again(access.tenant_id, timezone.now())
    _tell(request, account, result)
    if not access.is_live and result.is_complete:
        return redirect("syncjobs:go_on", access.tenant_code)
    if access.is_live and result.ok:
        return redirect("ups:accounts", access.tenant_code)
    return redirect("ups:account", access.tenant_code, account.code)


def _tell(request: HttpRequest, account: Account, result: CheckResult) -> None:
    if result.ok:
        messages.success(request, _("{name} is connected: UPS accepts it.").format(name=account.name))
        if result.problems_beside:
            messages.warning(request, _("Not everything can be used yet: see below what is missing."))
    elif result.part is Part.REACH:
        text = _("UPS could not be reached; {name} is saved. Check again later.")
        messages.error(request, text.format(name=account.name))
    else:
        text = _("{name} was saved, but UPS does not accept it yet: see below what is wrong.")
        messages.error(request, text.format(name=account.name))


def _change_page(request: HttpRequest, access: Access, form: AccountForm, account: Account) -> HttpResponse:
    with inside(access):
        checks = products.checks_of(account)
        failed = products.failed_part(checks)
        context = {
            "access": access,
            "section": "ups",
            "form": form,
            "account": account,
            "client_id": form.initial.get("client_id", ""),
            "lines": lines_of(account, checks),
            "missing": missing_products(checks),
            "works": bool(account.checked_at) and not account.check_problem and account.is_usable,
            "wrong_field": _FIELD_OF.get(failed, "") if not form.is_bound else "",
        }
        return render(request, "ups/account.html", context)


def _account(access: Access, code: UUID) -> Account:
    account = book.find_account(access.tenant_id, code)
    if account is None:
        raise Http404(_("No such UPS account."))
    return account
