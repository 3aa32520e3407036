"""Two clocks at once, as in a deployment or by mistake, and one that is lost: each job is done, and once."""

import uuid
from collections.abc import Iterator

import pytest

from syncjobs.models import Heartbeat
from tests.engine.conftest import Beat, Bench, Worker, start_beat
from tests.standins import poll

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
PATIENCE_SECONDS = 25


@pytest.fixture
def beats(bench: Bench) -> Iterator[list[Beat]]:
    """Two, both of which have begun to tick."""
    both = [start_beat(bench.orders) for _ in range(2)]
    assert poll(lambda: all(beat.ticks() for beat in both), seconds=PATIENCE_SECONDS), [beat.log() for beat in both]
    yield both
    for beat in both:
        if beat.process.poll() is None:
            beat.kill()


def done_by_the_clock(bench: Bench) -> list[uuid.UUID]:
    """Jobs that no worker was woken for; returns once a sweep has found them."""
    subjects = [bench.ask_for_tomorrow("finish") for _ in range(6)]
    bench.let_tomorrow_come()
    assert poll(lambda: all(bench.notes(each, "ended") for each in subjects), seconds=PATIENCE_SECONDS)
    return subjects


def test_two_clocks_do_each_job_once_and_the_one_that_is_left_goes_on(
    bench: Bench, kept_worker: Worker, beats: list[Beat]
) -> None:
    before = [beat.ticks() for beat in beats]
    first = done_by_the_clock(bench)
    assert poll(lambda: all(beat.ticks() > old for beat, old in zip(beats, before, strict=True)), seconds=5)

    beats[0].kill()
    seen_at = Heartbeat.objects.get(name="beat").seen_at
    then = done_by_the_clock(bench)
    assert poll(lambda: Heartbeat.objects.get(name="beat").seen_at > seen_at, seconds=5)

    assert [len(bench.notes(subject, "began")) for subject in first + then] == [1] * 12
    assert kept_worker.process.poll() is None
