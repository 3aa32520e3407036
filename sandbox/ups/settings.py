"""What can be changed about the UPS stand-in while it runs."""

from dataclasses import dataclass, field

from sandbox.core.settings import Settings, one_of
from sandbox.ups.travel.scripts import SCRIPTS


@dataclass(slots=True, kw_only=True)
class UpsSettings(Settings):
    """Where the reference leaves two readings, the default is the stricter one."""

    token_seconds: int = 3599
    """Life of a token since 1 April 2026 (ups.md 3)."""
    token_requests_per_minute: int = 30
    """UPS publishes no figure; more than this in a minute is answered 429 (ups.md 3)."""
    api_calls_per_minute: int = 0
    """0 means no limit; UPS publishes no figure (ups.md 4.5)."""
    missing_product_status: int = 401
    """401 or 403, both with code 250002 (ups.md 2)."""
    duties_payer_inside_eu: str = field(default="alert", metadata=one_of("alert", "refuse"))
    """`alert` 121524 or `refuse`, when a payer of duties is named where there are none (ups.md 5.2)."""
    export_without_invoice: str = field(default="refuse", metadata=one_of("refuse", "alert"))
    """`refuse`, or `alert` 120016: the label comes without customs papers (ups.md 1, 5.9)."""
    phone_country_must_match: bool = True
    """The phone number starts with the calling code of the address country (ups.md 5.1)."""
    longest_side_cm: int = 270
    """The specification says 270, the economy table 274 (ups.md 5.5)."""
    length_and_girth_cm: int = 330
    """The text says 330, the arithmetic of 165 in says 419 (ups.md 5.5)."""
    void_days: int = 28
    """The window of UPS's public help (ups.md 6)."""
    return_void_days: int = 1
    """What third parties say of return labels (ups.md 6)."""
    void_refused_countries: str = ""
    """Shipper countries, separated by blanks, whose voids are answered 200 with status 0 (ups.md 1.16)."""
    recovery_days: int = 30
    recovery_lag_seconds: float = 0.0
    """A shipment can be recovered only this long after it was made."""
    recovery_wrapped_errors: bool = True
    """False answers `{"errors": ...}` without the `response` level (ups.md 7)."""
    label_results: str = field(default="as_version", metadata=one_of("as_version", "list", "object"))
    """`list`, `object`, or `as_version`: v1 gives an object for one label, later versions a list (ups.md 4.4)."""
    many_matches: str = field(default="candidates", metadata=one_of("candidates", "error"))
    """`candidates` or `error` 300001, when a reference names several shipments (ups.md 7)."""
    travel_script: str = field(default="", metadata=one_of("", *SCRIPTS))
    """A script that every parcel of a new shipment travels by; empty: parcels wait until they are sent off."""
    travel_delay_seconds: float = 0.0
    """From the label to the start of that travel."""
    travel_hours_per_second: float = 0.0
    """Hours of the script per second of the clock; 0 lets them take as long as they say."""
    travel_mixed: bool = False
    """Every second parcel of a shipment travels with its pushes lost."""
    track_shape: str = field(default="as_spec", metadata=one_of("as_spec", "sparse", "objects", "nulls", "bare"))
    """`sparse` leaves out one optional field of each activity in turn, `objects` gives single objects for lists,
    `nulls` gives null where there is nothing to say, `bare` no activity at all (ups.md 4.4, 8)."""
    track_not_found_seconds: float = 0.0
    """TW0001 this long after the label (ups.md 8)."""
    allow_http_loopback: bool = True
    """Webhook and token addresses on the own machine may do without TLS."""
    alert_refuse_numbers: str = ""
    """Numbers or their ends, separated by blanks, that are answered as invalid."""
    alert_forget_numbers: str = ""
    """Numbers or their ends, separated by blanks, that are answered in neither list (ups.md 10.2)."""
    alert_duplicates: bool = True
    """Events of a number that is subscribed twice arrive twice (ups.md 10.2)."""
    alert_token_style: str = field(default="basic", metadata=one_of("basic", "form"))
    """Client id and secret in the header or in the form, when a token of the customer is fetched (ups.md 20)."""
    push_order: str = field(default="as_happened", metadata=one_of("as_happened", "reversed", "shuffled"))
    """Other orders are made of what is held back for `push_hold_seconds`."""
    push_hold_seconds: float = 1.0
    push_copies: int = 1
    push_lose: str = field(default="none", metadata=one_of("none", "all", "every_second"))
    """Pushes that get lost on the way, on top of what was arranged for a parcel."""
    push_delay_ms: int = 0
    push_leading_blank: bool = False
    """A blank before the tracking number, as in UPS's own examples (ups.md 10.3)."""
    address_test_states: bool = False
    """True lets addresses of New York and California be known alone, as the test system has it (ups.md 2)."""
    view_file_minutes: float = 10.0
    """A Quantum View file covers this much time."""
    view_delay_seconds: float = 7200.0
    """A file is out this long after its own time; real ones are hours late (ups.md 11)."""
    view_files_per_page: int = 3
    """What does not fit comes with a bookmark (ups.md 11)."""
    view_no_files: str = field(default="empty", metadata=one_of("empty", "error"))
    """Without files: an answer without `SubscriptionFile`, or a hard error (ups.md 11)."""
    view_errors_as_status: bool = False
    """Refusals that no repetition cures come in the usual envelope with status 400, not in a 200 (ups.md 11)."""
    view_shape: str = field(default="as_version", metadata=one_of("as_version", "lists", "objects"))
    """`lists`, `objects`, or `as_version`: lists since v3 (ups.md 4.4)."""
    view_request_form: str = field(default="any", metadata=one_of("any", "lists", "objects"))
    """Which form of `SubscriptionRequest` is taken: the schema says lists, UPS's examples have objects (ups.md 11)."""
    view_retry_seconds: int = 0
    """Above 0 every question is answered with a transient error and this time to wait."""
