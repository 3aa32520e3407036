"""Whether the promises were kept, by what the stand-ins saw. Pure functions."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.crash.evidence import Booked, Evidence, ExactCall, Made, TokenCall

CALLS_A_MINUTE = 60
"""Exact's limit per company and clock minute (`exact.md` 5)."""
TOO_MANY = 429
SUCCESS_UP_TO = 299
UNDER_WAY = timedelta(seconds=1)
"""A call that another worker had begun before the refusal was read."""
DIED_READING = timedelta(seconds=1)
"""A worker killed so soon after an answer may have taken the knowledge of it along."""
DIED_RENEWING = timedelta(seconds=0.5)
"""The same of a renewal, which is stored at once: a shorter time leaves more of them to judge by."""
IN_REVIEW = "review"
STOPPED_STATES = frozenset({"hold", IN_REVIEW})
"""Where a person is asked. Every booking of a run is to be shipped: passed over or cancelled is lost."""
_UPS_NUMBER = re.compile(r"1Z[0-9A-Z]{16}")
TOLD_DELIVERED = "Delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was broken, by name of the delivery, shipment, reference or company it concerns; empty is good."""

    duplicates: tuple[str, ...]
    """Deliveries with more than one live shipment at UPS."""
    twins_ever: tuple[str, ...]
    """Deliveries for which UPS made more than one shipment, voided ones included."""
    references_twice: tuple[str, ...]
    lost: tuple[str, ...]
    """Neither shipped nor shown to a person with a reason."""
    stopped: tuple[str, ...]
    """Shown to a person with a reason."""
    unreconciled: tuple[str, ...]
    """Exact shows another number than the live shipment's, or a live shipment is unknown to us."""
    voided: tuple[str, ...]
    """Shipments that were made and voided."""
    spent_tokens: tuple[str, ...]
    renewals_judged: int
    renewals_unjudged: int
    """A worker was killed over them: whether it had read the answer is not known, so a second use proves nothing."""
    minutes_over_limit: tuple[str, ...]
    calls_while_blocked: tuple[str, ...]
    untold: tuple[str, ...]
    """Deliveries whose parcels arrived and of which Exact was not told so."""
    longest_delay_seconds: float
    median_delay_seconds: float


