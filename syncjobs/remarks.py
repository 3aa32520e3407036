"""Our one line in a delivery's remarks. The customer's own text is never touched (`exact.md` 8.1 and 9)."""

MARK = "[UPS]"
"""Our line starts with this, so that it is found and replaced, never added twice."""


def parcels_line(numbers: list[str]) -> str:
    """All tracking numbers of a delivery with several parcels; Exact's own field holds the first."""
    return f"{MARK} {len(numbers)} parcels: {' '.join(numbers)}"


def with_our_line(remarks: str, line: str) -> str:
    """The remarks with our line put in the place of an older one, else at the end."""
    kept = remarks.splitlines()
    places = [index for index, text in enumerate(kept) if text.startswith(MARK)]
    if not places:
        return "\n".join([*kept, line])
    first = places[0]
    return "\n".join(line if index == first else text for index, text in enumerate(kept) if index not in places[1:])
