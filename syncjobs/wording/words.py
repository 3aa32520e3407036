"""What must be said in every language; a text that a language lacks is found by the type check."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneWords:
    """One word or two for each `ups.events.Milestone`: in the remarks, on the page, on the proof of delivery."""

    label_created: str
    picked_up: str
    in_transit: str
    out_for_delivery: str
    available_for_pickup: str
    exception: str
    delivered: str
    returned_to_sender: str
    voided: str
    unknown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonWords:
    """A phrase for each `ups.statuses.Reason`, to stand beside a milestone; read by sender and receiver alike."""

    unknown: str
    returned_final: str
    return_in_progress: str
    waiting_for_collection: str
    collected: str
    neighbour: str
    hold_requested: str
    never_tendered: str
    to_access_point: str
    delivery_attempted: str
    final_attempt: str
    delivery_problem: str
    undeliverable: str
    access_needed: str
    refused: str
    address_problem: str
    delay: str
    delay_or_action: str
    customs: str
    customs_sender: str
    customs_receiver: str
    customs_agency: str
    customs_broker: str
    customs_in_progress: str
    papers_incomplete: str
    duties_to_pay: str
    duties_paid: str
    not_allowed: str
    damage: str
    lost_and_found: str
    lost_or_destroyed: str
    investigation: str
    change_request: str
    held: str
    pickup_failed: str
    pickup_voided: str
    remark: str
    number_changed: str
    new_date: str
    new_time: str
    photo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """The public tracking page. Names in braces are filled in with `str.format`."""

    title: str
    sent_by: str
    """{company}"""
    parcel_of: str
    """{number} {total}"""
    parcels: str
    tracking_number: str
    delivered_of: str
    """{delivered} {total}"""
    status: str
    progress: str
    step_done: str
    """Beside a step of the progress line, for those who hear the page."""
    step_now: str
    step_ahead: str
    expected: str
    """{date}"""
    delivered_on: str
    """{moment}"""
    history: str
    event: str
    time: str
    place: str
    local_time: str
    """The times are by the clock of each place."""
    zone_unknown: str
    no_time: str
    at_ups: str
    """In place of a place that UPS did not name."""
    no_scan: str
    being_checked: str
    """Beside an end that only the Tracking API may say, while it has not."""
    as_reported: str
    in_ups_words: str
    """Before a description that stays as UPS wrote it."""
    last_updated: str
    """{moment}"""
    not_yet_updated: str
    follow: str
    language: str
    privacy: str
    not_found_title: str
    not_found_text: str
    too_many_title: str
    too_many_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofWords:
    """The proof of delivery. Names in braces are filled in with `str.format`."""

    title: str
    sender: str
    delivery_number: str
    order_numbers: str
    parcels: str
    parcel_of: str
    """{number} {total}"""
    tracking_number: str
    service: str
    delivered_at: str
    place: str
    left_at: str
    received_by: str
    not_stated: str
    local_time: str
    zone_unknown: str
    event: str
    time: str
    tracking_page: str
    as_reported: str
    made: str
    """{moment} {maker}"""
    page_of: str
    """{number} {total}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything the product says to sender and receiver in one language."""

    code: str
    """ISO 639-1, as in the attribute `lang` of a page and of a PDF."""
    name: str
    """The language in its own words."""
    months: tuple[str, ...]
    first_of_month: str
    """How the first day is written: French says `1er`."""
    day_form: str
    """{day} {month} {year}"""
    moment_form: str
    """{day} {time}"""
    parcels: str
    """After their number, in the remarks."""
    milestones: MilestoneWords
    reasons: ReasonWords
    page: PageWords
    proof: ProofWords
