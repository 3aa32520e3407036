"""The form of a company's settings."""

from zoneinfo import available_timezones

from django import forms

from connector_site.lib.forms import StyledForm
from tenants.models import Tenant

_AREAS = ("Europe/", "Atlantic/", "America/", "Africa/", "Asia/", "Australia/", "Pacific/", "Indian/")


def _zones() -> list[tuple[str, str]]:
    """Places by name; the older aliases without an area are left out."""
    names = sorted(name for name in available_timezones() if name.startswith(_AREAS))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class SettingsForm(StyledForm):
    """What holds for the whole company."""

    name = forms.CharField(label="Company name", max_length=150)
    time_zone = forms.ChoiceField(label="Time zone", choices=_zones, help_text="Times on these pages are shown in it.")
    language = forms.ChoiceField(
        label="Language of what we write into Exact Online",
        choices=Tenant.Language.choices,
        help_text=(
            "For the line in the remarks and the proof of delivery, and for the receiver's page where the receiver's "
            "own language is not among ours."
        ),
    )
    weight_unit = forms.ChoiceField(
        label="Unit of item weights in Exact Online",
        choices=Tenant.WeightUnit.choices,
        help_text="Exact Online stores weights without a unit. Choose the one your items are kept in.",
    )
    brand_colour = forms.RegexField(
        label="Colour of the receiver's page",
        regex=r"^#[0-9a-fA-F]{6}\Z",
        widget=forms.ColorInput(),
        help_text="Your own colour. Text on it is made white or black, whichever is read better.",
        error_messages={"invalid": "Choose a colour, such as #1f5fa8."},
    )

    def clean_brand_colour(self) -> str:
        """In lower case, as it is kept."""
        return str(self.cleaned_data["brand_colour"]).lower()
