"""The lines of the table about parcels on their way."""

from bench.rows import Row, least, most, number, parts
from bench.sweep import Sweep
from bench.way_back import WayBack

PUSHES_PER_SECOND = 500
PUSH_P99_MS = 50
RATE_KEPT = 0.99
"""At a fixed rate of 500 a second the last answer comes a little after the end."""
VISIBLE_P95_MS, IN_EXACT_P95_MS = 2_000, 5_000
PUTS = 5
SWEEP_STATEMENTS = 1
SWEEP_GROWTH = 2
"""With a hundred times the parcels and as many of them due; above 1 for what a measurement of a millisecond varies."""


def rows(found: WayBack) -> list[Row]:
    """Pushes first, then what comes of them, then the sweep."""
    return [*_pushes(found), *_telling(found), *_sweeps(found.sweeps)]


def _pushes(found: WayBack) -> list[Row]:
    pushes = found.pushes
    at_rate, in_turn, alone = pushes.at_rate, pushes.in_turn, pushes.alone
    sent = at_rate.sent + in_turn.sent + alone.sent
    stored = at_rate.stored + in_turn.stored + alone.stored
    return [
        most(f"Push answer at {PUSHES_PER_SECOND}/s: p99", PUSH_P99_MS, at_rate.latency_ms.p99, " ms"),
        Row(
            measure="  p50, maximum",
            measured=f"{at_rate.latency_ms.p50:.1f} ms, {at_rate.latency_ms.maximum:.0f} ms",
        ),
        least("  answers a second at that rate", PUSHES_PER_SECOND * RATE_KEPT, at_rate.per_second, "/s"),
        least("Push answers a second at most", PUSHES_PER_SECOND, in_turn.per_second, "/s"),
        Row(
            measure="  p50, p99; while the worker stands still, one connection",
            measured=f"{in_turn.latency_ms.p50:.1f}, {in_turn.latency_ms.p99:.0f} ms; {alone.per_second:.0f}/s, "
            f"p50 {alone.latency_ms.p50:.1f} ms",
        ),
        Row(
            measure="Pushes stored, and taken into a history",
            target="all",
            measured=f"{stored} and {pushes.recorded} of {sent} sent",
            is_met=stored == pushes.recorded == sent,
        ),
        Row(measure="  until the last one was, after its answer", measured=f"{pushes.drain_seconds:.1f} s"),
        Row(
            measure="SQL statements a push: at the door, with all that follows",
            measured=f"{number(alone.statements_each)}, {number(pushes.whole_statements_each)}",
        ),
        _processor_time("Processor time a push at the door, worker standing still", alone.cpu_ms_each),
        _processor_time("Processor time a push, with all that follows", pushes.whole_cpu_ms_each),
    ]


def _telling(found: WayBack) -> list[Row]:
    visible, in_exact = found.telling.visible_ms, found.telling.in_exact_ms
    lives = found.lives
    return [
        most("Push to event in the history: p95", VISIBLE_P95_MS, visible.p95, " ms"),
        Row(measure="  p50", measured=f"{visible.p50:.0f} ms"),
        most("Push to our line in Exact: p95", IN_EXACT_P95_MS, in_exact.p95, " ms"),
        Row(measure="  p50", measured=f"{in_exact.p50:.0f} ms"),
        most("Exact PUTs of a delivery over its whole life", PUTS, lives.exact_puts.maximum, ""),
        Row(measure="  all calls to Exact over its whole life", measured=parts(lives.exact_calls_each, "{:.1f}")),
        Row(measure="  all calls to UPS", measured=parts(lives.ups_calls_each, "{:.1f}")),
    ]


def _sweeps(sweeps: list[Sweep]) -> list[Row]:
    counted = [sweep.statements for sweep in sweeps if sweep.statements is not None]
    few, many = (next(one for one in order if one.due) for order in (sweeps, sweeps[::-1]))
    return [
        *([most("SQL statements of a sweep", SWEEP_STATEMENTS, max(counted), "")] if counted else []),
        most(
            f"Sweep among {many.active} parcels, as a multiple of that among {few.active}",
            SWEEP_GROWTH,
            many.milliseconds / few.milliseconds,
            "",
        ),
        *(
            Row(
                measure=f"  {sweep.active} active, {sweep.due} due",
                measured=f"{sweep.milliseconds:.2f} ms, {sweep.jobs} jobs",
            )
            for sweep in sweeps
        ),
    ]


def _processor_time(measure: str, cpu_ms_each: dict[str, float]) -> Row:
    return Row(measure=measure, measured=f"{sum(cpu_ms_each.values()):.2f} ms: " + parts(cpu_ms_each, "{:.2f}"))
