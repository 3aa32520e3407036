"""Who may call: apps with their client id and secret, and the shipper accounts behind them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Product(StrEnum):
    """API products that are added to an app in UPS's portal (ups.md 2)."""

    SHIPPING = "shipping"
    TRACKING = "tracking"
    TRACK_ALERT = "track_alert"
    QUANTUM_VIEW = "quantum_view"
    RATING = "rating"
    TIME_IN_TRANSIT = "time_in_transit"
    PICKUP = "pickup"
    ADDRESS_VALIDATION = "address_validation"
    PAPERLESS = "paperless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A shipper number and the country it was opened in."""

    shipper_number: str
    country: str
    postal_code: str = ""
    usable: bool = True
    negotiated_rates: bool = True

    def as_json(self) -> dict[str, object]:
        """As shown by the control routes."""
        return {
            "shipper_number": self.shipper_number,
            "country": self.country,
            "postal_code": self.postal_code,
            "usable": self.usable,
            "negotiated_rates": self.negotiated_rates,
        }


@dataclass(slots=True, kw_only=True)
class Client:
    """An app. Accounts are found by shipper number."""

    client_id: str
    client_secret: str
    products: frozenset[Product]
    accounts: dict[str, Account] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """As shown by the control routes, without the secret."""
        return {
            "client_id": self.client_id,
            "products": sorted(self.products),
            "accounts": [account.as_json() for account in self.accounts.values()],
        }


@dataclass(slots=True)
class AccountRegistry:
    """Every app that is known here."""

    _clients: dict[str, Client] = field(default_factory=dict)

    def register(
        self, account: Account, *, client_id: str, client_secret: str, products: Iterable[Product] = tuple(Product)
    ) -> Client:
        """Add an account to an app; the app is made, or gets this secret and these products, on the way."""
        known = self._clients.get(client_id)
        accounts = known.accounts if known else {}
        client = Client(
            client_id=client_id,
            client_secret=client_secret,
            products=frozenset(products),
            accounts=accounts | {account.shipper_number: account},
        )
        self._clients[client_id] = client
        return client

    def find(self, client_id: str) -> Client | None:
        """The app of that id."""
        return self._clients.get(client_id)

    def all(self) -> list[Client]:
        """Every app, oldest first."""
        return list(self._clients.values())

    def clear(self) -> None:
        """Forget every app."""
        self._clients.clear()
