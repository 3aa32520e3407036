"""The shipping rules."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from exact.models import Connection
from syncjobs import queue
from syncjobs.forms.rules import RuleForm
from syncjobs.models import SyncJob
from syncjobs.setup import rule_book
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role
from ups.models import Account


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER)
def rules(request: HttpRequest, access: Access) -> HttpResponse:
    """Each shipping method of Exact with the UPS service it means."""
    with inside(access):
        connection = rule_book.live_connection(access.tenant_id)
        forms = _forms(request, access, connection)
        if request.method == "POST" and connection and _all_valid(forms):
            return _saved(request, access, connection, forms)
        context = {
            "access": access,
            "section": "rules",
            "connection": connection,
            "forms": forms,
            "has_account": Account.objects.filter(tenant_id=access.tenant_id).exists(),
            "may_change": access.allows(Role.MANAGER),
            "suggestions": sum(form.is_suggested for form in forms),
            "has_errors": any(form.is_bound and form.errors for form in forms),
        }
        return render(request, "syncjobs/rules.html", context)


@require_POST
@members_only(Role.MANAGER)
def read_methods(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask Exact again which shipping methods there are."""
    with inside(access):
        connection = rule_book.live_connection(access.tenant_id)
        if connection is not None:
            queue.add(access.tenant_id, SyncJob.Kind.METHODS, connection.code, due_at=timezone.now())
            messages.info(request, _("Asked Exact Online; new shipping methods show here in a few seconds."))
    return redirect("syncjobs:rules", access.tenant_code)


def _all_valid(forms: list[RuleForm]) -> bool:
    """Checks every form, so that each shows what is wrong with it."""
    return not [form for form in forms if not form.is_valid()]


def _forms(request: HttpRequest, access: Access, connection: Connection | None) -> list[RuleForm]:
    if connection is None:
        return []
    senders = rule_book.senders_of(connection)
    return [
        RuleForm(
            request.POST if request.method == "POST" else None,
            method=method,
            rule=rule,
            senders=senders,
            is_locked=not access.allows(Role.MANAGER),
        )
        for method, rule in rule_book.methods_to_map(access.tenant_id, connection)
    ]


def _saved(request: HttpRequest, access: Access, connection: Connection, forms: list[RuleForm]) -> HttpResponse:
    chosen = [form.choice() for form in forms if not form.is_undecided]
    saved = rule_book.save(
        actor=actor_of(signed_in(request)),
        tenant_id=access.tenant_id,
        connection=connection,
        chosen=chosen,
        dropped=[form.method for form in forms if form.is_undecided],
        at=timezone.now(),
    )
    messages.success(request, _("Saved.") if saved.rules else _("Nothing was changed."))
    if saved.looked_at_again:
        words = ngettext(
            "{count} delivery is looked at again.",
            "{count} deliveries are looked at again.",
            saved.looked_at_again,
        )
        messages.success(request, words.format(count=saved.looked_at_again))
    ships = any(choice.service_code for choice in chosen)
    if not access.is_live and ships:
        return redirect("syncjobs:go_on", access.tenant_code)
    return redirect("syncjobs:rules", access.tenant_code)
