"""Our line in the remarks is kept in place; the customer's text is never touched."""

import pytest

from syncjobs.remarks import parcels_line, with_our_line

LINE = parcels_line(["1Z1", "1Z2"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[UPS] 2 parcels: 1Z1 1Z2"),
        ("Ring twice", "Ring twice\n[UPS] 2 parcels: 1Z1 1Z2"),
        ("[UPS] 3 parcels: 1Z7 1Z8 1Z9\nRing twice", "[UPS] 2 parcels: 1Z1 1Z2\nRing twice"),
        ("Ring\r\n[UPS] 1 parcels: 1Z7\r\nTwice", "Ring\r\n[UPS] 2 parcels: 1Z1 1Z2\r\nTwice"),
        ("Ring\r\n[UPS] please call first\r\n", "Ring\r\n[UPS] please call first\r\n[UPS] 2 parcels: 1Z1 1Z2"),
        ("We like [UPS] here", "We like [UPS] here\n[UPS] 2 parcels: 1Z1 1Z2"),
    ],
)
def test_the_line_is_put_in_place(before: str, after: str) -> None:
    assert with_our_line(before, LINE) == after
    assert with_our_line(after, LINE) == after
