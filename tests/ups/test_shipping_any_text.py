"""Whatever people type: a request within UPS's limits that holds every word, or problems that say why not."""

from contextlib import nullcontext
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts import ups_spec
from tests.ups.makers import make_party, make_spec
from ups.errors import SpecInvalid
from ups.shipping import ParcelSpec, build_request, check
from ups.text import printable

TEXT = st.text(max_size=45)


@given(
    name=TEXT,
    attention=TEXT,
    lines=st.lists(TEXT, max_size=4).map(tuple),
    city=TEXT,
    phone=TEXT,
    postal_code=st.from_regex(r"[0-9]{4} ?[a-zA-Z]{2}", fullmatch=True) | st.text(max_size=12),
    weight=st.decimals(min_value="-1", max_value="90", places=4),
)
@settings(max_examples=150, deadline=None)
def test_any_receiver_is_sent_or_refused_with_reasons(
    *,
    name: str,
    attention: str,
    lines: tuple[str, ...],
    city: str,
    phone: str,
    postal_code: str,
    weight: Decimal,
) -> None:
    receiver = make_party(
        "NL", name=name, attention=attention, address_lines=lines, city=city, phone=phone, postal_code=postal_code
    )
    spec = make_spec(ship_to=receiver, parcels=(ParcelSpec(weight=weight),))

    problems = check(spec)

    assert all(problem.message and problem.where_to_fix for problem in problems)
    with pytest.raises(SpecInvalid) if problems else nullcontext():
        assert ups_spec.request_problems(ups_spec.SHIP, build_request(spec)) == []


@given(
    name=st.text(st.characters(categories=["L", "Nd", "Zs", "P"]), min_size=1, max_size=11),
    line=st.text(st.characters(categories=["L", "Nd", "Zs", "P"]), min_size=1, max_size=11),
    weight=st.decimals(min_value="0.0001", max_value="70", places=4),
)
@settings(max_examples=100, deadline=None)
def test_receiver_within_the_limits_is_sent_whole(name: str, line: str, weight: Decimal) -> None:
    receiver = make_party("NL", name=f"A{name}", address_lines=(f"B{line}",))

    body = build_request(make_spec(ship_to=receiver, parcels=(ParcelSpec(weight=weight),)))

    assert ups_spec.request_problems(ups_spec.SHIP, body) == []
    sent = body["ShipmentRequest"]["Shipment"]["ShipTo"]
    assert sent["Name"] == printable(receiver.name)
    assert sent["Address"]["AddressLine"] == [printable(line) for line in receiver.address_lines]
