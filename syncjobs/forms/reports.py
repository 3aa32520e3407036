"""Which period a report is about, and in which steps."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from syncjobs.figures.reports import Period, Step

MOST_DAYS = 731
"""Our own bound: two years, a leap year among them."""
THIS_MONTH, LAST_MONTH, YEAR, OWN = "this_month", "last_month", "year", "own"


class PeriodForm(StyledForm):
    """Read from the page's address. What is left out is this month, in steps that suit its length."""

    period = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[
            (THIS_MONTH, _("This month")),
            (LAST_MONTH, _("Last month")),
            (YEAR, _("Last 12 months")),
            (OWN, _("From and to")),
        ],
    )
    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    step = forms.ChoiceField(
        label=_("By"),
        required=False,
        choices=[
            ("", _("What suits the period")),
            (Step.DAY, _("Day")),
            (Step.WEEK, _("Week")),
            (Step.MONTH, _("Month")),
        ],
    )

    def clean(self) -> dict[str, Any]:
        """From and to belong together, in their order, and not too far apart."""
        given = super().clean() or self.cleaned_data
        if given.get("period") != OWN or self.errors:
            return given
        first, last = given.get("first"), given.get("last")
        if first is None or last is None:
            self.add_error("first" if first is None else "last", _("Enter both days."))
        elif first > last:
            self.add_error("last", _("This day is before the first one."))
        elif (last - first).days >= MOST_DAYS:
            self.add_error("last", _("Choose two years at most."))
        return given

    def chosen(self, today: date) -> Period:
        """What was chosen; this month where it is not valid."""
        given = self.cleaned_data if self.is_valid() else {}
        first, last = _bounds(given, today)
        step = Step(given["step"]) if given.get("step") else None
        return Period(first=first, last=last, step=step or Step.fit(first, last))


def _bounds(given: dict[str, Any], today: date) -> tuple[date, date]:
    this_month = today.replace(day=1)
    period = given.get("period")
    if period == OWN:
        return given["first"], given["last"]
    if period == LAST_MONTH:
        last = this_month - timedelta(days=1)
        return last.replace(day=1), last
    if period == YEAR:
        months = this_month.year * 12 + this_month.month - 1 - 11
        return date(months // 12, months % 12 + 1, 1), today
    return this_month, today
