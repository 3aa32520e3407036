"""What a customer's copy holds: for each table the columns that go into it, and for each that does not, why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from audit.models import ChainCheck, ChainHead, Event
from connector_site.lib.secrets import unseal
from exact import models as exact
from syncjobs import models, notes, parties, raw_messages
from syncjobs.labels import files
from syncjobs.tracking import history_rows
from tenants.models import ApiKey, Invitation, Membership, Tenant
from ups import models as ups

Opener = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: plain columns as they stand, and sealed ones under the name their words go by.

    `links` are columns that are told by the code or number of the row they point at.
    """

    name: str
    model: type[Model]
    columns: tuple[str, ...]
    links: tuple[str, ...] = ()
    opened: Mapping[str, tuple[str, Opener]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    of_tenant: str = "tenant_id"


SECRET = "a credential; it opens an account"  # noqa: S105  a reason, not a secret
OURS = "says how we work, not what was done for you"
KEY = "only opens the column beside it"
SEARCH = "only finds the row; the address itself is in the copy"


def _party(row: models.PartyAddress) -> Any:
    return (
        None if row.sealed is None else parties.open_party(row.sealed_key, row.sealed, delivery_code=row.delivery.code)
    )


def _request(row: models.Attempt) -> Any:
    return None if row.request is None else unseal(row.request, owner=row.delivery.code, purpose=row.reference)


def _told(row: models.TrackingEvent) -> Any:
    return None if row.sealed is None else unseal(row.sealed, owner=row.code, purpose=history_rows.PURPOSE)


def _note(row: models.Note) -> Any:
    return None if row.sealed is None else notes.words_of(row)


def _message(row: models.Receipt) -> str:
    content = raw_messages.pushed(row) if row.sealed_body is not None else bytes(row.body)
    return content.decode(errors="replace")


TABLES = (
    Table(
        name="company",
        model=Tenant,
        of_tenant="pk",
        columns=(
            "code", "name", "time_zone", "language", "weight_unit", "brand_colour", "shipping_mode", "ships_from_at",
            "paused_at", "is_paused_by_staff", "stays_paused", "closed_at", "label_days", "party_days", "receipt_days",
            "audit_months", "created_at",
        ),
        left_out={"plans_from_at": OURS},
    ),
    Table(
        name="team", model=Membership, columns=("code", "role", "created_at"), links=("user__email", "user__name")
    ),
    Table(
        name="invitations",
        model=Invitation,
        columns=("code", "email", "role", "created_at", "expires_at", "accepted_at"),
        links=("invited_by__email",),
        left_out={"token_digest": SECRET},
    ),
    Table(
        name="exact-companies",
        model=exact.Connection,
        columns=(
            "code", "site", "division", "division_name", "connected_at", "disconnected_at", "last_read_at", "rights",
            "rights_checked_at",
        ),
        left_out=dict.fromkeys((
            "grant", "hook_code", "expand_lines", "minute_limit", "day_limit", "blocked_until_at", "missed_hook_at",
            "moved_at", "relinked_at", "division_looked_at", "hook_validated_at",
        ), OURS),
    ),
    Table(
        name="shipping-methods",
        model=exact.ShippingMethod,
        columns=("code", "exact_id", "exact_code", "description", "active", "read_at"),
        links=("connection__code",),
    ),
    Table(
        name="ups-accounts",
        model=ups.Account,
        columns=(
            "code", "name", "shipper_number", "environment", "company_name", "attention_name", "address_line_1",
            "address_line_2", "address_line_3", "postal_code", "city", "state", "country", "phone", "email",
            "alert_version", "stopped_at", "stopped_reason", "checked_at", "check_problem", "created_at",
        ),
        left_out={
            **dict.fromkeys((
                "client_id", "client_secret", "token", "alert_hook_code", "alert_credential",
                "alert_credential_digest", "alert_previous_digest", "alert_client_id", "alert_client_secret",
                "alert_client_secret_digest",
            ), SECRET),
            **dict.fromkeys((
                "token_renew_at", "token_expires_at", "token_generation", "token_refreshing_until",
                "token_paused_until", "token_failures", "token_calls_date", "token_calls", "alert_previous_until",
                "alert_generation", "alert_problem", "alert_problem_at", "alert_silent_at", "tracking_problem",
                "tracking_problem_at",
            ), OURS),
        },
    ),
    Table(
        name="shipping-rules",
        model=models.ShippingRule,
        columns=(
            "code", "position", "exact_method_id", "country", "warehouse_code", "max_weight_kg", "service_code",
            "packaging_code", "length_cm", "width_cm", "height_cm", "parcel_max_weight_kg", "label_format",
            "label_size",
        ),
        links=("connection__code", "account__code"),
    ),
    Table(
        name="ship-from",
        model=models.ShipFrom,
        columns=(
            "code", "warehouse_code", "company_name", "attention_name", "address_line_1", "address_line_2",
            "address_line_3", "postal_code", "city", "state", "country", "phone", "email", "checked_at",
            "check_problem", "changed_at",
        ),
        links=("connection__code",),
    ),
    Table(
        name="reporting",
        model=models.Reporting,
        columns=("code", "milestones", "writes_proof", "document_type"),
        links=("connection__code",),
        left_out=dict.fromkeys(("document_types", "types_read_at", "has_short_lines", "lines_paused_until"), OURS),
    ),
    Table(
        name="deliveries",
        model=models.Delivery,
        columns=(
            "code", "exact_entry_id", "delivery_number", "order_numbers", "state", "problems", "shipment_no", "facts",
            "facts_read_at", "asked_again_at", "stopped_at", "approved_at", "warehouse_code", "packing", "packed_at",
            "printed_at", "written", "written_at", "milestone",
            "exact_document_id", "proof_problem", "created_at", "changed_at",
        ),
        links=("connection__code", "return_of__code"),
        left_out={
            "track_code": SECRET,
            **dict.fromkeys(("correlation", "exact_writes", "approved_content", "packed_content"), OURS),
        },
    ),
    Table(
        name="addresses",
        model=models.PartyAddress,
        columns=("code", "erased_at", "changed_at"),
        links=("delivery__code",),
        opened={"sealed": ("address", _party)},
        left_out={"sealed_key": KEY, "finders": SEARCH},
    ),
    Table(
        name="notes",
        model=models.Note,
        columns=("code", "erased_at", "created_at"),
        links=("delivery__code", "author__email"),
        opened={"sealed": ("note", _note)},
        left_out={"sealed_key": KEY},
    ),
    Table(
        name="attention",
        model=models.Attention,
        columns=("code", "subject_kind", "subject", "snoozed_until", "changed_at"),
        links=("assigned_to__email",),
    ),
    Table(
        name="saved-views",
        model=models.SavedView,
        columns=("code", "name", "question", "is_shared", "created_at"),
        links=("user__email",),
    ),
    Table(
        name="stations",
        model=models.Station,
        columns=("code", "name", "warehouse_code", "takes_new", "paper", "created_at", "ended_at"),
    ),
    Table(
        name="api-keys",
        model=ApiKey,
        columns=("code", "name", "role", "created_at", "last_used_at", "revoked_at"),
        links=("created_by__email",),
        left_out={"token_digest": SECRET},
    ),
    Table(
        name="requests",
        model=models.Attempt,
        columns=(
            "code", "shipment_no", "attempt_no", "reference", "shipper_number", "environment", "packages", "state",
            "planned_at", "sent_at", "settled_at", "evidence", "late_answer", "review_reason", "void_id",
            "quoted_amount", "quoted_currency", "erased_at",
        ),
        links=("delivery__code", "account__code"),
        opened={"request": ("request", _request)},
        left_out=dict.fromkeys((
            "request_hash", "lease_until", "absent_count", "first_absent_at", "due_at", "doubt_at", "asked_at",
            "asks", "watches", "orphaned_at",
        ), OURS),
    ),
    Table(
        name="shipments",
        model=models.Shipment,
        columns=(
            "code", "ups_shipment_id", "service_code", "country", "charge_amount", "charge_currency", "alerts",
            "source", "created_at", "voided_at",
        ),
        links=("delivery__code", "attempt__code"),
    ),
    Table(
        name="parcels",
        model=models.Parcel,
        columns=(
            "code", "position", "tracking_number", "weight", "weight_unit", "milestone", "milestone_at", "reason",
            "confirmed_at", "scheduled_date", "promised_date", "had_exception", "void_asked_at", "voided_at",
            "void_refusal", "last_event_at", "attention",
        ),
        links=("shipment__code",),
        left_out=dict.fromkeys(("claim_at", "looked_at", "looks_in_vain", "look_at"), OURS),
    ),
    Table(
        name="tracking",
        model=models.TrackingEvent,
        columns=(
            "code", "sources", "type", "event_code", "status_code", "description", "happened_at", "local_at",
            "offset_minutes", "zone_known", "city", "state", "country", "milestone", "track_says", "reason",
            "scheduled_date", "recorded_at",
        ),
        links=("parcel__tracking_number",),
        opened={"sealed": ("told", _told)},
        left_out={"fingerprint": OURS},
    ),
    Table(
        name="messages",
        model=models.Receipt,
        columns=("code", "source", "topic", "action", "subject", "received_at", "repeats", "dead_letter", "applied_at"),
        opened={"body": ("message", _message)},
        left_out={"fingerprint": OURS, "sealed_body": "is the message, where it came from UPS"},
    ),
    Table(
        name="differences",
        model=models.Finding,
        columns=(
            "code", "kind", "subject", "details", "found_at", "seen_at", "repair_asked_at", "resolved_at", "resolution",
        ),
        links=("connection__code",),
        left_out={"reconciliation": OURS},
    ),
    Table(
        name="alarms",
        model=models.Alarm,
        columns=("code", "kind", "subject", "details", "raised_at", "seen_at", "cleared_at", "mailed_at"),
        left_out=dict.fromkeys(("mail_due_at", "mail_not_to", "mail_tries_end_at"), OURS),
    ),
    Table(
        name="manifests",
        model=models.Manifest,
        columns=("code", "tracking_number", "reference", "shipped_date", "first_seen_at"),
        links=("account__code",),
    ),
    Table(
        name="audit",
        model=Event,
        columns=(
            "sequence", "recorded_at", "actor", "kind", "subject_kind", "subject", "from_state", "to_state",
            "correlation", "details", "previous_hash", "hash",
        ),
        left_out={"code": "the sequence names it"},
    ),
    Table(
        name="labels",
        model=models.Label,
        columns=("code", "image_format", "printed_at", "prints", "erased_at", "created_at"),
        links=("parcel__tracking_number",),
        opened={"content": ("file", files.content_of)},
        left_out={"sealed_key": KEY},
    ),
)  # fmt: skip
"""In the order in which they stand in the copy; labels last, because they are the most."""
AUDIT, LABELS = "audit", "labels"

NOT_IN_THE_COPY: dict[type[Model], str] = {
    ChainHead: "the last line of the audit trail says the same",
    exact.WebhookSubscription: OURS,
    exact.SyncCursor: OURS,
    exact.CallBudget: OURS,
    exact.Breaker: OURS,
    exact.MasterRecord: "a copy of what stands in your Exact Online, kept for a day",
    exact.Warehouse: "a copy of what stands in your Exact Online",
    exact.ConsentLink: SECRET,
    ups.ProductCheck: OURS,
    ups.AlertSubscription: OURS,
    ups.QuantumViewFeed: OURS,
    models.ViewPage: "what it says of your parcels stands in the tracking",
    models.ViewFile: OURS,
    models.SyncJob: OURS,
    models.Reconciliation: OURS,
    models.DryRun: "a preview of deliveries; nothing was made of it",
    models.Preview: "a look at what would be done; nothing was made of it",
    models.PrintJob: "how often and when a label was printed stands with the labels",
    models.DayFigures: "counted from the shipments, which are in the copy",
    models.Counting: OURS,
    models.NewsChoice: "how a colleague wants to be told of alarms",
    models.NewsMark: OURS,
    ChainCheck: "the outcome of a check of the audit trail, which is in the copy",
    models.Export: "the copy itself",
    models.ExportPart: "the copy itself",
}
"""Tables of a customer that are left out, each with the reason; a table without a line here or above fails a test."""
