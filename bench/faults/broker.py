"""Redis emptied, paused, and killed while deliveries are booked: no work is lost, and how long the longest waits."""

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench import standins, throughput
from bench.faults.figure import Figure
from bench.faults.ground import BROKER, broker_of, replaceable, system
from bench.faults.sizes import Sizes
from bench.ground import Ground, say

TENANTS = 2
EVERY_SECONDS = 2.0
PAUSE_SECONDS = 30
MOST_AFTER_FLUSH_SECONDS = 30
MOST_AFTER_PAUSE_SECONDS = 30
WORK_SECONDS = 180


def measure(data_directory: Path, sizes: Sizes, seed: int) -> list[Figure]:
    """Book one delivery every two seconds through each kind of trouble, and time each to its number in Exact."""
    with system(data_directory, tenants=TENANTS) as ground, replaceable(ground, BROKER) as kill_and_start:
        chance = random.Random(seed)  # noqa: S311  moments that a seed reproduces
        part = sizes.broker_seconds / 3
        found = [
            _through(ground, "Redis emptied", part, chance, lambda: _flush(ground), MOST_AFTER_FLUSH_SECONDS),
            _through(ground, "Redis killed and started", part, chance, kill_and_start, MOST_AFTER_FLUSH_SECONDS),
        ]
        pause = min(PAUSE_SECONDS, part / 2)
        most = MOST_AFTER_PAUSE_SECONDS + pause
        name = f"Redis paused for {pause:.0f} s"
        found.append(_through(ground, name, part, chance, lambda: _pause(ground, pause), most))
    return found


def _flush(ground: Ground) -> None:
    broker_of(ground).flushall()


def _pause(ground: Ground, seconds: float) -> None:
    """The server stands still for so long: it takes connections and answers nothing. Returns at once."""
    process_id = int(broker_of(ground).info("server")["process_id"])
    os.kill(process_id, signal.SIGSTOP)
    threading.Timer(seconds, os.kill, [process_id, signal.SIGCONT]).start()


def _through(
    ground: Ground, name: str, seconds: float, chance: random.Random, make_trouble: Callable[[], None], most: float
) -> Figure:
    """Deliveries booked before, during and after the trouble; the longest from booking to its number in Exact."""
    say(f"{name} while deliveries are booked")
    ground.forget()
    began = troubled = time.time()
    trouble_at = time.monotonic() + seconds * chance.uniform(0.2, 0.4)
    ends = time.monotonic() + seconds
    booked: dict[str, float] = {}
    companies = itertools.cycle(ground.companies)
    while time.monotonic() < ends:
        for entry_id in standins.book(ground.exact, next(companies)):
            booked[entry_id] = time.time()
        if time.monotonic() > trouble_at:
            troubled = time.time()
            make_trouble()
            trouble_at = float("inf")
        time.sleep(EVERY_SECONDS)
    ground.database.wait_until_reported(list(booked), seconds=WORK_SECONDS)
    written = throughput.writes(ground.exact.calls())
    took = {each: written[each].ended_at.timestamp() - at for each, at in booked.items()}
    longest = max(took.values())
    return Figure(
        name=f"{name} while deliveries are booked",
        asked=f"0 lost, none later than {most:.0f} s",
        measured=f"{len(booked) - len(written)} of {len(booked)} lost, the longest took {longest:.1f} s",
        is_met=len(written) == len(booked) and longest <= most,
        details={
            "began": began,
            "trouble": troubled,
            "booked and took": [(at, took[each]) for each, at in booked.items()],
        },
    )
