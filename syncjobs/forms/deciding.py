"""The form in which a person decides: what, about which number, and why."""

import hashlib

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from connector_site.lib.wording import local
from syncjobs.doubts.options import LEAST_REASON, LONGEST_REASON, Case, Decision, Option
from ups.numbers import number_typed


class DecisionForm(StyledForm):
    """One case with its options. Each option that names a number has a field of its own for it."""

    decision = forms.ChoiceField(widget=forms.RadioSelect, error_messages={"required": _("Choose what is to be done.")})
    reason = forms.CharField(
        label=_("Why do you decide so?"),
        min_length=LEAST_REASON,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Who told you, what you saw. It stands in the history of the delivery with your name. Do not name "
            "the receiver."
        ),
        error_messages={
            "required": _("Say why, so that a colleague understands it later."),
            "min_length": _("Say it in at least %(limit_value)d characters."),
        },
    )
    seen = forms.CharField(required=False)

    def __init__(self, data: QueryDict | None = None, *, case: Case) -> None:
        super().__init__(data, prefix=key_of(case))
        self.case = case
        self.mark = mark_of(case)
        field = self.fields["decision"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(option.decision.value, local(option.title)) for option in case.options]
        for option in case.options:
            if _asks_number(option):
                self.fields[_number_field(option.decision)] = _number(option)

    @property
    def rows(self) -> list[tuple[Option, bool, forms.BoundField | None]]:
        """Each option with whether it is chosen and its field for a number."""
        chosen = self["decision"].value()
        return [(option, option.decision.value == chosen, self._field_of(option)) for option in self.case.options]

    @property
    def has_changed_meanwhile(self) -> bool:
        """Whether the case is no longer what the person was shown."""
        return bool(self.cleaned_data["seen"] != self.mark)

    def clean(self) -> dict[str, str]:
        """Only the number of the chosen option counts."""
        cleaned: dict[str, str] = super().clean() or self.cleaned_data
        for option in self.case.options:
            if option.decision.value != cleaned.get("decision"):
                self.errors.pop(_number_field(option.decision), None)
        return cleaned

    def option(self) -> Option:
        """What was chosen; only for a valid form."""
        return next(option for option in self.case.options if option.decision == self.cleaned_data["decision"])

    def number(self) -> str:
        """The number that was named for it, the only one there is, or an empty text; only for a valid form."""
        option = self.option()
        if len(option.numbers) == 1:
            return option.numbers[0]
        return str(self.cleaned_data.get(_number_field(option.decision), ""))

    def _field_of(self, option: Option) -> forms.BoundField | None:
        return self[_number_field(option.decision)] if _asks_number(option) else None


def key_of(case: Case) -> str:
    """What tells the cases of one delivery apart: the attempt, or the delivery itself."""
    return str(case.attempt.code) if case.attempt else "delivery"


def mark_of(case: Case) -> str:
    """Changes whenever what is decided upon does: a decision holds for what the person saw."""
    attempt = case.attempt
    seen = (
        case.delivery.state,
        attempt and (attempt.state, attempt.review_reason, attempt.late_answer),
        [(option.decision.value, option.effect, option.cost, option.numbers) for option in case.options],
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _asks_number(option: Option) -> bool:
    """Not where there is only one that can be meant."""
    return option.needs_number and len(option.numbers) != 1


def _number_field(decision: Decision) -> str:
    return f"number_{decision.value}"


def _number(option: Option) -> forms.Field:
    missing = {"required": _("Name the number that is meant.")}
    if option.numbers:
        choices = [("", _("Choose")), *((number, number) for number in option.numbers)]
        select = forms.Select(attrs={"class": "form-select"})
        return forms.ChoiceField(label=_("Which shipment"), choices=choices, widget=select, error_messages=missing)
    return forms.CharField(
        label=_("Tracking number"),
        max_length=30,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("As UPS's own page or its customer service names it: 1Z and 16 more letters and digits."),
        error_messages=missing,
        validators=[_is_number],
    )


def _is_number(number: str) -> None:
    if not number_typed(number):
        raise forms.ValidationError(_("That is no tracking number of UPS: look for a typing mistake."))
