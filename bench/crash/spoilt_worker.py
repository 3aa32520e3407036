"""A worker of Celery with a mistake built in, to see that the run notices: `--naive` or `--quiet-minutes 0`.

The mistake is put in here, in a process of its own; the product has no switch for it.
"""

import argparse
from typing import Any

import django


def main() -> None:
    """Spoil what was asked for, then be a worker."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--naive", action="store_true")
    parser.add_argument("--quiet-minutes", type=float)
    parser.add_argument("celery", nargs="*")
    options = parser.parse_args()
    django.setup()
    if options.naive:
        _resend_without_an_answer()
    if options.quiet_minutes is not None:
        _shorten_the_quiet_time(options.quiet_minutes)
    from connector_site.celery import app  # noqa: PLC0415  only after the settings are read

    app.worker_main(options.celery)


def _resend_without_an_answer() -> None:
    """What most programs do: no answer counts as not done, so the shipment is asked for once more."""
    from ups.client import UpsClient  # noqa: PLC0415
    from ups.errors import UpsOutcomeUnknown, UpsUnavailable  # noqa: PLC0415

    ask_once = UpsClient.ship

    def ship(self: UpsClient, body: dict[str, Any]) -> Any:
        try:
            return ask_once(self, body)
        except UpsOutcomeUnknown as error:
            raise UpsUnavailable("Nothing came back.", operation="ship") from error

    UpsClient.ship = ship  # type: ignore[method-assign]


def _shorten_the_quiet_time(minutes: float) -> None:
    """Absence is believed although the request may still be on its way."""
    from syncjobs.doubts import settling  # noqa: PLC0415

    settling.QUIET_MINUTES = minutes
    settling.APART_MINUTES = minutes


if __name__ == "__main__":
    main()
