"""Workers killed at every step of a renewal of Exact's tokens (T1 to T5), with every answer Exact may give to it.

The delivery is shipped in the end, by itself; where the new tokens were lost for good, after a person has connected
again. A token that Exact has spent is sent once more only where nobody could know that it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from syncjobs.models import Delivery
from tests.crash import oracle, places
from tests.crash.answers import STALL_SECONDS, status
from tests.crash.forks import Outcome, Trap
from tests.crash.forms import in_small, paired
from tests.crash.oracle import End
from tests.crash.scene import Scene
from tests.journey.conftest import connect
from tests.standins import free_port

pytestmark = pytest.mark.slow

TOKEN = "/oauth2/token$"
OLD_MINUTES = 11
"""By then an access token is renewed before it is used (`exact.md` 3.3)."""
IMPATIENT = {
    "exact.token_calls.TIMEOUTS": {"connect_seconds": 5.0, "read_seconds": STALL_SECONDS / 2, "total_seconds": 5.0}
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Exact's answer to a renewal; `is_lost` where it has spent the token and the new ones never reach us."""

    fault: Mapping[str, Any] = field(default_factory=dict)
    is_lost: bool = False
    is_refused: bool = False
    """The answer itself ends the chain."""
    is_reached: bool = True


def refusal(error: str, description: str = "") -> dict[str, str]:
    """A refusal of the token endpoint (`exact.md` 3.4)."""
    return {"error": error, "error_description": description}


RENEWALS = {
    "new tokens": Renewal(),
    "a refused connection": Renewal(is_reached=False),
    "too early": Renewal(fault=status(400, refusal("access_denied", "Rate limit exceeded: access_token not expired"))),
    "a wrong registration": Renewal(fault=status(400, refusal("invalid_client", "The client is unknown."))),
    "an old token": Renewal(
        fault=status(401, refusal("unauthorized_client", "Old refresh token used.")), is_refused=True
    ),
    "a chain that ended": Renewal(fault=status(400, refusal("invalid_grant")), is_refused=True),
    "429": Renewal(fault=status(429)),
    "500 before the effect": Renewal(fault=status(500)),
    "500 after the effect": Renewal(fault=status(500, after=True), is_lost=True),
    "a reset before the effect": Renewal(fault={"action": "reset_before"}),
    "a reset after the effect": Renewal(fault={"action": "reset_after"}, is_lost=True),
    "half a body": Renewal(fault={"action": "half_body"}, is_lost=True),
    "a web page after the effect": Renewal(fault={"action": "html_200", "after": True}, is_lost=True),
    "no answer in time": Renewal(fault={"action": "stall_after", "seconds": STALL_SECONDS}, is_lost=True),
}
SENT = ("T2 when the token is sent", "T2 when the answer is read")
KILLED = {
    name: (renewal, place)
    for name, (renewal, place) in paired(RENEWALS, SENT, telling={"new tokens"}).items()
    if renewal.is_reached or place == SENT[1]
}
ALIVE = in_small(RENEWALS, {"an old token", "too early", "a reset before the effect", "a reset after the effect"})
STEPS = {name: trap for name, trap in places.RENEWING.items() if name not in SENT}


@pytest.mark.parametrize("name", ALIVE)
def test_whatever_exact_answers_to_a_renewal_the_delivery_is_shipped(scene: Scene, name: str) -> None:
    renewal = RENEWALS[name]
    delivery = with_an_old_token(scene, renewal)

    assert not meet(scene, renewal).was_killed

    must_reconnect = renewal.is_lost or renewal.is_refused
    assert_shipped(scene, delivery, must_reconnect=must_reconnect, sent_again=int(renewal.is_lost))


@pytest.mark.parametrize("trap", STEPS.values(), ids=STEPS)
def test_a_worker_killed_between_two_steps_of_a_renewal_costs_no_token(scene: Scene, trap: Trap) -> None:
    delivery = with_an_old_token(scene, RENEWALS["new tokens"])

    assert scene.work(trap).was_killed

    assert_shipped(scene, delivery, must_reconnect=False, sent_again=0)


@pytest.mark.parametrize(("renewal", "place"), KILLED.values(), ids=KILLED)
def test_a_worker_killed_over_a_renewal_loses_no_delivery(scene: Scene, renewal: Renewal, place: str) -> None:
    delivery = with_an_old_token(scene, renewal)

    assert meet(scene, renewal, places.RENEWING[place]).was_killed

    is_spent = renewal.is_lost or renewal == RENEWALS["new tokens"]
    assert_shipped(scene, delivery, must_reconnect=is_spent, sent_again=int(is_spent))


def with_an_old_token(scene: Scene, renewal: Renewal) -> Delivery:
    """A booked delivery, and a token that must be renewed before Exact is read."""
    scene.pass_time(OLD_MINUTES)
    delivery = scene.book()
    if renewal.fault:
        scene.exact_trouble(TOKEN, **renewal.fault)
    return delivery


def meet(scene: Scene, renewal: Renewal, trap: Trap | None = None) -> Outcome:
    """Let a worker renew."""
    nobody = {"EXACT_BASE_URLS": scene.settings["EXACT_BASE_URLS"] | {"nl": f"http://127.0.0.1:{free_port()}/nl"}}
    return scene.work(trap, constants=IMPATIENT, **({} if renewal.is_reached else nobody))


def assert_shipped(scene: Scene, delivery: Delivery, *, must_reconnect: bool, sent_again: int) -> None:
    """Shipped by itself, or once a person has connected again; then the work goes on by itself."""
    scene.live_on(lambda: oracle.is_at(scene, delivery, End.SHIPPED) or oracle.needs_reconnect(scene))
    assert oracle.needs_reconnect(scene) == must_reconnect
    if must_reconnect:
        oracle.assert_promises(scene, delivery, tokens_sent_again=sent_again)
        connect(scene.journey.tenant, scene.journey.company)
        scene.live_on(lambda: oracle.is_at(scene, delivery, End.SHIPPED))
    oracle.assert_end(scene, delivery, End.SHIPPED, tokens_sent_again=sent_again)
