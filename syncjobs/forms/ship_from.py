"""The form of an address that parcels leave from."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from connector_site.lib.wording import local, said
from ups import limits, places
from ups.countries import NAMES
from ups.errors import Problem
from ups.phones import phone_digits
from ups.preflight import check_party
from ups.shipment_spec import PartySpec

_LINES = ("address_line_1", "address_line_2", "address_line_3")
_FIELD_OF = {
    "name": "company_name",
    "attention": "attention_name",
    "address_lines": "address_line_1",
    "address_lines.1": "address_line_1",
    "address_lines.2": "address_line_2",
    "address_lines.3": "address_line_3",
}
"""Fields of a party as the form calls them; the others have the same name."""


class ShipFromForm(StyledForm):
    """Name, street, place, and whom the driver asks for."""

    company_name = forms.CharField(label=_("Company name on labels"), max_length=limits.NAME_CHARACTERS)
    attention_name = forms.CharField(
        label=_("Contact person"),
        max_length=limits.NAME_CHARACTERS,
        help_text=_("A name or a department, such as “Shipping department”."),
    )
    address_line_1 = forms.CharField(label=_("Street and number"), max_length=limits.ADDRESS_LINE_CHARACTERS)
    address_line_2 = forms.CharField(
        label=_("Address line 2"), max_length=limits.ADDRESS_LINE_CHARACTERS, required=False
    )
    address_line_3 = forms.CharField(
        label=_("Address line 3"), max_length=limits.ADDRESS_LINE_CHARACTERS, required=False
    )
    postal_code = forms.CharField(label=_("Postcode"), max_length=limits.POSTAL_CODE_CHARACTERS + 1, required=False)
    city = forms.CharField(label=_("City"), max_length=limits.CITY_CHARACTERS)
    state = forms.CharField(label=_("State or province"), max_length=limits.STATE_CHARACTERS, required=False)
    country = forms.ChoiceField(label=_("Country"))
    phone = forms.CharField(label=_("Phone"), max_length=25, help_text=_("UPS calls it when something is unclear."))
    email = forms.EmailField(label=_("E-mail"), max_length=limits.EMAIL_CHARACTERS, required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        draft: PartySpec | None,
        account_countries: Sequence[str],
        is_locked: bool = False,
    ) -> None:
        super().__init__(data, initial=_initial(draft), is_locked=is_locked)
        self.account_countries = account_countries
        country = self.fields["country"]
        if isinstance(country, forms.ChoiceField):
            country.choices = _countries()

    def clean(self) -> dict[str, Any]:
        """What UPS would refuse is named here, at its field, before UPS is asked."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        party = self.party()
        self.take(check_party(party, field="ship_from", who=said("ship-from address"), where_to_fix=places.SHIP_FROM))
        if phone_digits(party.phone, party.country) is None:
            words = said("UPS takes no such phone number there. Write it with the country code, like +31 20 123 4567.")
            self.add_error("phone", words)
        if self.account_countries and party.country not in self.account_countries:
            words = said(
                "No UPS account here is of this country, and UPS collects only in the country of the account. "
                "Correct the country, or connect a UPS account of that country."
            )
            self.add_error("country", words)
        return cleaned

    def party(self) -> PartySpec:
        """What was entered."""
        entered = self.cleaned_data
        return PartySpec(
            name=entered["company_name"],
            attention=entered["attention_name"],
            phone=entered["phone"],
            email=entered["email"],
            address_lines=tuple(entered[name] for name in _LINES if entered[name]),
            city=entered["city"],
            postal_code=entered["postal_code"],
            state=entered["state"],
            country=entered["country"],
        )

    def take(self, problems: Sequence[Problem]) -> None:
        """Show each problem at its field."""
        for problem in problems:
            part = problem.field.removeprefix("ship_from.")
            name = _FIELD_OF.get(part, part)
            self.add_error(name if name in self.fields else None, problem.message)


def _countries() -> list[tuple[str, str]]:
    """By name in the reader's language."""
    named = {code: local(name) for code, name in NAMES.items()}
    return sorted(named.items(), key=lambda one: one[1])


def _initial(draft: PartySpec | None) -> dict[str, object]:
    if draft is None:
        return {"country": "NL"}
    lines = (*draft.address_lines, "", "", "")
    return {
        "company_name": draft.name,
        "attention_name": draft.attention,
        "address_line_1": lines[0],
        "address_line_2": lines[1],
        "address_line_3": lines[2],
        "postal_code": draft.postal_code,
        "city": draft.city,
        "state": draft.state,
        "country": draft.country,
        "phone": draft.phone,
        "email": draft.email,
    }
