"""Many processes find the same token of Exact too old, again and again: one renews it, none sends a spent one."""

from collections import Counter
from pathlib import Path

from bench.faults.figure import Figure
from bench.faults.ground import inside, system
from bench.faults.sizes import Sizes
from bench.ground import Ground, say
from bench.usage import suspended

SECONDS_EACH = 5
START_SECONDS = 120
TOKEN_CALL = "oauth.token"  # noqa: S105  the name of a call
BYSTANDERS = ("worker", "beat")
"""They would renew the token too."""


def measure(data_directory: Path, sizes: Sizes, seed: int) -> list[Figure]:
    """The processes' answers, and what the stand-in's token endpoint saw."""
    del seed
    say(f"{sizes.renewing_processes} processes, {sizes.renewals} expiries of one token")
    with system(data_directory, tenants=1) as ground:
        ground.forget()
        order = {
            "exact": ground.exact.address,
            "processes": sizes.renewing_processes,
            "renewals": sizes.renewals,
        }
        limit = START_SECONDS + SECONDS_EACH * sizes.renewals
        with suspended(part for part in ground.parts if part.name in BYSTANDERS):
            rounds = inside(ground, "bench.faults.inside_tokens", order, seconds=limit)
        statuses = _statuses(ground)
    once = sum(each["renewals"] == 1 and each["tokens"] == 1 and not each["without"] for each in rounds)
    refused = sum(count for status, count in statuses.items() if status != "200")
    return [
        Figure(
            name=f"{sizes.renewing_processes} processes x {sizes.renewals} expiries of an Exact token",
            asked="one renewal each, 0 spent tokens sent",
            measured=f"{once} of {len(rounds)} with one renewal, {sum(statuses.values())} calls, {refused} refused",
            is_met=once == len(rounds) == sum(statuses.values()) and refused == 0,
            details={"statuses": dict(statuses), "odd": [each for each in rounds if each["renewals"] != 1]},
        )
    ]


def _statuses(ground: Ground) -> Counter[str]:
    """A spent token is refused by the stand-in, so a call that was not answered 200 would be one."""
    return Counter(str(call.status) for call in ground.exact.calls() if call.operation == TOKEN_CALL)
