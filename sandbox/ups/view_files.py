"""Quantum View's files: what happened to an account's parcels, bundled by time (ups.md 11)."""

import base64
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_bytes, token_hex

from sandbox.ups.travel.activity import Activity
from sandbox.ups.view_records import Json, Scan, records_of

RECORD_KINDS = ("Manifest", "Origin", "Exception", "Delivery", "Generic")
KEPT_DAYS = 7
"""ups.md 11."""
ACTIVE = "A"
STATUS_TEXTS = {
    "UN": "Unknown",
    "AT": "Activate",
    "P": "Pending",
    ACTIVE: "Active",
    "I": "Inactive",
    "S": "Suspended",
}
LEAST_WINDOW_SECONDS = 1.0
BOOKMARK_BYTES = 12
MAX_BOOKMARKS = 1_000
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewFile:
    """A finished file. Its own time is the end of the window it covers."""

    name: str
    at: datetime
    records: Mapping[str, tuple[Json, ...]]


@dataclass(slots=True, kw_only=True)
class ViewSubscription:
    """A subscription set up on UPS's site for one account. It knows which files were handed out as unread."""

    shipper_number: str
    name: str
    created_at: datetime
    kinds: frozenset[str] = frozenset(RECORD_KINDS)
    status: str = ACTIVE
    number: str = field(default_factory=lambda: token_hex(8).upper())
    read: set[str] = field(default_factory=set)

    def shows(self, file: ViewFile) -> bool:
        """Whether the file holds records for it; nothing from before the subscription is told."""
        is_covered = self.status == ACTIVE and file.at >= self.created_at
        return is_covered and not self.kinds.isdisjoint(file.records)

    def as_json(self) -> Json:
        """As shown by the control routes."""
        return {
            "shipper_number": self.shipper_number,
            "name": self.name,
            "number": self.number,
            "types": sorted(self.kinds),
            "status": self.status,
            "created_at": self.created_at.isoformat(),
            "read_files": len(self.read),
        }


@dataclass(slots=True)
class AccountFiles:
    """The files of one shipper account, cut up to `cut_at`; what comes to light later goes into a later file."""

    cut_at: datetime | None = None
    files: list[ViewFile] = field(default_factory=list)
    _taken: set[tuple[str, datetime]] = field(default_factory=set)

    def has(self, activity: Activity) -> bool:
        """Whether a file tells of it already."""
        return _key(activity) in self._taken

    def cut(self, scans: Iterable[Scan], *, now: datetime, window_seconds: float) -> None:
        """Make every file whose window has passed, and let go what is older than seven days."""
        window = max(window_seconds, LEAST_WINDOW_SECONDS)
        due: defaultdict[datetime, list[Scan]] = defaultdict(list)
        for scan in scans:
            if not self.has(scan.activity):
                due[self._end_of_window(scan.activity.known_at, window)].append(scan)
        for at in sorted(at for at in due if at <= now):
            self._taken.update(_key(scan.activity) for scan in due[at])
            self._add(at, records_of(due[at]))
        passed = _on_grid(now, window, rounded=math.floor)
        self.cut_at = max(self.cut_at, passed) if self.cut_at else passed
        self.files = [file for file in self.files if file.at > now - timedelta(days=KEPT_DAYS)]

    def _end_of_window(self, known_at: datetime, window: float) -> datetime:
        earliest = max(known_at, self.cut_at + _TICK) if self.cut_at else known_at
        return _on_grid(earliest, window, rounded=math.ceil)

    def _add(self, at: datetime, records: Mapping[str, tuple[Json, ...]]) -> None:
        if not records:
            return
        stamp = at.strftime("%y%m%d_%H%M%S")
        same_second = Counter(file.name[:-3] for file in self.files)[stamp]
        self.files.append(ViewFile(name=f"{stamp}{same_second + 1:03d}", at=at, records=records))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The rest of one question's files; its bookmark stays good, so that a page can be asked for again."""

    question: str
    rest: tuple[tuple[ViewSubscription, ViewFile], ...]
    marks_read: bool


@dataclass(slots=True)
class ViewStore:
    """Subscriptions, files by account, the latest bookmarks."""

    subscriptions: list[ViewSubscription] = field(default_factory=list)
    accounts: defaultdict[str, AccountFiles] = field(default_factory=lambda: defaultdict(AccountFiles))
    _pages: dict[str, Page] = field(default_factory=dict)

    def subscribe(
        self, *, shipper_number: str, name: str, kinds: frozenset[str], status: str, at: datetime
    ) -> ViewSubscription:
        """A new subscription; the same account and name again changes it."""
        known = next((each for each in self.of({shipper_number}) if each.name == name), None)
        if known is None:
            known = ViewSubscription(shipper_number=shipper_number, name=name, created_at=at)
            self.subscriptions.append(known)
        known.kinds, known.status = kinds, status
        return known

    def of(self, shipper_numbers: Iterable[str]) -> list[ViewSubscription]:
        """The subscriptions of these accounts."""
        wanted = set(shipper_numbers)
        return [each for each in self.subscriptions if each.shipper_number in wanted]

    def keep(self, page: Page) -> str:
        """A bookmark for the page; the oldest one goes when there are too many."""
        if len(self._pages) >= MAX_BOOKMARKS:
            del self._pages[next(iter(self._pages))]
        bookmark = base64.b64encode(token_bytes(BOOKMARK_BYTES)).decode()
        self._pages[bookmark] = page
        return bookmark

    def find(self, bookmark: str) -> Page | None:
        """The page of a bookmark."""
        return self._pages.get(bookmark)

    def clear(self) -> None:
        """Forget everything."""
        self.subscriptions.clear()
        self.accounts.clear()
        self._pages.clear()


def _key(activity: Activity) -> tuple[str, datetime]:
    """Ids alone are given anew to what was planned and given up."""
    return activity.id, activity.happened_at


def _on_grid(at: datetime, window: float, *, rounded: Callable[[float], int]) -> datetime:
    return datetime.fromtimestamp(rounded(at.timestamp() / window) * window, tz=UTC)