def judge(evidence: Evidence, *, retry_after: timedelta) -> Findings:
    """Look through everything; `retry_after` is the pause that the storm's refusals of Exact ask for."""
    made = _by_delivery(evidence)
    live = {entry: [each for each in all_made if each.is_live] for entry, all_made in made.items()}
    delays = sorted(_delays(evidence)) or [0.0]
    stopped = {entry for entry, each in evidence.standings.items() if each.state in STOPPED_STATES and each.problems}
    shown = {entry for entry, text in evidence.shown_in_exact.items() if text}
    booked = {each.entry_id for each in evidence.booked}
    return Findings(
        duplicates=_names(entry for entry, found in live.items() if len(found) > 1),
        twins_ever=twins(evidence),
        references_twice=_repeated(evidence.references_sent),
        lost=_names(booked - {entry for entry in shown if live.get(entry)} - stopped),
        stopped=_names(booked & stopped),
        unreconciled=_names(_unreconciled(evidence, live)),
        voided=_names(each.number for each in evidence.made if not each.is_live),
        spent_tokens=_spent(evidence),
        renewals_judged=sum(_is_read(call, evidence) for call in _renewals(evidence)),
        renewals_unjudged=sum(not _is_read(call, evidence) for call in _renewals(evidence)),
        minutes_over_limit=_minutes_over(evidence.exact_calls),
        calls_while_blocked=_while_blocked(evidence, retry_after),
        untold=_names(e for e in evidence.travelling if TOLD_DELIVERED not in evidence.told_in_exact.get(e, "")),
        longest_delay_seconds=delays[-1],
        median_delay_seconds=delays[len(delays) // 2],
    )


def twins(evidence: Evidence) -> tuple[str, ...]:
    """Deliveries for which UPS made more than one shipment so far."""
    return _names(entry for entry, found in _by_delivery(evidence).items() if len(found) > 1)


def _names(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(found))


def _repeated(found: Iterable[str]) -> tuple[str, ...]:
    return _names(each for each, count in Counter(found).items() if count > 1)


def _by_delivery(evidence: Evidence) -> dict[str, list[Made]]:
    """Shipments by the delivery they were made for."""
    entries = {(each.shipper_number, each.order_number): each.entry_id for each in evidence.booked}
    found: defaultdict[str, list[Made]] = defaultdict(list)
    for each in evidence.made:
        entry = entries.get((each.shipper_number, each.order_number))
        if entry:
            found[entry].append(each)
    return dict(found)


def _unreconciled(evidence: Evidence, live: dict[str, list[Made]]) -> set[str]:
    """By delivery; a live shipment that belongs to no delivery or is in none of our rows stands for itself.

    Where a person decides about the doubt, we say ourselves that a shipment may exist.
    """
    found = {
        booked.entry_id for booked in evidence.booked if not _agrees(booked, evidence, live.get(booked.entry_id, []))
    }
    asked = {entry for entry, standing in evidence.standings.items() if standing.state == IN_REVIEW}
    placed = {each.number for all_made in live.values() for each in all_made}
    admitted = {each.number for entry in asked for each in live.get(entry, [])}
    numbers = {each.number for each in evidence.made if each.is_live}
    return found | (numbers - placed) | (numbers - evidence.known_shipments - admitted)


def _agrees(booked: Booked, evidence: Evidence, live: list[Made]) -> bool:
    """What Exact shows is what UPS has; a delivery shown to a person may lack its number, never show a wrong one."""
    shown = frozenset(_UPS_NUMBER.findall(evidence.shown_in_exact.get(booked.entry_id, "")))
    parcels = frozenset(number for each in live for number in each.live_parcels)
    standing = evidence.standings.get(booked.entry_id)
    if not shown and standing is not None and standing.state in STOPPED_STATES:
        return True
    return shown == parcels


def _delays(evidence: Evidence) -> list[float]:
    """From the booking to the first write that took effect, as far as the log shows it."""
    written: dict[str, datetime] = {}
    for call in evidence.exact_calls:
        took_effect = call.tracking and call.status is not None and call.status <= SUCCESS_UP_TO
        if took_effect and call.tracking == evidence.shown_in_exact.get(call.entry_id):
            written.setdefault(call.entry_id, call.ended_at)
    return [(written[each.entry_id] - each.at).total_seconds() for each in evidence.booked if each.entry_id in written]


def _spent(evidence: Evidence) -> tuple[str, ...]:
    """Tokens that were sent again although a worker that lived on had read Exact's answer to their renewal."""
    spent_at: dict[str, datetime] = {}
    for call in _renewals(evidence):
        if _is_read(call, evidence):
            spent_at.setdefault(call.token, call.at)
    calls = evidence.token_calls
    return _names(call.token for call in calls if call.token in spent_at and call.at > spent_at[call.token])


def _renewals(evidence: Evidence) -> list[TokenCall]:
    return [call for call in evidence.token_calls if call.status is not None and call.status <= SUCCESS_UP_TO]


def _is_read(call: TokenCall, evidence: Evidence) -> bool:
    return not any(call.at <= kill <= call.ended_at + DIED_RENEWING for kill in evidence.kills_at)


def _minutes_over(calls: list[ExactCall]) -> tuple[str, ...]:
    counted = Counter((call.division, call.at.replace(second=0, microsecond=0)) for call in calls if call.division)
    over = [place for place, count in counted.items() if count > CALLS_A_MINUTE]
    return _names(f"{division} {minute:%H:%M}" for division, minute in over)


def _while_blocked(evidence: Evidence, retry_after: timedelta) -> tuple[str, ...]:
    """Calls of a company after Exact had asked it to wait, and before the time was over."""
    found: list[str] = []
    for refusal in evidence.exact_calls:
        if refusal.status != TOO_MANY or refusal.fault != "429_with_header":
            continue
        if any(refusal.at <= kill <= refusal.ended_at + DIED_READING for kill in evidence.kills_at):
            continue
        since, until = refusal.ended_at + UNDER_WAY, refusal.ended_at + retry_after
        found += [
            f"{call.division} {call.at:%H:%M:%S} {call.operation}"
            for call in evidence.exact_calls
            if call.division == refusal.division and since < call.at < until
        ]
    return _names(found)
