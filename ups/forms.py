"""The forms of a UPS account."""

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from connector_site.lib.wording import local
from ups import limits
from ups.account_address import address_columns
from ups.accounts import AccountDetails, find_client_id, has_address
from ups.countries import NAMES
from ups.errors import Problem
from ups.models import Account
from ups.shipment_spec import PartySpec

_FIELD_OF = {
    "shipper.name": "company_name",
    "shipper.attention": "attention_name",
    "shipper.address_lines": "address_line_1",
    "shipper.address_lines.1": "address_line_1",
    "shipper.address_lines.2": "address_line_2",
    "shipper.address_lines.3": "address_line_3",
}
"""Where a problem that `ups.accounts` names belongs in the form; others keep their last word."""
_ADDRESS_LINES = ("address_line_1", "address_line_2", "address_line_3")
ADDRESS_FIELDS = (
    "company_name", "attention_name", *_ADDRESS_LINES, "postal_code", "city", "state", "country", "phone", "email",
)  # fmt: skip
_ADDRESS_SIGNS = ("company_name", *_ADDRESS_LINES, "postal_code", "city")
"""Whoever fills in one of these means an address; name, street, city and phone are needed then."""
_ADDRESS_NEEDS = {
    "company_name": _("Enter the company name that stands on labels."),
    "address_line_1": _("Enter street and number."),
    "city": _("Enter the city."),
    "phone": _("Enter a phone number: UPS calls it when a driver does not find you."),
}


class AccountForm(StyledForm):
    """Credentials of the customer's own UPS app, her shipper number, and the address on the labels."""

    name = forms.CharField(
        label=_("Name of this account"), max_length=80, help_text=_("For yourself, such as “Main account”.")
    )
    shipper_number = forms.CharField(
        label=_("Shipper number"),
        max_length=limits.SHIPPER_NUMBER_CHARACTERS,
        help_text=_("Six letters and digits, on every UPS invoice."),
    )
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=[("production", _("Production: real shipments")), ("test", _("Test: nothing is shipped or charged"))],
    )
    client_id = forms.CharField(label=_("Client ID"), max_length=200)
    client_secret = forms.CharField(
        label=_("Client secret"),
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    company_name = forms.CharField(label=_("Company name on labels"), max_length=limits.NAME_CHARACTERS, required=False)
    attention_name = forms.CharField(label=_("Contact person"), max_length=limits.NAME_CHARACTERS, required=False)
    address_line_1 = forms.CharField(
        label=_("Street and number"), max_length=limits.ADDRESS_LINE_CHARACTERS, required=False
    )
    address_line_2 = forms.CharField(
        label=_("Address line 2"), max_length=limits.ADDRESS_LINE_CHARACTERS, required=False
    )
    address_line_3 = forms.CharField(
        label=_("Address line 3"), max_length=limits.ADDRESS_LINE_CHARACTERS, required=False
    )
    postal_code = forms.CharField(label=_("Postcode"), max_length=limits.POSTAL_CODE_CHARACTERS + 1, required=False)
    city = forms.CharField(label=_("City"), max_length=limits.CITY_CHARACTERS, required=False)
    state = forms.CharField(label=_("State or province"), max_length=limits.STATE_CHARACTERS, required=False)
    country = forms.ChoiceField(label=_("Country"), choices=list(NAMES.items()))
    phone = forms.CharField(label=_("Phone"), max_length=25, required=False)
    email = forms.EmailField(label=_("E-mail"), max_length=limits.EMAIL_CHARACTERS, required=False)

    def clean_shipper_number(self) -> str:
        """Letters as UPS writes them."""
        return str(self.cleaned_data["shipper_number"]).upper()

    def clean(self) -> dict[str, object]:
        """An address is left out as a whole or filled in as far as UPS needs it."""
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        if self.needs_address or any(cleaned.get(name) for name in _ADDRESS_SIGNS):
            for name, words in _ADDRESS_NEEDS.items():
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, words)
        return cleaned

    @property
    def needs_address(self) -> bool:
        """Whether the address cannot be left for later."""
        return False

    @property
    def has_full_address(self) -> bool:
        """Whether nothing of the address is left to fill in or to mend, so that it need not be shown at once."""
        is_wrong = self.is_bound and any(name in self.errors for name in ("name", *ADDRESS_FIELDS))
        return not is_wrong and all(self[name].value() for name in _ADDRESS_NEEDS)

    def details(self) -> AccountDetails:
        """What was entered; only for a valid form."""
        entered = self.cleaned_data
        return AccountDetails(
            name=entered["name"],
            shipper_number=entered["shipper_number"],
            environment=entered["environment"],
            client_id=entered["client_id"],
            client_secret=entered["client_secret"],
            shipper=PartySpec(
                name=entered["company_name"],
                attention=entered["attention_name"],
                phone=entered["phone"],
                email=entered["email"],
                address_lines=tuple(entered[name] for name in _ADDRESS_LINES if entered[name]),
                city=entered["city"],
                postal_code=entered["postal_code"],
                state=entered["state"],
                country=entered["country"],
            ),
        )

    def take(self, problems: tuple[Problem, ...]) -> None:
        """Show each problem at its field."""
        for problem in problems:
            name = _FIELD_OF.get(problem.field, problem.field.rsplit(".", 1)[-1])
            self.refuse(name if name in self.fields else None, problem.message)

    def refuse(self, name: str | None, why: str) -> None:
        """Show at a field why it is not taken."""
        self.add_error(name, local(why))
        if name is not None:
            self.fields[name].widget.attrs["class"] += " is-invalid"


