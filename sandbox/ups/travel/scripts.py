"""Every script: what can happen to a parcel, and what a reader of its events must conclude (ups.md 9)."""

from sandbox.ups.travel.script import Script, Step, Where

ORIGIN, HUB, NEAR, DOOR, SHOP = Where.ORIGIN, Where.HUB, Where.DESTINATION, Where.RECEIVER, Where.ACCESS_POINT
DELIVERED = "delivered"
RETURNED = "returned_to_sender"
EXCEPTION = "exception"
IN_TRANSIT = "in_transit"
OUT = "out_for_delivery"
COLLECT = "available_for_pickup"
TO_TRANSIT = ("label_created", "picked_up", IN_TRANSIT)
TO_DOOR = (*TO_TRANSIT, OUT)

TO_HUB = (
    Step(0, "I", "PU", "038", "Pickup Scan ", ORIGIN, scheduled_hours=26),
    Step(2, "I", "OR", "005", "Origin Scan", ORIGIN),
    Step(5, "I", "DP", "005", "Departed from Facility", Where.ORIGIN_HUB),
    Step(9, "I", "AR", "005", "Arrived at Facility", HUB),
)
TO_DEPOT = (
    *TO_HUB,
    Step(14, "I", "DP", "005", "Departed from Facility", HUB),
    Step(17, "I", "AR", "005", "Arrived at Facility", NEAR),
    Step(19, "I", "YP", "005", "Processing at UPS Facility", NEAR),
)
ON_THE_ROAD = (*TO_DEPOT, Step(21, "I", "OT", "021", "Out For Delivery Today ", NEAR))


def _delivered(hours: float, *, code: str = "FS", text: str = "DELIVERED ", received_by: str = "DE BOER") -> Step:
    return Step(hours, "D", code, "011", text, DOOR, received_by=received_by)


