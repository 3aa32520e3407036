"""A figure of one page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTime:
    """The server time of one page."""

    name: str
    visits: int
    p50_ms: float
    p95_ms: float
    maximum_ms: float
