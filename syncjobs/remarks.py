"""Our one line in a delivery's remarks. The customer's own text is never touched (`exact.md` 8.1 and 9)."""

import re

MARK = "[UPS]"
_OURS = re.compile(r"^\[UPS\] \d+ parcels:(?: [0-9A-Z]+)+(?=\r?$)", re.MULTILINE)
"""Exactly the form that we write: a line of the customer's that begins with our mark is hers."""


def parcels_line(numbers: list[str]) -> str:
    """All tracking numbers of a delivery with several parcels; Exact's own field holds the first."""
    return f"{MARK} {len(numbers)} parcels: {' '.join(numbers)}"


def with_our_line(remarks: str, line: str) -> str:
    """The remarks with our line put in the place of an older one, else at the end; every other byte stays."""
    if _OURS.search(remarks):
        return _OURS.sub(lambda _: line, remarks, count=1)
    if not remarks:
        return line
    line_end = "\r\n" if "\r\n" in remarks else "\n"
    return f"{remarks}{'' if remarks.endswith(line_end) else line_end}{line}"
