"""The forms of a UPS account."""

from django import forms
from django.http import QueryDict

from connector_site.lib.forms import StyledForm
from ups import limits
from ups.accounts import AccountDetails
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


class AccountForm(StyledForm):
    """Credentials of the customer's own UPS app, her shipper number, and the address on the labels."""

    name = forms.CharField(
        label="Name of this account", max_length=80, help_text="For yourself, such as “Main account”."
    )
    shipper_number = forms.CharField(
        label="Shipper number",
        max_length=limits.SHIPPER_NUMBER_CHARACTERS,
        help_text="Six letters and digits, on every UPS invoice.",
    )
    environment = forms.ChoiceField(
        label="Environment",
        choices=[("production", "Production: real shipments"), ("test", "Test: nothing is shipped or charged")],
    )
    client_id = forms.CharField(label="Client ID", max_length=200)
    client_secret = forms.CharField(
        label="Client secret",
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    company_name = forms.CharField(label="Company name on labels", max_length=limits.NAME_CHARACTERS)
    attention_name = forms.CharField(label="Contact person", max_length=limits.NAME_CHARACTERS, required=False)
    address_line_1 = forms.CharField(label="Street and number", max_length=limits.ADDRESS_LINE_CHARACTERS)
    address_line_2 = forms.CharField(label="Address line 2", max_length=limits.ADDRESS_LINE_CHARACTERS, required=False)
    address_line_3 = forms.CharField(label="Address line 3", max_length=limits.ADDRESS_LINE_CHARACTERS, required=False)
    postal_code = forms.CharField(label="Postcode", max_length=limits.POSTAL_CODE_CHARACTERS + 1, required=False)
    city = forms.CharField(label="City", max_length=limits.CITY_CHARACTERS)
    state = forms.CharField(label="State or province", max_length=limits.STATE_CHARACTERS, required=False)
    country = forms.ChoiceField(label="Country", choices=list(NAMES.items()))
    phone = forms.CharField(label="Phone", max_length=25)
    email = forms.EmailField(label="E-mail", max_length=limits.EMAIL_CHARACTERS, required=False)

    def __init__(self, data: QueryDict | None = None, *, account: Account | None = None) -> None:
        super().__init__(data, initial=_initial(account))
        secret = self.fields["client_secret"]
        if account is None:
            secret.required = True
        else:
            secret.help_text = "A secret is stored and never shown. Leave this empty to keep it."

    def clean_shipper_number(self) -> str:
        """Letters as UPS writes them."""
        return str(self.cleaned_data["shipper_number"]).upper()

    def details(self) -> AccountDetails:
        """What was entered; only for a valid form."""
        entered = self.cleaned_data
        lines = tuple(entered[name] for name in ("address_line_1", "address_line_2", "address_line_3") if entered[name])
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
                address_lines=lines,
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
            self.add_error(name if name in self.fields else None, problem.message)


class AlertForm(StyledForm):
    """How UPS tells of scans by itself."""

    version = forms.ChoiceField(choices=Account.AlertVersion.choices)


class FeedForm(StyledForm):
    """A Quantum View subscription to read."""

    name = forms.CharField(
        label="Name of the subscription",
        max_length=limits.QUANTUM_VIEW_NAME_CHARACTERS,
        help_text=f"As it stands at UPS, at most {limits.QUANTUM_VIEW_NAME_CHARACTERS} characters.",
    )

    def refuse(self, why: str) -> None:
        """Show at the name why it cannot be added."""
        self.add_error("name", why)
        self.fields["name"].widget.attrs["class"] = "form-control is-invalid"


def _initial(account: Account | None) -> dict[str, object]:
    if account is None:
        return {"environment": "production", "country": "NL"}
    names = (
        "name", "shipper_number", "environment", "company_name", "attention_name", "address_line_1", "address_line_2",
        "address_line_3", "postal_code", "city", "state", "country", "phone", "email",
    )  # fmt: skip
    return {name: getattr(account, name) for name in names} | {"client_id": account.reveal_client_id()}
