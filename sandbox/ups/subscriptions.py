"""Who wants to be told about which parcel, and where (ups.md 10)."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.ups.travel.activity import Activity

LIFE = timedelta(days=14)
"""Of a subscription by number; there is no renewal but to subscribe again (ups.md 10.2)."""
ENHANCED = "enhanced"
PREFERENCES_BY_TYPE = {"D": "D", "I": "I", "P": "I", "M": "M", "MV": "M", "X": "X"}
UPDATE = "U"
UPDATE_PREFERENCES = frozenset({"D", "X"})
"""Both bring updates (ups.md 10.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The address of a v1 subscription with the credential that every push carries."""

    url: str
    credential_type: str
    credential: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Of one number, or of every parcel of an account. Without a destination the app's portal data count (v2)."""

    client_id: str
    kind: str
    preferences: frozenset[str]
    made_at: datetime
    tracking_number: str = ""
    shipper_number: str = ""
    destination: Destination | None = None

    @property
    def ends_at(self) -> datetime | None:
        """Account subscriptions have no end."""
        return self.made_at + LIFE if self.tracking_number else None

    def wants(self, activity: Activity) -> bool:
        """Whether the activity falls into its time and among its event types; there is no history."""
        if activity.known_at < self.made_at or (self.ends_at and activity.known_at >= self.ends_at):
            return False
        if not self.preferences:
            return True
        if activity.type == UPDATE:
            return not self.preferences.isdisjoint(UPDATE_PREFERENCES)
        return PREFERENCES_BY_TYPE.get(activity.type, "") in self.preferences

    def as_json(self, *, now: datetime) -> dict[str, object]:
        """As shown by the control routes, without the credential."""
        return {
            "client_id": self.client_id,
            "kind": self.kind,
            "version": "v1" if self.destination else "v2",
            "tracking_number": self.tracking_number,
            "shipper_number": self.shipper_number,
            "url": self.destination.url if self.destination else "",
            "event_preferences": sorted(self.preferences),
            "made_at": self.made_at.isoformat(),
            "ends_at": self.ends_at.isoformat() if self.ends_at else None,
            "active": self.ends_at is None or now < self.ends_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCredentials:
    """What an app's owner entered in UPS's portal for v2 (ups.md 10.1)."""

    client_id: str
    url: str
    token_url: str
    webhook_client_id: str
    webhook_client_secret: str

    def as_json(self) -> dict[str, object]:
        """As shown by the control routes, without the secret."""
        return {
            "client_id": self.client_id,
            "url": self.url,
            "token_url": self.token_url,
            "webhook_client_id": self.webhook_client_id,
        }


@dataclass(slots=True)
class SubscriptionStore:
    """Subscriptions in the order they were made, and the portal data of each app."""

    webhooks: dict[str, WebhookCredentials] = field(default_factory=dict)
    """By the client id of the UPS app."""
    _by_number: defaultdict[str, list[Subscription]] = field(default_factory=lambda: defaultdict(list))
    _by_account: dict[tuple[str, str], Subscription] = field(default_factory=dict)
    _newest_credential: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, subscription: Subscription, *, keep_duplicates: bool) -> None:
        """Take a subscription of one number; without duplicates it takes the place of the same app's former one."""
        kept = self._by_number[subscription.tracking_number]
        if not keep_duplicates:
            kept = [each for each in kept if each.client_id != subscription.client_id]
        self._by_number[subscription.tracking_number] = [*kept, subscription]
        if subscription.destination:
            key = (subscription.client_id, subscription.destination.url)
            self._newest_credential[key] = subscription.destination.credential

    def add_account(self, subscription: Subscription) -> None:
        """Take a subscription of an account, in place of the same app's former one."""
        self._by_account[subscription.client_id, subscription.shipper_number] = subscription

    def remove_account(self, *, client_id: str, shipper_number: str) -> bool:
        """False when there was none."""
        return self._by_account.pop((client_id, shipper_number), None) is not None

    def wanting(self, activity: Activity, *, shipper_number: str) -> list[Subscription]:
        """Every subscription that this activity is pushed for."""
        of_account = [each for each in self._by_account.values() if each.shipper_number == shipper_number]
        of_number = self._by_number.get(activity.tracking_number, [])
        return [
            each for each in [*of_number, *of_account] if each.wants(activity) and self._has_newest_credential(each)
        ]

    def active(self, tracking_number: str, *, shipper_number: str, now: datetime) -> list[Subscription]:
        """Every subscription that a push of this moment would go to."""
        of_account = [each for each in self._by_account.values() if each.shipper_number == shipper_number]
        found = [*self._by_number.get(tracking_number, []), *of_account]
        return [
            each for each in found if (each.ends_at is None or now < each.ends_at) and self._has_newest_credential(each)
        ]

    def all(self) -> list[Subscription]:
        """Every subscription, ended ones too."""
        return [each for found in self._by_number.values() for each in found] + list(self._by_account.values())

    def clear(self) -> None:
        """Forget everything."""
        self.webhooks.clear()
        self._by_number.clear()
        self._by_account.clear()
        self._newest_credential.clear()

    def _has_newest_credential(self, subscription: Subscription) -> bool:
        """A changed credential ends delivery of what was subscribed with the former one (ups.md 10.2)."""
        if subscription.destination is None:
            return True
        key = (subscription.client_id, subscription.destination.url)
        return self._newest_credential.get(key) == subscription.destination.credential
