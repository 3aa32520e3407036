"""The settings that the page offers as choices; all others are changed by the control route."""

from dataclasses import dataclass

from aiohttp import web

from sandbox.core.pages import back_to
from sandbox.ups.pages import read_form
from sandbox.ups.settings import UpsSettings
from sandbox.ups.state import UPS
from sandbox.ups.travel.scripts import SCRIPTS

HOURS_PER_SECOND = (
    (0.0, "in real time"),
    (1.0, "an hour per second"),
    (2.0, "two hours per second"),
    (10.0, "ten hours per second"),
)
"""How fast a script passes; the first lets it take as long as it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A setting with the values to choose from."""

    setting: str
    label: str
    options: tuple[tuple[object, str], ...]

    def find(self, text: str) -> object:
        """The value that was chosen; None when it is not among the options."""
        return next((value for value, _ in self.options if str(value) == text), None)


CHOICES = {
    "travel": (
        Choice(
            setting="travel_script",
            label="What happens to them",
            options=(
                ("", "nothing until they are sent off"),
                *((script.name, script.title) for script in SCRIPTS.values()),
            ),
        ),
        Choice(setting="travel_hours_per_second", label="They travel", options=HOURS_PER_SECOND),
        Choice(
            setting="travel_mixed",
            label="Their pushes",
            options=((False, "all arrive"), (True, "are lost for every second parcel")),
        ),
    ),
    "pushes": (
        Choice(
            setting="push_lose",
            label="Pushes get lost",
            options=(("none", "none"), ("every_second", "every second one"), ("all", "all")),
        ),
        Choice(
            setting="push_copies",
            label="Each comes",
            options=((1, "once"), (2, "twice"), (3, "three times")),
        ),
        Choice(
            setting="push_order",
            label="They come",
            options=(("as_happened", "as things happened"), ("reversed", "in reverse"), ("shuffled", "mixed up")),
        ),
    ),
    "view": (
        Choice(
            setting="view_delay_seconds",
            label="Files are out",
            options=((0.0, "at once"), (600.0, "after ten minutes"), (7200.0, "after two hours")),
        ),
        Choice(
            setting="view_file_minutes",
            label="A file covers",
            options=((0.05, "three seconds"), (10.0, "ten minutes"), (60.0, "an hour")),
        ),
    ),
}
"""By the card they stand on."""


def routes() -> list[web.RouteDef]:
    """The form behind every card with choices."""
    return [web.post("/sandbox/page/settings/{card}", change_settings)]


async def change_settings(request: web.Request) -> web.Response:
    """Take over what was chosen; anything else is left as it is."""
    card = request.match_info["card"]
    form = await read_form(request)
    chosen = {choice.setting: choice.find(form.get(choice.setting, "")) for choice in CHOICES.get(card, ())}
    request.app[UPS].settings.change(
        {name: value for name, value in chosen.items() if name in form and value is not None}
    )
    return back_to(f"/#{card}")


def current_values(settings: UpsSettings) -> dict[str, object]:
    """What the choices stand at."""
    return {choice.setting: getattr(settings, choice.setting) for choices in CHOICES.values() for choice in choices}
