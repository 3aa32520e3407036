"""What changed in Exact that no notification told of: the net under the webhooks (`reliability.md` 3)."""

from syncjobs.queue import Job
from syncjobs.steps.context import Step


def changes(job: Job, step: Step) -> None:
    """The step: read what changed since the last time and take in what is new to us.

    Its subject is a connection. An unknown delivery that was booked after the connection was made is taken in as a
    notification would; a known one is read again where it differs from what we know; a deleted one is dealt with.
    """


def compare(job: Job, step: Step) -> None:
    """The step: have every open delivery of a connection read anew, and what changed since the last good reading.

    After a move of the company, after a new consent, and after an outage longer than Exact keeps deletions.
    """
