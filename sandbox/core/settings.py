"""Knobs of a stand-in that `POST /sandbox/settings` turns while it runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

_CHOICES = "choices"


class InvalidSettingError(ValueError):
    """No such setting, or a value of another kind."""


def one_of(*choices: str) -> Mapping[str, tuple[str, ...]]:
    """Metadata of a setting that takes certain words only."""
    return {_CHOICES: choices}


@dataclass(slots=True, kw_only=True)
class Settings:
    """What every stand-in has; each adds its own by inheriting. Values are plain numbers, flags and texts."""

    added_delay_ms: int = 0

    def as_json(self) -> dict[str, object]:
        """All settings with their values."""
        return asdict(self)

    def change(self, changes: Mapping[str, object]) -> None:
        """Set several at once; nothing changes when one of them is wrong."""
        checked = {name: self._checked(name, value) for name, value in changes.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def restore(self) -> None:
        """Back to the defaults."""
        for each in fields(self):
            setattr(self, each.name, each.default)

    def _checked(self, name: str, value: object) -> object:
        known = {each.name: each for each in fields(self)}
        if name not in known:
            raise InvalidSettingError(f"There is no setting called {name}.")
        choices = known[name].metadata.get(_CHOICES)
        if choices and value not in choices:
            raise InvalidSettingError(f"The setting {name} is one of: " + ", ".join(choices))
        current = getattr(self, name)
        if current is None or value is None:
            return value
        if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not type(current):
            raise InvalidSettingError(f"The setting {name} takes a {type(current).__name__}.")
        return value
