"""What can be changed about the UPS stand-in while it runs."""

from dataclasses import dataclass, field

from sandbox.core.settings import Settings, one_of


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
