"""How long things are kept, whom to look for, and closing a company."""

import uuid
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from syncjobs.personal.retention import LIMITS

_LABELS: dict[str, tuple[Any, Any]] = {
    "label_days": (
        _("Labels, in days after they were made"),
        _("From {least} to {most}. A label can be printed again until then."),
    ),
    "party_days": (
        _("Addresses of receivers, in days after the delivery was closed"),
        _("From {least} to {most}. With them goes what we asked UPS for and who signed."),
    ),
    "receipt_days": (
        _("Messages of Exact Online and UPS as they came, in days"),
        _("From {least} to {most}. They help to find out what went wrong."),
    ),
    "audit_months": (
        _("The audit trail, in months"),
        _("From {least} to {most}. It holds numbers and moments, no names and no addresses."),
    ),
}


class PeriodsForm(StyledForm):
    """The periods a company may choose, each within its limits."""

    label_days = forms.IntegerField()
    party_days = forms.IntegerField()
    receipt_days = forms.IntegerField()
    audit_months = forms.IntegerField()

    def __init__(self, data: QueryDict | None, *, initial: dict[str, object], is_locked: bool) -> None:
        super().__init__(data, initial=initial, is_locked=is_locked)
        for limit in LIMITS:
            label, help_text = _LABELS[limit.field]
            self.fields[limit.field] = field = forms.IntegerField(
                label=label,
                min_value=limit.least,
                max_value=limit.most,
                help_text=str(help_text).format(least=limit.least, most=limit.most),
                disabled=is_locked,
            )
            field.widget.attrs["class"] = "form-control"


class SearchForm(StyledForm):
    """Whom to look for."""

    asked = forms.CharField(
        label=_("Name, street, postal code, phone, e-mail address or delivery number"),
        max_length=120,
        help_text=_("All words you enter must be in the address of the receiver."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ChosenForm(forms.Form):
    """The deliveries that were chosen from the list."""

    delivery = forms.TypedMultipleChoiceField(coerce=uuid.UUID, choices=())

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        offered = self.fields["delivery"]
        if isinstance(offered, forms.TypedMultipleChoiceField):
            offered.choices = [(code, code) for code in data.getlist("delivery") if _is_code(code)]


class CloseForm(StyledForm):
    """The company's name typed once more, and what becomes of a copy."""

    needs_no_copy = forms.BooleanField(label=_("I do not need a copy of the data"), required=False)
    name = forms.CharField(label=_("Type the name of the company"), max_length=150)

    def __init__(self, data: QueryDict | None, *, name: str, has_copy: bool) -> None:
        super().__init__(data)
        self._name = name
        self._has_copy = has_copy
        if has_copy:
            del self.fields["needs_no_copy"]

    def clean_name(self) -> str:
        """The very name, whatever its capitals."""
        typed: str = self.cleaned_data["name"]
        if typed.strip().casefold() != self._name.strip().casefold():
            raise forms.ValidationError(_("This is not the name of the company. Type it as it stands above."))
        return typed

    def clean_needs_no_copy(self) -> bool:
        """A copy, or the word that none is needed."""
        needs_none = bool(self.cleaned_data["needs_no_copy"])
        if not needs_none:
            raise forms.ValidationError(_("Have a copy made first, or tick that you need none."))
        return needs_none


def _is_code(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
