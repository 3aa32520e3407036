"""The table and the JSON of a run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench.crash.run import Outcome

SHOWN = 5
"""Of each broken promise so many examples are printed; all are in the JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was promised, what came out, and whether it was kept; None where nothing was promised."""

    measure: str
    measured: str
    is_kept: bool | None = None
    examples: tuple[str, ...] = ()


def promises(outcome: Outcome) -> list[Promise]:
    """The table: what it is about first, everything else after it."""
    return [*_main(outcome), *_more(outcome)]


def are_kept(outcome: Outcome) -> bool:
    """Whether no promise was broken."""
    return all(promise.is_kept is not False for promise in promises(outcome))


def print_table(found: Sequence[Promise], say: Callable[[str], None]) -> None:
    """For the terminal."""
    width = max(len(promise.measure) for promise in found)
    for promise in found:
        verdict = {True: "ok  ", False: "FAIL", None: "    "}[promise.is_kept]
        say(f"{promise.measure.ljust(width)}  {verdict}  {promise.measured}")
        for example in promise.examples[:SHOWN] if promise.is_kept is False else ():
            say(f"{' ' * width}        {example}")


def write_json(outcomes: Sequence[Outcome], path: Path, *, others: Sequence[Promise] = ()) -> None:
    """Everything, examples in full."""
    content = {
        "at": datetime.now(UTC).isoformat(),
        "machine": {"processors": psutil.cpu_count(), "load_average": psutil.getloadavg()},
        "runs": [
            {
                "kept": are_kept(outcome),
                "promises": [asdict(promise) for promise in promises(outcome)],
                "outcome": asdict(outcome),
            }
            for outcome in outcomes
        ],
        "others": [asdict(promise) for promise in others],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, default=str))


def _main(outcome: Outcome) -> list[Promise]:
    findings = outcome.findings
    return [
        Promise(measure="Deliveries", measured=f"{outcome.deliveries} of {outcome.size.tenants} customers"),
        Promise(measure="Kills", measured=f"{outcome.kills} workers, with kill -9"),
        Promise(measure="Faults", measured=_faults(outcome)),
        _none("Duplicates", findings.duplicates),
        _none("Lost", findings.lost),
        _none("Unreconciled", findings.unreconciled),
        Promise(measure="Orphans voided", measured=str(len(findings.voided))),
        _none("Spent tokens sent", findings.spent_tokens),
        Promise(
            measure="Renewals of tokens",
            measured=f"{findings.renewals_judged} judged, {findings.renewals_unjudged} met a kill and prove nothing",
        ),
        _none("Minutes over limit", findings.minutes_over_limit),
        Promise(
            measure="Longest delay",
            measured=f"{findings.longest_delay_seconds:.1f} s from booking to the number in Exact,"
            f" median {findings.median_delay_seconds:.1f} s",
        ),
    ]


def _faults(outcome: Outcome) -> str:
    hit = {operation: sum(names.values()) for operation, names in outcome.faults.items()}
    at_shipping = hit.pop("ship", 0)
    return f"{at_shipping} of {outcome.calls.get('ship', 0)} ship calls, {sum(hit.values())} other calls"


def _more(outcome: Outcome) -> list[Promise]:
    findings = outcome.findings
    left = ", ".join(f"{count} x {what}" for what, count in outcome.unsettled.items())
    audit = outcome.audit
    return [
        _none("Two shipments ever", findings.twins_ever),
        _none("References sent twice", findings.references_twice),
        _none("Arrived and Exact was not told", findings.untold),
        _none("Calls while Exact had asked to wait", findings.calls_while_blocked),
        Promise(measure="Settled in time", measured=left or "everything", is_kept=not outcome.unsettled),
        Promise(
            measure="Audit chains",
            measured=f"{audit['chains']} with {audit['events']} events, {audit['broken']} broken",
            is_kept=audit["broken"] == 0 and audit["events"] > 0,
        ),
        Promise(measure="Shown to a person with the reason", measured=str(len(findings.stopped))),
        Promise(measure="Permissions at Exact given again", measured=f"{outcome.consents}"),
        Promise(measure="Redis emptied", measured=f"{outcome.acts.get('empty_redis', 0)} times"),
        Promise(measure="Duration", measured=f"{outcome.seconds:.0f} s"),
    ]


def _none(measure: str, found: tuple[str, ...]) -> Promise:
    return Promise(measure=measure, measured=str(len(found)), is_kept=not found, examples=found)