_ALL = (
    Script(
        name="normal",
        title="Delivered on the first day",
        steps=(*ON_THE_ROAD, _delivered(26)),
        milestones=(*TO_DOOR, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="access_point",
        title="Left at an Access Point and collected there",
        steps=(
            *ON_THE_ROAD,
            Step(26, "D", "2Q", "161", "Delivered to UPS Access Point. ", SHOP),
            Step(50, "D", "2W", "011", "Collected at UPS Access Point. ", SHOP, received_by="JANSEN"),
        ),
        milestones=(*TO_DOOR, COLLECT, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="access_point_not_collected",
        title="Left at an Access Point, not collected, sent back",
        steps=(
            *ON_THE_ROAD,
            Step(26, "D", "2Q", "161", "Delivered to UPS Access Point. ", SHOP),
            Step(194, "X", "3N", "035", "The package was not collected and is being returned to the sender. ", SHOP),
            Step(200, "I", "DP", "005", "Departed from Facility", HUB),
            Step(218, "X", "UA", "034", "The package has been returned to the sender. ", ORIGIN, received_by="DOCK"),
        ),
        milestones=(*TO_DOOR, COLLECT, EXCEPTION, IN_TRANSIT, RETURNED),
        final_milestone=RETURNED,
    ),
    Script(
        name="failed_attempts",
        title="Nobody at home twice, then delivered",
        steps=(
            *ON_THE_ROAD,
            Step(26, "X", "48", "022", "The receiver was not available at the first attempt. ", DOOR),
            Step(45, "I", "OT", "021", "Out For Delivery Today ", NEAR, scheduled_hours=50),
            Step(50, "X", "48", "023", "The receiver was not available at the second attempt. ", DOOR),
            Step(69, "I", "OT", "021", "Out For Delivery Today ", NEAR, scheduled_hours=74),
            _delivered(74),
        ),
        milestones=(*TO_DOOR, EXCEPTION, OUT, EXCEPTION, OUT, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="customs_hold",
        title="Customs ask for papers, then let it go",
        steps=(
            *TO_HUB,
            Step(10, "X", "40", "058", "A customs invoice is missing; the sender is being contacted. ", HUB),
            Step(40, "X", "YX", "014", "Your package was released by the customs agency. ", HUB, scheduled_hours=52),
            Step(42, "I", "DP", "005", "Departed from Facility", HUB),
            Step(46, "I", "AR", "005", "Arrived at Facility", NEAR),
            Step(48, "I", "OT", "021", "Out For Delivery Today ", NEAR),
            _delivered(52),
        ),
        milestones=(*TO_TRANSIT, EXCEPTION, IN_TRANSIT, OUT, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="returned",
        title="Refused at the door and sent back",
        steps=(
            *ON_THE_ROAD,
            Step(26, "X", "AM", "064", "The receiver refused the delivery. ", DOOR),
            Step(30, "X", "8H", "036", "The package is being returned to the sender. ", NEAR),
            Step(40, "I", "AR", "005", "Arrived at Facility", HUB),
            Step(54, "X", "UA", "034", "The package has been returned to the sender. ", ORIGIN, received_by="DOCK"),
        ),
        milestones=(*TO_DOOR, EXCEPTION, IN_TRANSIT, RETURNED),
        final_milestone=RETURNED,
    ),
    Script(
        name="lost",
        title="Searched for and declared lost",
        steps=(
            *TO_HUB,
            Step(72, "X", "GN", "127", "An investigation was started to locate the package. ", HUB),
            Step(240, "X", "S9", "", "The package was lost; the sender has been informed. ", HUB),
        ),
        milestones=(*TO_TRANSIT, EXCEPTION),
        final_milestone=EXCEPTION,
        final_reason="lost_or_destroyed",
    ),
    Script(
        name="destroyed",
        title="Damaged and destroyed",
        steps=(
            *TO_HUB,
            Step(12, "X", "A2", "059", "The package was damaged. ", HUB),
            Step(36, "X", "8D", "149", "The package was destroyed. ", HUB),
        ),
        milestones=(*TO_TRANSIT, EXCEPTION),
        final_milestone=EXCEPTION,
        final_reason="lost_or_destroyed",
    ),
    Script(
        name="wrong_delivery_corrected",
        title="Delivered to the wrong door, fetched, delivered",
        steps=(
            *ON_THE_ROAD,
            _delivered(26, received_by="VISSER"),
            Step(30, "X", "47", "013", "The street number is incorrect; the package is being redelivered. ", NEAR),
            Step(45, "I", "OT", "021", "Out For Delivery Today ", NEAR, scheduled_hours=50),
            _delivered(50),
        ),
        milestones=(*TO_DOOR, DELIVERED, EXCEPTION, OUT, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="wrong_delivery_returned",
        title="Delivered to the wrong door, fetched, sent back",
        steps=(
            *ON_THE_ROAD,
            _delivered(26, received_by="VISSER"),
            Step(30, "X", "47", "013", "The street number is incorrect; the sender is being contacted. ", NEAR),
            Step(72, "X", "UA", "034", "The package has been returned to the sender. ", ORIGIN, received_by="DOCK"),
        ),
        milestones=(*TO_DOOR, DELIVERED, EXCEPTION, RETURNED),
        final_milestone=RETURNED,
    ),
    Script(
        name="late_scans",
        title="Scans that come or happen after the delivery",
        steps=(
            *TO_HUB,
            Step(14, "I", "DP", "005", "Departed from Facility", HUB, known_hours=28),
            Step(17, "I", "AR", "005", "Arrived at Facility", NEAR, known_hours=29),
            Step(21, "I", "OT", "021", "Out For Delivery Today ", NEAR),
            _delivered(26),
            Step(27, "I", "LC", "005", "Package location", NEAR),
            Step(30, "I", "AR", "005", "Arrived at Facility", HUB),
        ),
        milestones=(*TO_DOOR, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="out_for_delivery_as_d",
        title="`Out for delivery` told as type D",
        steps=(
            *TO_DEPOT,
            Step(21, "D", "OT", "021", "Out For Delivery Today ", NEAR),
            _delivered(26),
        ),
        milestones=(*TO_DOOR, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="neighbour",
        title="Left with a neighbour",
        steps=(*ON_THE_ROAD, _delivered(26, code="3H", text="DELIVERED TO NEIGHBOR ", received_by="BUURMAN")),
        milestones=(*TO_DOOR, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="weather_delay",
        title="A day late because of the weather",
        steps=(
            *TO_DEPOT,
            Step(20, "X", "DJ", "053", "Adverse weather conditions caused this delay. ", NEAR),
            Step(20.5, "U", "UP", "153", "Updated Delivery Date ", NEAR, scheduled_hours=50),
            Step(45, "I", "OT", "021", "Out For Delivery Today ", NEAR),
            _delivered(50),
        ),
        milestones=(*TO_TRANSIT, EXCEPTION, OUT, DELIVERED),
        final_milestone=DELIVERED,
    ),
    Script(
        name="never_tendered",
        title="A label only; the parcel never came",
        steps=(Step(240, "X", "5D", "003", "A label was created; UPS has not received the package. ", Where.NOWHERE),),
        milestones=("label_created",),
        final_milestone="label_created",
    ),
    Script(
        name="voided",
        title="Voided before it was handed over",
        steps=(Step(4, "MV", "VP", "007", "Billing information voided. ", Where.ORIGIN_COUNTRY),),
        milestones=("label_created", "voided"),
        final_milestone="voided",
    ),
    Script(
        name="split_over_days",
        title="Each parcel of the shipment on another day",
        steps=(*ON_THE_ROAD, _delivered(26)),
        milestones=(*TO_DOOR, DELIVERED),
        final_milestone=DELIVERED,
        hours_between_parcels=48,
    ),
    Script(
        name="no_news",
        title="Nothing more after the hub",
        steps=TO_HUB,
        milestones=TO_TRANSIT,
        final_milestone=IN_TRANSIT,
    ),
    Script(
        name="unknown_codes",
        title="Types and codes nobody documented",
        steps=(
            *TO_DEPOT,
            Step(18, "I", "Q9", "005", "Sorted by other means ", NEAR),
            Step(19.5, "QX", "Q7", "777", "Handled by a new kind of carrier ", NEAR),
            Step(20, "N", "", "", "Status text without any code ", Where.NOWHERE),
            Step(21, "I", "OT", "021", "Out For Delivery Today ", NEAR),
            Step(22, "QX", "FS", "778", "DELIVERY PLANNING UPDATED ", NEAR),
            Step(23, "I", "OF", "021", "On Vehicle for Delivery Today ", NEAR),
        ),
        milestones=TO_DOOR,
        final_milestone=OUT,
    ),
)

SCRIPTS = {script.name: script for script in _ALL}
"""By name."""
