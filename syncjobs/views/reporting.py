"""What is written to Exact Online on a parcel's way: the customer's choice, with the line as it will stand there."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.record import acting
from exact.documents import creatable_types
from exact.models import Connection
from syncjobs.forms.rules import OFFERED_MILESTONES, ReportingForm
from syncjobs.models import Reporting
from syncjobs.remarks import LineFacts, status_line
from syncjobs.reporting import EXACT_WRITES, reporting_of, save_reporting, shortness_of, types_of
from syncjobs.setup import rule_book
from syncjobs.wording import milestone_word, words_for
from syncjobs.wording.words import Words
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role

SAMPLE_AT = datetime(2026, 5, 6, 14, 12)  # noqa: DTZ001  a time by the clock of a place, as in every line
SAMPLE_NUMBER = "1ZA1B2C36800000016"


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER)
def reporting(request: HttpRequest, access: Access) -> HttpResponse:
    """Which milestones, and the proof of delivery as which type of document."""
    with inside(access) as tenant:
        connection = rule_book.live_connection(access.tenant_id)
        kept = reporting_of(connection) if connection else Reporting()
        form = _form(request, access, kept) if connection else None
        if request.method == "POST" and connection and form and form.is_valid():
            return _saved(request, access, connection, form)
        words = words_for(tenant.language)
        shorter = shortness_of(kept, at=timezone.now())
        context = {
            "access": access,
            "section": "reporting",
            "form": form,
            "choices": [
                (value, milestone_word(words_for(get_language() or "en"), value), _sample(value, words, shorter or 0))
                for value in _offered()
            ],
            "chosen": form["milestones"].value() if form else [],
            "language": tenant.get_language_display(),
            "types_are_known": bool(form and form.types_are_known),
            "most_writes": EXACT_WRITES,
            "has_short_lines": kept.has_short_lines,
            "paused_until": kept.lines_paused_until if shorter is None else None,
            "may_change": access.allows(Role.MANAGER),
        }
        return render(request, "syncjobs/reporting.html", context)


def _form(request: HttpRequest, access: Access, kept: Reporting) -> ReportingForm:
    return ReportingForm(
        request.POST if request.method == "POST" else None,
        reporting=kept,
        types=creatable_types(types_of(kept)),
        is_locked=not access.allows(Role.MANAGER),
    )


def _saved(request: HttpRequest, access: Access, connection: Connection, form: ReportingForm) -> HttpResponse:
    with acting(actor_of(signed_in(request))):
        changed = save_reporting(
            connection,
            milestones=form.cleaned_data["milestones"],
            writes_proof=form.cleaned_data["writes_proof"],
            document_type=form.chosen_type(),
            tries_full_lines=form.cleaned_data["tries_full_lines"],
        )
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return redirect("syncjobs:reporting", access.tenant_code)


def _offered() -> list[str]:
    return [milestone.value for milestone in OFFERED_MILESTONES]


def _sample(milestone: str, words: Words, shorter: int) -> str:
    """The line for one parcel, as this customer would read it."""
    facts = LineFacts(
        milestone=milestone,
        local_at=SAMPLE_AT,
        city="Groningen",
        country="NL",
        numbers=(SAMPLE_NUMBER,),
        url=f"{settings.PUBLIC_URL}/track/…",
    )
    return status_line(facts, words=words, shorter=shorter)
