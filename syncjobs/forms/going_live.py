"""The form with which a company begins to ship, or changes how it does."""

from datetime import datetime
from enum import StrEnum

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from tenants.models import Tenant


class Start(StrEnum):
    """From when."""

    NOW = "now"
    MOMENT = "moment"
    KEPT = "kept"


class GoLiveForm(StyledForm):
    """What becomes of a delivery, and of which. Times are those of the company, whose time zone is active."""

    mode = forms.ChoiceField(
        widget=forms.RadioSelect,
        choices=[
            (Tenant.ShippingMode.AUTOMATIC.value, _("Automatically")),
            (Tenant.ShippingMode.APPROVAL.value, _("Only after approval")),
        ],
        error_messages={"required": _("Choose how deliveries are shipped.")},
    )
    start = forms.ChoiceField(widget=forms.RadioSelect, error_messages={"required": _("Choose from when.")})
    moment = forms.DateTimeField(
        label=_("Day and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        error_messages={"invalid": _("Give the day and the time, such as 2026-05-31 08:00.")},
    )

    def __init__(
        self, data: QueryDict | None = None, *, tenant: Tenant, is_locked: bool = False, suggested: datetime
    ) -> None:
        is_live = tenant.shipping_mode != Tenant.ShippingMode.OFF
        initial = {
            "mode": tenant.shipping_mode if is_live else Tenant.ShippingMode.AUTOMATIC.value,
            "start": (Start.KEPT if is_live else Start.NOW).value,
            "moment": tenant.ships_from_at or suggested,
        }
        super().__init__(data, initial=initial, is_locked=is_locked)
        field = self.fields["start"]
        if isinstance(field, forms.ChoiceField):
            kept = [(Start.KEPT.value, _("As it is"))] if is_live else []
            field.choices = [*kept, (Start.NOW.value, _("From now on")), (Start.MOMENT.value, _("From this moment on"))]

    def clean(self) -> dict[str, object]:
        """A moment is needed where it was chosen, and does not matter elsewhere."""
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        if cleaned.get("start") != Start.MOMENT:
            self.errors.pop("moment", None)
        elif not cleaned.get("moment") and "moment" not in self.errors:
            self.add_error("moment", _("Choose the day and the time from which deliveries are shipped."))
        return cleaned

    def mode_chosen(self) -> Tenant.ShippingMode:
        """Only for a valid form."""
        return Tenant.ShippingMode(self.cleaned_data["mode"])

    def starts_at(self, now: datetime) -> datetime | None:
        """None to stay with the moment there is; only for a valid form."""
        start = self.cleaned_data["start"]
        if start == Start.KEPT:
            return None
        moment: datetime = self.cleaned_data["moment"] if start == Start.MOMENT else now
        return moment