class NewAccountForm(AccountForm):
    """A first or further account, with how its parcels are to be followed; the address may come later."""

    feed = forms.CharField(
        label=_("Quantum View subscription"),
        max_length=limits.QUANTUM_VIEW_NAME_CHARACTERS,
        required=False,
        help_text=_("Its name at ups.com, if you have one. It is a second source of news about your parcels."),
    )
    alerts = forms.ChoiceField(
        label=_("Track Alert"), choices=Account.AlertVersion.choices, required=False, widget=forms.RadioSelect
    )

    def __init__(self, data: QueryDict | None = None, *, draft: PartySpec | None = None) -> None:
        super().__init__(data, initial=_beginning(draft))

    @property
    def alert_version(self) -> str:
        """The chosen way of Track Alert."""
        return str(self.cleaned_data["alerts"] or Account.AlertVersion.V1)

    @property
    def feed_name(self) -> str:
        """The Quantum View subscription to read, if any."""
        return str(self.cleaned_data["feed"]).strip()


class ChangeForm(AccountForm):
    """An account that is there; its secret is never shown and stays unless a new one is entered."""

    def __init__(self, data: QueryDict | None = None, *, account: Account) -> None:
        self._has_address = has_address(account)
        client_id = find_client_id(account)
        super().__init__(data, initial=_stored(account) | {"client_id": client_id or ""})
        for name in _ADDRESS_NEEDS:
            self.fields[name].required = self._has_address
        secret = self.fields["client_secret"]
        secret.required = client_id is None
        if client_id is None:
            secret.help_text = _("The stored credentials can no longer be opened: enter both again.")
        else:
            secret.help_text = _("A secret is stored and never shown. Leave this empty to keep it.")

    @property
    def needs_address(self) -> bool:
        """An address that is in use is not taken away."""
        return self._has_address


class AlertForm(StyledForm):
    """How UPS tells of scans by itself."""

    version = forms.ChoiceField(choices=Account.AlertVersion.choices)


class FeedForm(StyledForm):
    """A Quantum View subscription to read."""

    name = forms.CharField(
        label=_("Name of the subscription"),
        max_length=limits.QUANTUM_VIEW_NAME_CHARACTERS,
        help_text=_("As it stands at UPS, at most 21 characters."),
    )

    def refuse(self, why: str) -> None:
        """Show at the name why it cannot be added."""
        self.add_error("name", local(why))
        self.fields["name"].widget.attrs["class"] = "form-control is-invalid"


def _stored(account: Account) -> dict[str, object]:
    return {name: getattr(account, name) for name in ("name", "shipper_number", "environment", *ADDRESS_FIELDS)}


def _beginning(draft: PartySpec | None) -> dict[str, object]:
    """What a new account begins with: where the company ships from as Exact has it, if that is known."""
    begin: dict[str, object] = {
        "name": _("Main account"),
        "environment": "production",
        "country": "NL",
        "alerts": Account.AlertVersion.V1.value,
    }
    if draft is None:
        return begin
    columns = address_columns(draft)
    if draft.country not in NAMES:
        del columns["country"]
    return begin | columns
