"""The figures of one page."""

from dataclasses import dataclass

LIST_MS, OVERVIEW_MS = 200, 300
"""What is asked of the server time of pages, 95 of 100 visits; of those that show figures of weeks it is the second."""
OVERVIEWS = ("overview", "reports")
MOST_STATEMENTS = 12
MOST_FIRST_KB, MOST_LATER_KB = 300, 40
"""What may be sent for the first page of a person, style and fonts included, and for each page after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTime:
    """Server time, statements on tables, and what is sent, packed as browsers get it."""

    name: str
    visits: int
    p50_ms: float
    p95_ms: float
    maximum_ms: float
    statements: int
    sent_kb: float

    @property
    def most_ms(self) -> int:
        """What is asked of this page."""
        return OVERVIEW_MS if self.name.split(":")[-1].split("?")[0] in OVERVIEWS else LIST_MS

    @property
    def is_met(self) -> bool:
        """Whether it is as fast, and as small, as it has to be."""
        return self.p95_ms <= self.most_ms and self.statements <= MOST_STATEMENTS and self.sent_kb <= MOST_LATER_KB

    def line(self) -> str:
        """For the table."""
        verdict = "ok  " if self.is_met else "MISS"
        times = f"p50 {self.p50_ms:6.1f}  p95 {self.p95_ms:6.1f}  max {self.maximum_ms:6.1f} ms"
        return f"{verdict} {self.name:44} {times}  {self.statements:3} statements  {self.sent_kb:5.1f} kB"
