"""The step that reads where a company ships from."""

from exact.addresses import read_warehouses
from syncjobs.queue import Job
from syncjobs.steps.context import Step
from syncjobs.steps.upkeep import run_for_connection


def warehouses(job: Job, step: Step) -> None:
    """Read the company's own address, and its warehouses with theirs."""
    run_for_connection(job, step, read_warehouses)
