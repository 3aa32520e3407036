"""New shipments that travel by themselves, as the settings say."""

from datetime import datetime, timedelta

from sandbox.ups.settings import UpsSettings
from sandbox.ups.shipments import Shipment
from sandbox.ups.travel.travels import PUSHES_ALL, PUSHES_NONE, Travels


def depart(travels: Travels, shipment: Shipment, *, settings: UpsSettings, at: datetime) -> None:
    """Start every parcel of a new shipment, unless new shipments wait for somebody to send them off."""
    if not settings.travel_script:
        return
    start_at = at + timedelta(seconds=settings.travel_delay_seconds)
    for place, parcel in enumerate(shipment.parcels):
        loses_pushes = settings.travel_mixed and place % 2 == 1
        travels.start(
            parcel.tracking_number,
            settings.travel_script,
            at=start_at,
            hours_per_second=settings.travel_hours_per_second or None,
            pushes=PUSHES_NONE if loses_pushes else PUSHES_ALL,
        )
