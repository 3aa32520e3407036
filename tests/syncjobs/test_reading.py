"""How many deliveries one call to Exact can name."""

import re
import uuid

import responses

from connector_site.lib.outside_calls import ignore
from connector_site.lib.secrets import Secret
from exact.client import ExactClient
from exact.transport import Transport, new_session
from syncjobs.steps.reading import READ_AT_ONCE
from tests.exact.wire import HandTokens, OpenGate

LONGEST_HOST = "https://start.exactonline.co.uk"
"""Of the seven sites (`exact.md` 2)."""
LONGEST_DIVISION = 99_999_999
EMPTY: dict[str, dict[str, list[object]]] = {"d": {"results": []}}


@responses.activate
def test_as_many_deliveries_as_are_read_together_cost_one_call_at_every_site() -> None:
    responses.get(re.compile(re.escape(LONGEST_HOST)), json=EMPTY)
    gate = OpenGate()
    transport = Transport(
        session=new_session(),
        base_url=LONGEST_HOST,
        division=LONGEST_DIVISION,
        tokens=HandTokens(current=Secret("a token")),
        gate=gate,
        observe=ignore,
    )

    ExactClient(transport).goods_deliveries([uuid.uuid4() for _ in range(READ_AT_ONCE)])

    assert len(gate.entered) == 1
