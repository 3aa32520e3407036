"""The forms of one shipping rule, and of what is written to Exact."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connector_site.lib.forms import StyledForm
from connector_site.lib.wording import local
from exact.models import ShippingMethod
from exact.records import DocumentType
from syncjobs.models import Reporting, ShippingRule
from syncjobs.setup.rule_book import Choice, Sender
from syncjobs.setup.rule_suggestions import suggested_service
from ups.events import Milestone
from ups.limits import LENGTH_AND_GIRTH_CM, LONGEST_SIDE_CM, WEIGHT_KG, WEIGHT_STEP
from ups.services import PACKAGINGS, offered_services

UNDECIDED = "undecided"
NOT_UPS = "none"
OFFERED_MILESTONES = (
    Milestone.PICKED_UP,
    Milestone.IN_TRANSIT,
    Milestone.OUT_FOR_DELIVERY,
    Milestone.AVAILABLE_FOR_PICKUP,
    Milestone.EXCEPTION,
    Milestone.DELIVERED,
    Milestone.RETURNED_TO_SENDER,
)
"""That a label was made is told by the tracking number itself."""
_OWN_PACKAGING = "02"
_SIDES = ("length_cm", "width_cm", "height_cm")


class RuleForm(StyledForm):
    """What to do with deliveries of one shipping method."""

    service = forms.ChoiceField(label=_("Ship with"))
    packaging_code = forms.ChoiceField(label=_("Packaging"))
    length_cm = forms.IntegerField(label=_("Length (cm)"), min_value=1, max_value=LONGEST_SIDE_CM, required=False)
    width_cm = forms.IntegerField(label=_("Width (cm)"), min_value=1, max_value=LONGEST_SIDE_CM, required=False)
    height_cm = forms.IntegerField(label=_("Height (cm)"), min_value=1, max_value=LONGEST_SIDE_CM, required=False)
    parcel_max_weight_kg = forms.DecimalField(
        label=_("Heaviest parcel (kg)"),
        min_value=WEIGHT_STEP,
        max_value=WEIGHT_KG,
        max_digits=4,
        decimal_places=1,
        required=False,
        help_text=_("A heavier delivery is spread over several parcels."),
    )
    label_format = forms.ChoiceField(label=_("Label"))
    label_size = forms.ChoiceField(label=_("Size of the label"))

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        method: ShippingMethod,
        rule: ShippingRule | None,
        senders: Sequence[Sender],
        is_locked: bool = False,
    ) -> None:
        self.suggestion = suggestion_for(method, senders) if rule is None else ""
        super().__init__(
            data, prefix=f"rule-{method.code}", initial=_initial(rule, self.suggestion), is_locked=is_locked
        )
        self.method = method
        self.rule = rule
        self.accounts = {str(sender.account.code): sender.account for sender in senders}
        self._offer("service", _services(senders, rule))
        self._offer("packaging_code", [(code, local(name)) for code, name in PACKAGINGS.items()])
        self._offer("label_format", [(one.value, local(one.label)) for one in ShippingRule.LabelFormat])
        self._offer("label_size", [(one.value, local(one.label)) for one in ShippingRule.LabelSize])

    @property
    def is_suggested(self) -> bool:
        """Whether what stands there was put there by us and nobody has saved it."""
        return bool(self.suggestion) and not self.is_bound

    @property
    def has_box_errors(self) -> bool:
        """Whether something behind "Box and label" is wrong."""
        return any(name != "service" for name in self.errors)

    @property
    def is_undecided(self) -> bool:
        """Whether the method is to have no rule."""
        return bool(self.cleaned_data["service"] == UNDECIDED)

    def clean(self) -> dict[str, Any]:
        """A box has three sides or none is given, and UPS carries it."""
        cleaned = super().clean() or self.cleaned_data
        if any(name in self.errors for name in _SIDES):
            return cleaned
        sides = sorted((side for name in _SIDES if (side := cleaned.get(name))), reverse=True)
        if sides and len(sides) < len(_SIDES):
            missing = next(name for name in _SIDES if not cleaned.get(name))
            self.add_error(missing, gettext("Enter all three sides of the box, or none."))
        elif sides and sides[0] + 2 * (sides[1] + sides[2]) > LENGTH_AND_GIRTH_CM:
            words = gettext(
                "UPS does not carry this box: the longest side plus twice the two others may be {most} cm, and here "
                "it is {here} cm. Choose a smaller box."
            )
            here = sides[0] + 2 * (sides[1] + sides[2])
            self.add_error("length_cm", words.format(most=LENGTH_AND_GIRTH_CM, here=here))
        return cleaned

    def choice(self) -> Choice:
        """What was chosen, for the rule book; only for a valid form that is decided."""
        cleaned = self.cleaned_data
        account_code, _slash, service_code = cleaned["service"].partition("/")
        return Choice(
            method=self.method,
            account=self.accounts[account_code] if service_code else None,
            service_code=service_code,
            packaging_code=cleaned["packaging_code"],
            length_cm=cleaned["length_cm"],
            width_cm=cleaned["width_cm"],
            height_cm=cleaned["height_cm"],
            parcel_max_weight_kg=cleaned["parcel_max_weight_kg"],
            label_format=cleaned["label_format"],
            label_size=cleaned["label_size"],
        )

    def _offer(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(choices)


class ReportingForm(StyledForm):
    """Which milestones are written, and the proof of delivery."""

    milestones = forms.MultipleChoiceField(
        choices=[(milestone.value, milestone.value) for milestone in OFFERED_MILESTONES], required=False
    )
    writes_proof = forms.BooleanField(label=_("Store the proof of delivery as a document"), required=False)
    document_type = forms.ChoiceField(
        label=_("Type of the document"),
        required=False,
        help_text=_("Types that Exact Online does not let us make are left out."),
    )
    tries_full_lines = forms.BooleanField(label=_("Try the whole line again"), required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        reporting: Reporting,
        types: Sequence[DocumentType],
        is_locked: bool = False,
    ) -> None:
        initial = {
            "milestones": reporting.milestones,
            "writes_proof": reporting.writes_proof,
            "document_type": str(reporting.document_type or ""),
        }
        super().__init__(data, initial=initial, is_locked=is_locked)
        self.kept_type = reporting.document_type
        self.types_are_known = bool(types)
        field = self.fields["document_type"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                ("", gettext("Not chosen")),
                *((str(one.id), f"{one.description} ({one.id})") for one in types),
            ]

    def clean(self) -> dict[str, Any]:
        """A proof needs a type, once it is known which there are."""
        cleaned = super().clean() or self.cleaned_data
        has_type = cleaned.get("document_type") or "document_type" in self.errors
        if cleaned.get("writes_proof") and self.types_are_known and not has_type:
            self.add_error("document_type", gettext("Choose the type, or leave the proof of delivery out."))
        return cleaned

    def chosen_type(self) -> int | None:
        """The type that was chosen; the one from before while no types are known to choose from."""
        if not self.types_are_known:
            return self.kept_type
        return int(self.cleaned_data["document_type"]) if self.cleaned_data["document_type"] else None


def suggestion_for(method: ShippingMethod, senders: Sequence[Sender]) -> str:
    """The choice that the method's name speaks of, at the first account; empty where it tells nothing."""
    if not senders:
        return ""
    first = senders[0]
    found = suggested_service(method.exact_code, method.description, offered_services(first.origin_country))
    if found is None:
        return ""
    return f"{first.account.code}/{found}" if found else NOT_UPS


