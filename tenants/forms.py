"""The forms of a company and its team."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import SignupForm
from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from connector_site.lib.wording import local
from tenants import api_keys, invited
from tenants.company import NameRefused, proper_name
from tenants.models import Role, Tenant

_AREAS = ("Europe/", "Atlantic/", "America/", "Africa/", "Asia/", "Australia/", "Pacific/", "Indian/")


def _zones() -> list[tuple[str, str]]:
    """Places by name; the older aliases without an area are left out."""
    names = sorted(name for name in available_timezones() if name.startswith(_AREAS))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class InvitedSignupForm(SignupForm):
    """Sign-up, with the address of an invitation whose link was opened in this browser."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = None if self.is_bound else invited.kept(context.request)
        if place is not None:
            self.fields["email"].initial = place.email


class NewCompanyForm(StyledForm):
    """What a company needs before anything else."""

    name = forms.CharField(label=_("Company name"), max_length=150)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=_zones, help_text=_("Times on these pages are shown in it.")
    )
    language = forms.ChoiceField(
        label=_("Language of what we write into Exact Online"),
        choices=Tenant.Language.choices,
        help_text=_(
            "For the line in the remarks and the proof of delivery, and for the receiver's page where the receiver's "
            "own language is not among ours."
        ),
    )
    weight_unit = forms.ChoiceField(
        label=_("Unit of item weights in Exact Online"),
        choices=Tenant.WeightUnit.choices,
        help_text=_("Exact Online stores weights without a unit. Choose the one your items are kept in."),
    )

    def clean_name(self) -> str:
        """It stands in mails that we send to strangers."""
        try:
            return proper_name(str(self.cleaned_data["name"]))
        except NameRefused as refusal:
            raise ValidationError(local(str(refusal))) from refusal


class SettingsForm(NewCompanyForm):
    """What holds for the whole company."""

    brand_colour = forms.RegexField(
        label=_("Colour of the receiver's page"),
        regex=r"^#[0-9a-fA-F]{6}\Z",
        widget=forms.ColorInput(),
        help_text=_("Your own colour. Text on it is made white or black, whichever is read better."),
        error_messages={"invalid": _("Choose a colour, such as #1f5fa8.")},
    )

    def clean_brand_colour(self) -> str:
        """In lower case, as it is kept."""
        return str(self.cleaned_data["brand_colour"]).lower()


class InviteForm(StyledForm):
    """A place in the team for an e-mail address."""

    email = forms.EmailField(
        label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}), max_length=254
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.OPERATOR)

    def limit_to(self, roles: Iterable[Role]) -> None:
        """Offer these roles alone."""
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        """In lower case, as people sign in with it."""
        return str(self.cleaned_data["email"]).strip().lower()


class RoleForm(StyledForm):
    """Another role for a member."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class ApiKeyForm(StyledForm):
    """A new key for a program."""

    name = forms.CharField(
        label=_("What it is for"), max_length=api_keys.NAME_CHARACTERS, help_text=_("For example: packing machine 2")
    )
    role = forms.ChoiceField(
        label=_("What the program may do"),
        choices=[(Role.VIEWER.value, _("look at deliveries")), (Role.OPERATOR.value, _("also run deliveries again"))],
    )
