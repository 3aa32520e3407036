"""All figures, one after the other."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.faults import broker, burst, division, fairness, flood, power_cut, tokens
from bench.faults.figure import Figure, table
from bench.faults.sizes import Sizes
from bench.ground import say

Measurement = Callable[[Path, Sizes, int], list[Figure]]
MEASUREMENTS: dict[str, Measurement] = {
    "flood": flood.measure,
    "tokens": tokens.measure,
    "fairness": fairness.measure,
    "division": division.measure,
    "burst": burst.measure,
    "power_cut": power_cut.measure,
    "broker": broker.measure,
}


def measure(data_directory: Path, sizes: Sizes, *, seed: int, only: Sequence[str] = ()) -> list[Figure]:
    """Each figure that is asked for (all by default), on servers and processes of its own below `data_directory`.

    Nothing of it runs afterwards.
    """
    figures: list[Figure] = []
    for name, measurement in MEASUREMENTS.items():
        if not only or name in only:
            found = measurement(data_directory / name, sizes, seed)
            for line in table(found):
                say(line)
            figures += found
    return figures
