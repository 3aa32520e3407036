"""The harmless questions to each API product, and what the answers say about it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from connector_site.lib.wording import said
from ups import address_validation
from ups.accounts import has_address, shipper_of
from ups.alerts import destination_of
from ups.client import UpsClient
from ups.errors import UpsAccountBlocked, UpsError, UpsProductMissing, UpsRejected, UpsUnavailable
from ups.models import Account, ProductCheck
from ups.quantum_view import ProblemKind, ViewProblem, events_request, is_unknown_name, read_view
from ups.services import offered_services
from ups.shipment_spec import ParcelSpec, ShipmentSpec
from ups.tracking_client import TrackingClient

Product, Outcome = ProductCheck.Product, ProductCheck.Outcome
_SHIPPER_FAMILIES = ("1101", "1201")
"""Refusals about the shipper, of Rating and of Shipping (`ups.md` 18)."""
_LOOK_BACK = timedelta(hours=1)
"""Naming a period leaves the files of Quantum View unread for the readers (`ups.md` 11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found out about one product; `problem` may also stand beside a good outcome, as a remark."""

    product: str
    outcome: str
    problem: str = ""
    what_to_do: str = ""
    ups_code: str = ""

    @property
    def told(self) -> str:
        """The problem with what to do."""
        return f"{self.problem} {self.what_to_do}".strip()


class Found(Protocol):
    """A finding, or the row that keeps it."""

    @property
    def product(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def ups_code(self) -> str: ...


def beside(
    account: Account, client: UpsClient, tracker: TrackingClient, *, feeds: Iterable[str], at: datetime
) -> Iterator[Finding]:
    """Ask every product that shipping does not need, as far as there is something to ask."""
    yield _rating(account, client)
    yield _asked(Product.TRACKING, lambda: _ask_about_a_parcel(account, tracker))
    if account.alert_version != Account.AlertVersion.OFF:
        yield _asked(Product.TRACK_ALERT, lambda: _ask_to_subscribe(account, tracker))
    names = list(feeds)
    if names:
        yield _asked(Product.QUANTUM_VIEW, lambda: _ask_for_files(tracker, names, at=at))
    if has_address(account) and address_validation.is_asked(shipper_of(account)):
        yield _asked(Product.ADDRESS_VALIDATION, lambda: _ask_about_the_address(account, client))


def is_about_shipper(found: Found) -> bool:
    """Whether UPS refused the shipper number when it was asked for a price."""
    is_refused_price = found.product == Product.RATING and found.outcome == Outcome.REFUSED
    return is_refused_price and found.ups_code.startswith(_SHIPPER_FAMILIES)


def unreadable() -> Finding:
    """The stored credentials cannot be opened: their key is gone."""
    return Finding(
        product=Product.TOKEN,
        outcome=Outcome.REFUSED,
        problem=said("The stored client ID and client secret can no longer be opened."),
        what_to_do=said("Enter both again."),
    )


def add_product(product: str) -> str:
    """The way to add a product in UPS's portal."""
    return said(
        "Open your app at developer.ups.com and add the product {product}, then save. UPS can take some minutes; then "
        "check again.",
        product=Product(product).label,
    )


def wrong_shipper_number(account: Account, reason: str) -> str:
    """That the number and the app do not belong together."""
    return said(
        "UPS does not accept the shipper number {number}: {reason}", number=account.shipper_number, reason=reason
    )


def compare() -> str:
    """What to look at when UPS does not accept the shipper number."""
    return said(
        "Compare number, country and address with a UPS invoice, and see in the UPS developer portal "
        "whether the account is linked to the app."
    )


def _asked(product: str, ask: Callable[[], str]) -> Finding:
    """The finding from a question that gives what is wrong, or nothing when all is well."""
    try:
        problem = ask()
    except UpsProductMissing as error:
        return _finding(product, Outcome.NOT_ADDED, error)
    except (UpsAccountBlocked, UpsRejected) as error:
        return _finding(product, Outcome.REFUSED, error)
    except UpsError as error:
        return _finding(product, Outcome.UNKNOWN, error)
    return Finding(product=product, outcome=Outcome.REFUSED if problem else Outcome.GOOD, problem=problem)


def _finding(product: str, outcome: str, error: UpsError) -> Finding:
    return Finding(product=product, outcome=outcome, problem=error.message, ups_code=error.code)


def _rating(account: Account, client: UpsClient) -> Finding:
    """A price for a parcel to the shipper herself, at her own rates, proves the shipper number."""
    if not has_address(account):
        problem = said("UPS is asked as soon as the address that you ship from is known.")
        return Finding(product=Product.RATING, outcome=Outcome.UNKNOWN, problem=problem)
    remarks: list[str] = []
    found = _asked(Product.RATING, lambda: _ask_for_a_price(account, client, remarks))
    if is_about_shipper(found):
        return Finding(
            product=found.product,
            outcome=found.outcome,
            problem=wrong_shipper_number(account, found.problem),
            what_to_do=compare(),
            ups_code=found.ups_code,
        )
    if found.outcome == Outcome.GOOD and remarks:
        return Finding(product=found.product, outcome=found.outcome, problem=remarks[0])
    return found


def _ask_for_a_price(account: Account, client: UpsClient, remarks: list[str]) -> str:
    rated = client.rate(_sample(account))
    if rated.lacks_own_rates:
        remarks.append(
            said(
                "UPS shows its list prices only: your app may not see the contract prices of {number}.",
                number=account.shipper_number,
            )
        )
    return ""


def _sample(account: Account) -> ShipmentSpec:
    """One small parcel back to where it comes from, by the most usual service there."""
    shipper = shipper_of(account)
    return ShipmentSpec(
        shipper=shipper,
        shipper_number=account.shipper_number,
        ship_to=shipper,
        service_code=offered_services(shipper.country)[0].code,
        parcels=(ParcelSpec(weight=Decimal(1), length=Decimal(20), width=Decimal(15), height=Decimal(10)),),
        reference="check",
    )


def _ask_about_a_parcel(account: Account, tracker: TrackingClient) -> str:
    """That UPS refuses the number shows that the product is there."""
    with suppress(UpsRejected):
        tracker.track(_no_parcel(account))
    return ""


def _no_parcel(account: Account) -> str:
    """Of our own form but too short for a parcel: Track Alert takes whatever has the form of a number."""
    return f"1Z{account.shipper_number}0000000"


def _ask_to_subscribe(account: Account, tracker: TrackingClient) -> str:
    is_v1 = account.alert_version == Account.AlertVersion.V1
    tracker.subscribe((_no_parcel(account),), destination=destination_of(account) if is_v1 else None)
    return ""


def _ask_for_files(tracker: TrackingClient, names: list[str], *, at: datetime) -> str:
    """The first subscription that UPS has something against."""
    for name in names:
        request = events_request(name=name, begins_at=at - _LOOK_BACK, context="check")
        problem = read_view(tracker.quantum_view(request)).problem
        told = _view_problem(name, problem) if problem else ""
        if told:
            return told
    return ""


def _view_problem(name: str, problem: ViewProblem) -> str:
    if problem.kind is ProblemKind.TRANSIENT:
        raise UpsUnavailable(said("UPS cannot answer at the moment."), operation="quantum view", code=problem.code)
    if is_unknown_name(problem):
        return said(
            "UPS knows no Quantum View subscription “{name}”, or it holds nothing yet. Compare the name at ups.com, "
            "under Quantum View Manage.",
            name=name,
        )
    if problem.kind is ProblemKind.REFUSED:
        return said(
            "UPS refuses to read the Quantum View subscription “{name}”: {reason}", name=name, reason=problem.text
        )
    return ""


def _ask_about_the_address(account: Account, client: UpsClient) -> str:
    """Whatever UPS makes of the address, the product is there; the address itself is looked at where it is entered."""
    client.validate_address(shipper_of(account))
    return ""
