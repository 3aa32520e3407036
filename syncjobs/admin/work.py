"""Messages, jobs, alarms and comparisons, to look at."""

from django.contrib import admin

from connector_site.lib.admin import LargeAdmin, LookingAdmin, one_of
from syncjobs.models import (
    Alarm,
    DryRun,
    Export,
    ExportPart,
    Finding,
    Heartbeat,
    Receipt,
    Reconciliation,
    SyncJob,
    SystemAlarm,
)
from syncjobs.reconciling.kinds import FindingKind


@admin.register(Receipt)
class ReceiptAdmin(LargeAdmin):
    """Messages that came in; the bytes are not shown."""

    list_display = ("received_at", "tenant", "source", "topic", "action", "subject", "repeats", "dead_letter")
    list_filter = (one_of("source", [("exact", "Exact Online"), ("ups", "UPS")]),)
    list_select_related = ("tenant",)
    search_fields = ("code", "subject", "fingerprint")


@admin.register(SyncJob)
class SyncJobAdmin(LargeAdmin):
    """Work that is due, at work, done or given up."""

    list_display = ("kind", "tenant", "subject", "state", "due_at", "starts", "failures", "last_error")
    list_filter = ("state", "kind", "queue")
    list_select_related = ("tenant",)
    search_fields = ("code", "subject")


@admin.register(SystemAlarm)
class SystemAlarmAdmin(LookingAdmin):
    """What is or was wrong with the service itself."""

    list_display = ("kind", "subject", "details", "raised_at", "seen_at", "cleared_at", "mailed_at")
    list_filter = ("kind",)
    search_fields = ("subject",)
    ordering = ("-raised_at",)


@admin.register(Alarm)
class AlarmAdmin(LookingAdmin):
    """What is or was wrong at the customers."""

    list_display = ("kind", "tenant", "subject", "details", "raised_at", "cleared_at", "mailed_at")
    list_filter = ("kind",)
    list_select_related = ("tenant",)
    search_fields = ("subject", "tenant__name")
    ordering = ("-raised_at",)


@admin.register(Heartbeat)
class HeartbeatAdmin(LookingAdmin):
    """The last sign of life of the clock and of each queue."""

    list_display = ("name", "seen_at")
    ordering = ("name",)


@admin.register(Reconciliation)
class ReconciliationAdmin(LookingAdmin):
    """Runs of the nightly comparison."""

    list_display = ("began_at", "tenant", "connection", "ended_at", "exact_deliveries", "our_deliveries", "problem")
    list_select_related = ("tenant", "connection")
    ordering = ("-began_at",)


@admin.register(Finding)
class FindingAdmin(LargeAdmin):
    """Differences that the comparison found."""

    list_display = ("kind", "tenant", "subject", "found_at", "seen_at", "repair_asked_at", "resolved_at", "resolution")
    list_filter = (
        one_of("kind", [(kind, kind.replace("_", " ")) for kind in FindingKind]),
        one_of("resolution", Finding.Resolution.choices),
    )
    list_select_related = ("tenant",)


@admin.register(DryRun)
class DryRunAdmin(LookingAdmin):
    """Looks at what would happen; what they show is not shown here."""

    list_display = ("asked_at", "tenant", "connection", "finished_at", "problem")
    list_select_related = ("tenant", "connection")
    ordering = ("-asked_at",)


@admin.register(Export)
class ExportAdmin(LookingAdmin):
    """That a customer asked for a copy of her data."""

    list_display = ("asked_at", "tenant", "finished_at", "expires_at", "size_bytes")
    list_select_related = ("tenant",)
    ordering = ("-asked_at",)


@admin.register(ExportPart)
class ExportPartAdmin(LargeAdmin):
    """The files of such a copy, without what is in them."""

    list_display = ("name", "tenant", "export", "table", "rows")
    list_select_related = ("tenant", "export")
