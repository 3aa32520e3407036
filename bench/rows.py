"""The lines of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; `is_met` is None where nothing was aimed at."""

    measure: str
    target: str = ""
    measured: str
    is_met: bool | None = None


def least(measure: str, target: float, measured: float, unit: str) -> Row:
    """A line with a lower bound."""
    return _row(measure, f"at least {target:g}{unit}", measured, unit, is_met=measured >= target)


def most(measure: str, target: float, measured: float, unit: str) -> Row:
    """A line with an upper bound."""
    return _row(measure, f"at most {target:g}{unit}", measured, unit, is_met=measured <= target)


def parts(amounts: dict[str, float], form: str) -> str:
    """Amounts by name."""
    return ", ".join(f"{name} {form.format(amount)}" for name, amount in amounts.items())


def number(value: float | None) -> str:
    """A figure that some servers cannot tell."""
    return "not counted" if value is None else f"{value:.1f}"


def _row(measure: str, target: str, measured: float, unit: str, *, is_met: bool) -> Row:
    return Row(measure=measure, target=target, measured=f"{measured:.4g}{unit}", is_met=is_met)
