"""Trouble by chance, yet the same at every run: which call is hit, and by what, follows from a seed.

The choice for a call depends on the seed, what the call asks for, what it is about, and how many calls asked that
before; not on the time, nor on what happens to other calls. So a seed repeats the fate of each delivery's calls however
the work is spread over processes.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from aiohttp import web

from sandbox.core.faults import Fault, InvalidFaultError, read_fault

Subject = Callable[[web.Request, bytes], str]
"""What a call is about, as `owner/number`; the number is left out where the call is about no single thing."""

_DRAWS = 3
_DRAW_BYTES = 8


def about_nothing(request: web.Request, body: bytes) -> str:
    """For a stand-in whose calls cannot be told apart."""
    del request, body
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gust:
    """One kind of trouble with its weight among the others; stalls last anywhere up to `seconds_most`."""

    weight: float
    fault: Fault
    seconds_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What hits one operation: `share` of its calls, by one of the gusts."""

    share: float
    gusts: tuple[Gust, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What an owner is called in the storm, and the number that counts as its first: both differ from run to run."""

    name: str
    first: int


@dataclass(slots=True)
class Storm:
    """The weather by operation; calm until begun."""

    _seed: str = ""
    _weather: dict[str, Weather] = field(default_factory=dict)
    _names: dict[str, Name] = field(default_factory=dict)
    _asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _strikes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def begin(self, order: Mapping[str, object]) -> None:
        """Read an order as posted to `/sandbox/storm`; raises `InvalidFaultError`. Counts start anew."""
        weather, names = order.get("weather"), order.get("names", {})
        if not isinstance(weather, Mapping) or not isinstance(names, Mapping):
            raise InvalidFaultError("Send seed, weather by operation, and names.")
        read = {str(operation): _read_weather(each) for operation, each in weather.items()}
        called = {str(owner): _read_name(each) for owner, each in names.items()}
        self.end()
        self._seed, self._weather, self._names = str(order.get("seed", "")), read, called

    def end(self) -> None:
        """Calm from now on; forget the counts."""
        self._weather = {}
        self._asked.clear()
        self._strikes.clear()

    def hits(self, operation: str) -> bool:
        """Whether this operation has any weather."""
        return operation in self._weather

    def take(self, operation: str, subject: str) -> Fault | None:
        """The fault that hits this call, if any."""
        weather = self._weather.get(operation)
        if weather is None:
            return None
        known = self._known(subject)
        turn = self._asked[operation, known]
        self._asked[operation, known] += 1
        share, kind, length = _draws(f"{self._seed}|{operation}|{known}|{turn}")
        if share >= weather.share:
            return None
        gust = _picked(weather.gusts, kind)
        self._strikes[operation, gust.fault.name] += 1
        seconds = gust.fault.seconds + (gust.seconds_most - gust.fault.seconds) * length
        return replace(gust.fault, seconds=seconds)

    def as_json(self) -> dict[str, object]:
        """As shown by `GET /sandbox/storm`."""
        strikes: dict[str, dict[str, int]] = {}
        for (operation, name), count in self._strikes.items():
            strikes.setdefault(operation, {})[name] = count
        calls: Counter[str] = Counter()
        for (operation, _), count in self._asked.items():
            calls[operation] += count
        return {"seed": self._seed, "calls": dict(calls), "strikes": strikes}

    def _known(self, subject: str) -> str:
        owner, _, number = subject.partition("/")
        named = self._names.get(owner)
        if named is None:
            return subject
        return f"{named.name}/{int(number) - named.first}" if number.isdecimal() else f"{named.name}/{number}"


def _draws(text: str) -> tuple[float, float, float]:
    """Three numbers from 0 up to 1, the same for the same text everywhere."""
    digest = sha256(text.encode()).digest()
    parts = [digest[at * _DRAW_BYTES : (at + 1) * _DRAW_BYTES] for at in range(_DRAWS)]
    first, second, third = (int.from_bytes(part) / 2 ** (8 * _DRAW_BYTES) for part in parts)
    return first, second, third


def _picked(gusts: tuple[Gust, ...], draw: float) -> Gust:
    left = draw * sum(gust.weight for gust in gusts)
    for gust in gusts:
        left -= gust.weight
        if left < 0:
            return gust
    return gusts[-1]


def _read_weather(order: object) -> Weather:
    if not isinstance(order, Mapping):
        raise InvalidFaultError("The weather of an operation is an object of share and faults.")
    share, faults = order.get("share"), order.get("faults")
    if not isinstance(share, int | float) or not isinstance(faults, list) or not faults:
        raise InvalidFaultError("The weather of an operation is a share from 0 to 1 and a list of faults.")
    return Weather(share=float(share), gusts=tuple(_read_gust(each) for each in faults))


def _read_gust(order: object) -> Gust:
    if not isinstance(order, Mapping):
        raise InvalidFaultError("A fault of a storm is an object.")
    plain = {name: value for name, value in order.items() if name not in {"weight", "seconds_most"}}
    fault = read_fault(plain, fault_id=0)
    weight, most = order.get("weight", 1), order.get("seconds_most", fault.seconds)
    if not isinstance(weight, int | float) or not isinstance(most, int | float) or weight <= 0 or most < fault.seconds:
        raise InvalidFaultError("weight is a number above zero, seconds_most one not below seconds.")
    return Gust(weight=float(weight), fault=fault, seconds_most=float(most))


def _read_name(order: object) -> Name:
    if not isinstance(order, Mapping):
        raise InvalidFaultError("names gives each owner a name and its first number.")
    first = order.get("first", 0)
    if not isinstance(first, int):
        raise InvalidFaultError("first is a whole number.")
    return Name(name=str(order.get("name", "")), first=first)
