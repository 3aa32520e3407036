"""The form in which a person says which parcels come back, and what each of them weighs by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector_site.lib.forms import StyledForm
from syncjobs.actions.return_plans import Chosen
from syncjobs.models import Parcel

_LEAST = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A parcel that may come back; its weight is in `unit`. `is_locked` shows it to somebody who may only look."""

    parcel: Parcel
    unit: str
    is_locked: bool


class ParcelBackForm(StyledForm):
    """One parcel that may come back."""

    comes_back = forms.BooleanField(required=False)
    weight = forms.DecimalField(
        required=False,
        min_value=_LEAST,
        max_digits=5,
        decimal_places=1,
        error_messages={"min_value": gettext_lazy("A parcel weighs 0.1 at least.")},
    )

    def __init__(self, data: QueryDict | None, *, number: int, offered: Offered, is_alone: bool) -> None:
        weight = offered.parcel.weight
        initial = {"comes_back": is_alone, "weight": weight if weight >= _LEAST else None}
        super().__init__(data, initial=initial, prefix=str(number), is_locked=offered.is_locked)
        self.parcel = offered.parcel
        self.fields["comes_back"].label = _("Parcel {number} comes back").format(number=self.parcel.tracking_number)
        self.fields["weight"].label = _("Weight on its way back, in {unit}").format(unit=offered.unit)

    def clean(self) -> dict[str, object]:
        """A parcel that comes back weighs something, unless it went out unweighed, as UPS's own envelopes do."""
        cleaned: dict[str, object] = super().clean() or {}
        if cleaned.get("comes_back") and not cleaned.get("weight") and "weight" not in self.errors:
            if not self.parcel.weight:
                cleaned["weight"] = Decimal(0)
            else:
                self.add_error("weight", _("Fill in what it weighs."))
        return cleaned


def forms_of(data: QueryDict | None, offered: Sequence[Offered], *, but_for: frozenset[str]) -> list[ParcelBackForm]:
    """One for each parcel, but for those with a return label; each keeps its number whatever becomes of the others."""
    is_alone = len(offered) == 1
    return [
        ParcelBackForm(data, number=number, offered=one, is_alone=is_alone)
        for number, one in enumerate(offered, start=1)
        if one.parcel.tracking_number not in but_for
    ]


def chosen_in(filled: Sequence[ParcelBackForm]) -> list[Chosen] | None:
    """What comes back; None where something is filled in wrongly, and empty where nothing was chosen."""
    is_valid = [form.is_valid() for form in filled]
    if not all(is_valid):
        return None
    return [
        Chosen(number=form.parcel.tracking_number, weight=form.cleaned_data["weight"])
        for form in filled
        if form.cleaned_data["comes_back"]
    ]


def as_query(filled: Sequence[ParcelBackForm]) -> dict[str, str]:
    """The same as the fields of an address, to be filled in again from there."""
    told: dict[str, str] = {}
    for form in filled:
        if form.cleaned_data["comes_back"]:
            told[form.add_prefix("comes_back")] = "on"
        if form.cleaned_data.get("weight"):
            told[form.add_prefix("weight")] = str(form.cleaned_data["weight"])
    return told
