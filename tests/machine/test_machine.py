"""Whatever happens to a customer, in whatever order: nothing twice, nothing lost.

`MACHINE_EXAMPLES=300 make test ARGS="tests/machine --hypothesis-seed=1 -s"` for a long run, which tells what it tried.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.machine import Machine
from tests.machine.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
FEW = 5
STEPS = 14


def test_whatever_happens_nothing_is_shipped_twice_and_nothing_is_lost(
    new_world: Callable[[], World], tally: Counter[str]
) -> None:
    run_state_machine_as_test(
        cast("type[Machine]", lambda: Machine(new_world())),
        settings=settings(
            max_examples=EXAMPLES or FEW,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            print_blob=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    sys.stdout.write("".join(f"{count:5} {what}\n" for what, count in sorted(tally.items())))
