"""Everything about parcels on their way: pushes, how soon they are told, whole lives, and the sweep of what is due."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench import lives, pushes, sweep, telling
from bench.ground import Ground, say
from bench.lives import Lives
from bench.pushes import Pushes
from bench.shape import Shape
from bench.sweep import Sweep
from bench.telling import Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """All measurements."""

    pushes: Pushes
    telling: Telling
    lives: Lives
    sweeps: list[Sweep]


def measure(ground: Ground, shape: Shape, booked: Sequence[tuple[int, str]]) -> WayBack:
    """With the parcels of deliveries that were booked before."""
    parcels = pushes.targets(ground, booked)
    say(f"{shape.told_parcels} events, from push to Exact")
    told = telling.measure(ground, parcels[: shape.told_parcels])
    say(f"{shape.pushes_per_second} pushes a second, then as many as are answered")
    pushed = pushes.measure(ground, shape, parcels)
    say(f"{shape.lives} deliveries until they are closed")
    lived = lives.measure(ground, shape)
    say("Sweeps among {} and {} active parcels".format(*shape.sweep_parcels))
    return WayBack(pushes=pushed, telling=told, lives=lived, sweeps=sweep.measure(ground, shape))
