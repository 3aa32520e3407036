"""The seven sites of Exact Online, reachable here under one port by path prefix (exact.md 1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site. `legislation` is the number seen in `Me.Legislation`."""

    code: str
    name: str
    country: str
    currency: str
    legislation: int


SITES: dict[str, Site] = {
    site.code: site
    for site in (
        Site(code="nl", name="Netherlands", country="NL", currency="EUR", legislation=1),
        Site(code="be", name="Belgium", country="BE", currency="EUR", legislation=2),
        Site(code="de", name="Germany", country="DE", currency="EUR", legislation=64),
        Site(code="fr", name="France", country="FR", currency="EUR", legislation=128),
        Site(code="es", name="Spain", country="ES", currency="EUR", legislation=256),
        Site(code="uk", name="United Kingdom", country="GB", currency="GBP", legislation=4),
        Site(code="us", name="United States", country="US", currency="USD", legislation=32),
    )
}