def _initial(rule: ShippingRule | None, suggestion: str) -> dict[str, object]:
    if rule is None:
        return {
            "service": suggestion or UNDECIDED,
            "packaging_code": _OWN_PACKAGING,
            "label_format": ShippingRule.LabelFormat.GIF,
            "label_size": ShippingRule.LabelSize.SMALL,
        }
    weight: Decimal | None = rule.parcel_max_weight_kg
    return {
        "service": f"{rule.account.code}/{rule.service_code}" if rule.account else NOT_UPS,
        "packaging_code": rule.packaging_code,
        "length_cm": rule.length_cm,
        "width_cm": rule.width_cm,
        "height_cm": rule.height_cm,
        "parcel_max_weight_kg": weight,
        "label_format": rule.label_format,
        "label_size": rule.label_size,
    }


def _services(senders: Sequence[Sender], rule: ShippingRule | None) -> list[tuple[str, Any]]:
    """Undecided, "not UPS", and per account what UPS offers where it ships from; a choice made earlier stays."""
    groups: list[tuple[str, Any]] = [(UNDECIDED, gettext("Not chosen yet")), (NOT_UPS, gettext("Not UPS"))]
    for sender in senders:
        account = sender.account
        offered = [(f"{account.code}/{one.code}", one.name) for one in offered_services(sender.origin_country)]
        if (
            rule
            and rule.account_id == account.pk
            and not any(value.endswith(f"/{rule.service_code}") for value, _name in offered)
        ):
            words = gettext("UPS service {code}").format(code=rule.service_code)
            offered.append((f"{account.code}/{rule.service_code}", words))
        groups.append((f"{account.name}, {account.shipper_number}", offered))
    return groups
