"""The event that UPS posts to a customer (ups.md 10.3)."""

from datetime import timedelta

from sandbox.ups.track_answer import offset_text
from sandbox.ups.travel.activity import Activity


def push_body(activity: Activity, *, is_enhanced: bool, leading_blank: bool = False) -> dict[str, object]:
    """Every field in place, those without content as empty texts; who received it only for enhanced subscribers."""
    local = activity.local_at
    is_delivery = activity.is_delivery
    return {
        "trackingNumber": (" " if leading_blank else "") + activity.tracking_number,
        "localActivityDate": f"{local:%Y%m%d}",
        "localActivityTime": f"{local:%H%M%S}",
        "activityLocation": {
            "city": activity.city,
            "stateProvince": activity.state,
            "postalCode": activity.postal_code if is_delivery else "",
            "country": activity.country,
        },
        "activityStatus": {
            "type": activity.type,
            "code": activity.code,
            "description": activity.description,
            "descriptionCode": activity.status_code,
        },
        "scheduledDeliveryDate": f"{activity.scheduled_date:%Y%m%d}" if activity.scheduled_date else "",
        "actualDeliveryDate": f"{local:%Y%m%d}" if is_delivery else "",
        "actualDeliveryTime": f"{local:%H%M%S}" if is_delivery else "",
        "gmtActivityDate": f"{activity.happened_at:%Y%m%d}",
        "gmtActivityTime": f"{activity.happened_at:%H%M%S}",
        "gmtOffset": offset_text(local.utcoffset() or timedelta(), separator="."),
        "deliveryStartTime": "",
        "deliveryEndTime": "",
        "deliveryTimeDescription": "",
        "deliveryPhoto": "",
        "alternateTrackingNumber": "",
        "receivedBy": activity.received_by if is_enhanced else "",
    }
