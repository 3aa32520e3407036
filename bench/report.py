"""The table and the JSON."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench import way_back_rows
from bench.rows import Row, least, most, number, parts
from bench.shape import Shape
from bench.single import ALERT_CALL, Singles
from bench.throughput import Throughput
from bench.usage import Memory
from bench.way_back import WayBack
from bench.webhooks import Door

DELIVERIES_PER_SECOND = 30
WEBHOOKS_PER_SECOND = 200
WEBHOOK_P99_MS = 50
EXACT_CALLS_COLD, EXACT_CALLS_WARM, UPS_CALLS = 4, 2, 1
OWN_P95_MS = 2_000
MEMORY_MEGABYTES = 600
ALERT_TABLE = "ups_alertsubscription"
RATE_KEPT = 0.99
"""At a fixed rate of 200 a second the last answer comes a little after the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything that was measured."""

    shape: Shape
    memory: Memory
    memory_after_load: Memory
    cold: Singles
    warm: Singles
    throughput: Throughput
    door: Door
    way_back: WayBack


def rows(results: Results) -> list[Row]:
    """The table, what was aimed at first."""
    return [*_speed(results), *_cost(results), *_processor_time(results), *way_back_rows.rows(results.way_back)]


def _speed(results: Results) -> list[Row]:
    run, warm, door = results.throughput, results.warm, results.door
    return [
        least("Deliveries a second, end to end", DELIVERIES_PER_SECOND, run.per_second, "/s"),
        Row(
            measure=f"  webhook to tracking number, {run.deliveries} at once",
            measured=f"p50 {run.latency_ms.p50 / 1000:.2f} s, p95 {run.latency_ms.p95 / 1000:.2f} s",
        ),
        most("Webhook to tracking number, one alone: own p95", OWN_P95_MS, warm.own_ms.p95, " ms"),
        Row(
            measure="  with the time inside the stand-ins",
            measured=f"p50 {warm.total_ms.p50:.0f}, p95 {warm.total_ms.p95:.0f} ms (own p50 {warm.own_ms.p50:.0f} ms)",
        ),
        most(f"Webhook answer at {WEBHOOKS_PER_SECOND}/s: p99", WEBHOOK_P99_MS, door.at_rate.latency_ms.p99, " ms"),
        Row(
            measure="  p50, maximum",
            measured=f"{door.at_rate.latency_ms.p50:.1f} ms, {door.at_rate.latency_ms.maximum:.0f} ms",
        ),
        least("  answers a second at that rate", WEBHOOKS_PER_SECOND * RATE_KEPT, door.at_rate.per_second, "/s"),
        Row(
            measure=f"Webhook answers a second at most, {results.shape.closed_loop_connections} connections",
            measured=f"{door.in_turn.per_second:.0f}/s (p99 {door.in_turn.latency_ms.p99:.0f} ms)",
        ),
        Row(
            measure="Acknowledged notifications stored",
            target="all",
            measured=f"{_stored(door)} of {door.at_rate.sent + door.in_turn.sent} sent",
            is_met=_stored(door) == door.at_rate.sent + door.in_turn.sent,
        ),
    ]


def _stored(door: Door) -> int:
    return door.at_rate.stored + door.in_turn.stored


def _cost(results: Results) -> list[Row]:
    cold, warm, run = results.cold, results.warm, results.throughput
    kind = "proportional" if results.memory.is_proportional else "resident"
    return [
        most("Exact calls a delivery, master data cold", EXACT_CALLS_COLD, cold.exact_calls.maximum, ""),
        most("Exact calls a delivery, warm", EXACT_CALLS_WARM, warm.exact_calls.maximum, ""),
        Row(
            measure="  under load, and with confirming reads",
            measured=f"{run.exact_calls_each:.2f}, {run.exact_calls_each_with_confirmations:.2f}",
        ),
        most("UPS calls a delivery", UPS_CALLS, max(cold.ups_calls.maximum, warm.ups_calls.maximum), ""),
        Row(measure="SQL statements a delivery, warm", measured=_statements(warm)),
        Row(measure="  of which about Track Alert", measured=number(_alert_statements(warm))),
        Row(measure="Track Alert calls a delivery, warm and under load", measured=_alert_calls(warm, run)),
        Row(
            measure="SQL statements a notification",
            measured=number(results.door.in_turn.statements_each),
        ),
        most(f"Memory of web, worker, beat idle ({kind})", MEMORY_MEGABYTES, results.memory.total_megabytes, " MB"),
        Row(measure="  by part", measured=parts(results.memory.megabytes, "{:.0f} MB")),
        Row(measure="  after all load", measured=parts(results.memory_after_load.megabytes, "{:.0f} MB")),
    ]


def _processor_time(results: Results) -> list[Row]:
    run, door = results.throughput, results.door
    return [
        Row(
            measure="Processor time a delivery under load",
            measured=f"{sum(run.cpu_ms_each.values()):.1f} ms: " + parts(run.cpu_ms_each, "{:.1f}"),
        ),
        Row(
            measure="  what that allows on this machine, were it free",
            measured=_allowed(run.cpu_ms_each, "deliveries"),
        ),
        Row(
            measure="Processor time a notification, most answers",
            measured=f"{sum(door.in_turn.cpu_ms_each.values()):.2f} ms: " + parts(door.in_turn.cpu_ms_each, "{:.2f}"),
        ),
        Row(
            measure="  what that allows on this machine, were it free",
            measured=_allowed(door.in_turn.cpu_ms_each, "notifications"),
        ),
    ]


def _allowed(cpu_ms_each: dict[str, float], what: str) -> str:
    """The rate at which all processors are used up: what a machine shared with other work hides."""
    processors = psutil.cpu_count() or 1
    return f"{processors * 1000 / sum(cpu_ms_each.values()):.0f} {what} a second on {processors} processors"


def _statements(singles: Singles) -> str:
    if singles.statements_each is None:
        return "not counted by this server"
    return f"{singles.statements_each:.1f} and {number(singles.transaction_control_each)} of transaction control"


def _alert_statements(singles: Singles) -> float | None:
    """Those that name the subscriptions; the job that makes them also claims, ends and records as every job does."""
    if singles.statements_each is None:
        return None
    return sum(each for each, query in singles.most_often if ALERT_TABLE in query)


def _alert_calls(warm: Singles, run: Throughput) -> str:
    """Many labels share a call when they are made at once."""
    return f"{warm.operations_each.get(ALERT_CALL, 0):.2f}, {run.operations_each.get(ALERT_CALL, 0):.2f}"


def print_table(table: list[Row], say: Callable[[str], None]) -> None:
    """For the terminal."""
    widths = [max(len(text) for text in column) for column in zip(*map(_cells, table), strict=True)]
    for row in table:
        cells = _cells(row)
        say("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


def _cells(row: Row) -> tuple[str, str, str, str]:
    verdict = {True: "ok", False: "MISS", None: ""}[row.is_met]
    return row.measure, row.target, verdict, row.measured


def write_json(results: Results, table: list[Row], path: Path) -> None:
    """Every figure, and what the machine was doing besides."""
    machine = {"processors": psutil.cpu_count(), "load_average": psutil.getloadavg()}
    content = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine,
        "table": [asdict(row) for row in table],
        "results": asdict(results),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, default=str))
