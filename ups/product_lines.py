"""What the last check found about each product, as pages show it. All texts are English (`wording.local`)."""

from collections.abc import Iterable
from dataclasses import dataclass

from connector_site.lib.wording import said
from ups.models import Account, ProductCheck
from ups.products import NEEDED

Product, Outcome = ProductCheck.Product, ProductCheck.Outcome

_USES: dict[str, str] = {
    Product.TOKEN: said("They open the door to UPS."),
    Product.SHIPPING: said("Makes shipments and labels, under your shipper number."),
    Product.RATING: said("Tells prices before anything is shipped, and proves the shipper number."),
    Product.TRACKING: said("Tells where a parcel is, when we ask."),
    Product.TRACK_ALERT: said("Tells of each scan by itself, within minutes."),
    Product.QUANTUM_VIEW: said("A second source for what the other ways may have missed."),
    Product.ADDRESS_VALIDATION: said("Says whether UPS knows an address in the United States or Puerto Rico."),
}
_TOKEN_NAME = said("Client ID and secret")
"""The only name here that is not UPS's own."""
_WORDS: dict[str, tuple[str, str]] = {
    Outcome.GOOD: (said("In order"), "good"),
    Outcome.NOT_ADDED: (said("Not added to the app"), "stop"),
    Outcome.REFUSED: (said("Not accepted"), "stop"),
    Outcome.UNKNOWN: (said("Not known yet"), "quiet"),
}
_NOT_CHECKED = (said("Not checked yet"), "quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductLine:
    """One product: what it is for, what was found, and what UPS said."""

    product: str
    name: str
    use: str
    word: str
    look: str
    problem: str
    is_needed: bool


def lines_of(account: Account, checks: Iterable[ProductCheck]) -> list[ProductLine]:
    """A line for each product that was asked about; nothing counts any more once UPS has stopped the account."""
    found = {check.product: check for check in checks}
    known = list(found) or list(NEEDED)
    for product in NEEDED:
        if product not in known:
            known.append(product)
    order = list(Product.values)
    return [_line(account, product, found.get(product)) for product in sorted(known, key=order.index)]


def missing_products(checks: Iterable[ProductCheck]) -> list[str]:
    """The names of products that the app lacks."""
    return [Product(check.product).label for check in checks if check.outcome == Outcome.NOT_ADDED]


def _line(account: Account, product: str, check: ProductCheck | None) -> ProductLine:
    is_old = check is None or _stopped_since(account)
    word, look = _NOT_CHECKED if is_old or check is None else _WORDS[check.outcome]
    is_needed = product in NEEDED
    if look == "stop" and not is_needed:
        look = "ask"
    return ProductLine(
        product=product,
        name=_TOKEN_NAME if product == Product.TOKEN else Product(product).label,
        use=_USES[product],
        word=word,
        look=look,
        problem="" if is_old or check is None else check.problem,
        is_needed=is_needed,
    )


def _stopped_since(account: Account) -> bool:
    """Whether the work on a shipment stopped the account after its last check, which then proves nothing."""
    stopped_at, checked_at = account.stopped_at, account.checked_at
    return stopped_at is not None and checked_at is not None and stopped_at > checked_at
