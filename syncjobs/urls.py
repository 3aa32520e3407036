"""Addresses of deliveries, labels, open work, rules, the receiver's page, and what Exact and UPS call."""

from django.urls import path

from syncjobs.views import (
    closing,
    deliveries,
    dry_run,
    going_live,
    health,
    hooks,
    labels,
    personal,
    reconciliation,
    reporting,
    reviews,
    rules,
    setup,
    ship_from,
    tracking,
)

app_name = "syncjobs"
_TENANT = "t/<uuid:tenant_code>"
_DELIVERY = f"{_TENANT}/deliveries/<uuid:delivery_code>"
_LABEL = f"{_TENANT}/labels/<uuid:label_code>"
_FINDING = f"{_TENANT}/comparison/<uuid:finding_code>"
_WAREHOUSE = f"{_TENANT}/ship-from/<uuid:warehouse_code>"

urlpatterns = [
    path("hooks/exact/<uuid:hook_code>", hooks.exact, name="exact_hook"),
    path("hooks/ups/token", hooks.ups_token, name="ups_token"),
    path("hooks/ups/<uuid:hook_code>", hooks.ups, name="ups_hook"),
    path("track/colours/<str:digits>.css", tracking.colour, name="track_colour"),
    path("track/<str:track_code>", tracking.page, name="track"),
    path(f"{_TENANT}/", deliveries.deliveries, name="deliveries"),
    path(f"{_TENANT}/to-do/", deliveries.work, name="work"),
    path(f"{_DELIVERY}/", deliveries.delivery, name="delivery"),
    path(f"{_DELIVERY}/proof.pdf", deliveries.proof, name="proof"),
    path(f"{_DELIVERY}/again/", deliveries.again, name="again"),
    path(f"{_DELIVERY}/review/", reviews.review, name="review"),
    path(f"{_DELIVERY}/labels.pdf", labels.all_as_pdf, name="labels_pdf"),
    path(f"{_DELIVERY}/labels", labels.all_for_printer, name="labels_printer"),
    path(f"{_LABEL}.pdf", labels.one_as_pdf, name="label_pdf"),
    path(f"{_LABEL}/original", labels.original, name="label_original"),
    path(f"{_TENANT}/comparison/", reconciliation.reconciliation, name="reconciliation"),
    path(f"{_TENANT}/comparison/now/", reconciliation.now, name="reconcile_now"),
    path(f"{_FINDING}/repair/", reconciliation.repair, name="repair_finding"),
    path(f"{_FINDING}/dismiss/", reconciliation.dismiss, name="dismiss_finding"),
    path(f"{_TENANT}/set-up/", setup.setup, name="setup"),
    path(f"{_TENANT}/next/", setup.go_on, name="go_on"),
    path(f"{_TENANT}/dry-run/", dry_run.dry_run, name="dry_run"),
    path(f"{_TENANT}/go-live/", going_live.go_live, name="go_live"),
    path(f"{_TENANT}/pause/", going_live.pause, name="pause"),
    path(f"{_TENANT}/resume/", going_live.resume, name="resume"),
    path(f"{_TENANT}/approve/", going_live.approve, name="approve"),
    path(f"{_TENANT}/rules/", rules.rules, name="rules"),
    path(f"{_TENANT}/personal-data/", personal.personal, name="personal"),
    path(f"{_TENANT}/personal-data/erase/", personal.erase, name="erase"),
    path(f"{_TENANT}/personal-data/copy/", personal.export, name="export"),
    path(f"{_TENANT}/personal-data/copy/<uuid:export_code>.zip", personal.export_file, name="export_file"),
    path(f"{_TENANT}/close/", closing.close, name="close"),
    path(f"{_TENANT}/reporting/", reporting.reporting, name="reporting"),
    path(f"{_TENANT}/health/", health.health, name="health"),
    path(f"{_TENANT}/health/subscribe/", health.resubscribe, name="resubscribe"),
    path(f"{_TENANT}/rules/read/", rules.read_methods, name="read_methods"),
    path(f"{_TENANT}/ship-from/", ship_from.ship_from, name="ship_from"),
    path(f"{_TENANT}/ship-from/read/", ship_from.read_warehouses, name="read_warehouses"),
    path(f"{_WAREHOUSE}/", ship_from.ship_from_warehouse, name="ship_from_warehouse"),
    path(f"{_WAREHOUSE}/default/", ship_from.ship_from_default, name="ship_from_default"),
    path(f"{_TENANT}/test-label/", labels.test_page, name="test_page"),
]
