"""The forms in which a person confirms an action on a delivery."""

from collections.abc import Sequence

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from syncjobs.actions.voiding import REASON_CHARACTERS, Then
from syncjobs.models import Parcel, Shipment


class VoidForm(StyledForm):
    """Which shipment, where there are several, and what is done afterwards."""

    then = forms.ChoiceField(
        label=_("What happens afterwards?"),
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": _("Choose what happens afterwards.")},
    )
    shipment = forms.ChoiceField(
        label=_("Which shipment"),
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": _("Choose the shipment that is meant.")},
    )
    reason = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=REASON_CHARACTERS,
        help_text=_("For your colleagues; it stands in the history of the delivery. Do not name the receiver."),
    )

    def __init__(self, data: QueryDict | None = None, *, shipments: Sequence[Shipment], is_return: bool) -> None:
        super().__init__(data)
        thens = [(Then.CANCEL.value, _("Ship nothing: the delivery ends as cancelled"))]
        if len(shipments) > 1:
            thens = [(Then.CANCEL.value, _("Nothing: the delivery goes on with its other shipment"))]
        if not is_return:
            thens.append((Then.AGAIN.value, _("Ship again: a new shipment is made and paid")))
        _choose(self.fields["then"], thens)
        _choose(self.fields["shipment"], [(str(row.code), row.ups_shipment_id) for row in shipments])
        if len(shipments) == 1:
            self.fields["shipment"].widget = forms.HiddenInput()
            self.fields["shipment"].initial = str(shipments[0].code)


class VoidParcelsForm(StyledForm):
    """Which parcels."""

    numbers = forms.MultipleChoiceField(
        label=_("Parcels to void"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        error_messages={"required": _("Choose at least one parcel.")},
    )

    def __init__(self, data: QueryDict | None = None, *, parcels: Sequence[Parcel]) -> None:
        super().__init__(data)
        _choose(self.fields["numbers"], [(row.tracking_number, row.tracking_number) for row in parcels])


def _choose(field: forms.Field, choices: Sequence[tuple[str, object]]) -> None:
    if isinstance(field, forms.ChoiceField):
        field.choices = choices
