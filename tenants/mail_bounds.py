"""How many invitations leave in our name: our mail server sends strangers what a member chose.

Counted per address, per company and per person, so that neither withdrawing an invitation nor founding another company
begins a new count (`connector_site.lib.rate_limit`).
"""

import math

from connector_site.lib.rate_limit import Rule, seconds_to_wait
from connector_site.lib.wording import said
from tenants.access import Access
from tenants.team import TeamRefusal

DAY = 24 * 3600
NOT_AGAIN_BEFORE = 10 * 60
"""Our own bound: a mail may take a few minutes; sending it again at once helps nobody."""
TO_ONE_ADDRESS_A_DAY = 5
"""Our own bound, for one company."""
LIVE_A_DAY = 50
"""Our own bound, for a company and for a person: a whole team can be asked in within a day."""
NOT_LIVE_A_DAY = 10
"""Our own bound until the company has gone live: until then anybody at all can be behind it."""

_AT_ONCE = Rule(name="invitation-again", requests=1, seconds=NOT_AGAIN_BEFORE)
_ADDRESS = Rule(name="invitation-address", requests=TO_ONE_ADDRESS_A_DAY, seconds=DAY)


def count(access: Access, email: str) -> None:
    """Count a mail that is about to be sent; raises `TeamRefusal` with the time to wait. Not inside a transaction."""
    a_day = LIVE_A_DAY if access.is_live else NOT_LIVE_A_DAY
    address = f"{access.tenant_id}:{email}"
    _must_be_within(_AT_ONCE, address)
    _must_be_within(_ADDRESS, address)
    _must_be_within(Rule(name="invitation-company", requests=a_day, seconds=DAY), str(access.tenant_id))
    _must_be_within(Rule(name="invitation-person", requests=a_day, seconds=DAY), str(access.user_id))


def _must_be_within(rule: Rule, key: str) -> None:
    wait = seconds_to_wait(rule, key)
    if not wait:
        return
    minutes = math.ceil(wait / 60)
    if rule == _AT_ONCE:
        raise TeamRefusal(
            said("This address was sent an invitation a moment ago. Try again in {minutes} min.", minutes=minutes)
        )
    raise TeamRefusal(said("Too many invitations were sent today. Try again in {minutes} min.", minutes=minutes))
