"""Every address under /t/ is walked as a stranger and as another company: a new address without a line here fails."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from exact.models import Warehouse
from syncjobs.models import Export, Finding, Label, PrintJob, Reconciliation, SavedView, Station
from tenants.context import tenant_context
from tenants.models import ApiKey, Invitation, Membership, Role
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.security.digests import digest
from ups.models import QuantumViewFeed

pytestmark = pytest.mark.django_db

ROUTES: dict[str, tuple[str, ...]] = {
    "audit:check": (),
    "audit:export": (),
    "audit:trail": (),
    "exact:check_rights": (),
    "exact:companies": (),
    "exact:connection": (),
    "exact:disconnect": (),
    "exact:end_link": (),
    "exact:make_link": (),
    "exact:start": (),
    "exact:take_up": (),
    "syncjobs:again": ("delivery_code",),
    "syncjobs:cancel": ("delivery_code",),
    "syncjobs:hold": ("delivery_code",),
    "syncjobs:replay": ("delivery_code",),
    "syncjobs:replay_many": (),
    "syncjobs:return": ("delivery_code",),
    "syncjobs:ship_again": ("delivery_code",),
    "syncjobs:void": ("delivery_code",),
    "syncjobs:void_parcels": ("delivery_code",),
    "syncjobs:close": (),
    "syncjobs:approve": (),
    "syncjobs:dry_run": (),
    "syncjobs:go_live": (),
    "syncjobs:go_on": (),
    "syncjobs:pause": (),
    "syncjobs:resume": (),
    "syncjobs:bulk": (),
    "syncjobs:columns": (),
    "syncjobs:deliveries": (),
    "syncjobs:drop_view": ("view_code",),
    "syncjobs:keep_view": (),
    "syncjobs:list_file": (),
    "syncjobs:delivery": ("delivery_code",),
    "syncjobs:dismiss_finding": ("finding_code",),
    "syncjobs:erase": (),
    "syncjobs:export": (),
    "syncjobs:export_file": ("export_code",),
    "syncjobs:batch_again": ("station_code", "batch"),
    "syncjobs:batch_file": ("station_code", "batch"),
    "syncjobs:drop_labels": ("station_code",),
    "syncjobs:edit_station": ("station_code",),
    "syncjobs:end_station": ("station_code",),
    "syncjobs:label": ("label_code",),
    "syncjobs:label_preview": ("label_code",),
    "syncjobs:print_labels": (),
    "syncjobs:station": ("station_code",),
    "syncjobs:stations": (),
    "syncjobs:take_labels": ("station_code",),
    "syncjobs:label_original": ("label_code",),
    "syncjobs:label_pdf": ("label_code",),
    "syncjobs:labels_pdf": ("delivery_code",),
    "syncjobs:health": (),
    "syncjobs:labels_printer": ("delivery_code",),
    "syncjobs:note": ("delivery_code",),
    "syncjobs:news": (),
    "syncjobs:news_choices": (),
    "syncjobs:overview": (),
    "syncjobs:personal": (),
    "syncjobs:proof": ("delivery_code",),
    "syncjobs:read_methods": (),
    "syncjobs:read_warehouses": (),
    "syncjobs:reconcile_now": (),
    "syncjobs:reconciliation": (),
    "syncjobs:repair_finding": ("finding_code",),
    "syncjobs:reporting": (),
    "syncjobs:reports": (),
    "syncjobs:reports_csv": (),
    "syncjobs:resubscribe": (),
    "syncjobs:review": ("delivery_code",),
    "syncjobs:rules": (),
    "syncjobs:scan": (),
    "syncjobs:scan_delivery": ("delivery_code",),
    "syncjobs:scan_file": ("delivery_code",),
    "syncjobs:scan_print": ("delivery_code",),
    "syncjobs:scan_station": (),
    "syncjobs:setup": (),
    "syncjobs:ship_from": (),
    "syncjobs:ship_from_default": ("warehouse_code",),
    "syncjobs:ship_from_warehouse": ("warehouse_code",),
    "syncjobs:test_page": (),
    "syncjobs:work": (),
    "syncjobs:work_together": (),
    "tenants:change_role": ("member_code",),
    "tenants:hand_over": (),
    "tenants:leave": (),
    "tenants:remove_member": ("member_code",),
    "tenants:resend": ("invitation_code",),
    "tenants:settings": (),
    "tenants:team": (),
    "tenants:withdraw": ("invitation_code",),
    "tenants:api_keys": (),
    "tenants:end_api_key": ("key_code",),
    "ups:account": ("account_code",),
    "ups:accounts": (),
    "ups:add_feed": ("account_code",),
    "ups:check": ("account_code",),
    "ups:leaked": ("account_code",),
    "ups:new": (),
    "ups:new_client_secret": ("account_code",),
    "ups:remove_feed": ("account_code", "feed_code"),
    "ups:renew_secret": ("account_code",),
    "ups:show_client_secret": ("account_code",),
    "ups:tracking": ("account_code",),
}
"""Each address of a tenant with the identifiers it takes beside the tenant's."""
OPEN = {
    "admin": "staff only, see test_admin",
    "account": "allauth's own pages",
    "health_live": "no data",
    "health_ready": "no data",
    "health_beat": "no data",
    "syncjobs:exact_hook": "proves itself by signature",
    "syncjobs:ups_hook": "proves itself by the credential or a token of ours",
    "syncjobs:ups_token": "gives a token for a right client id and secret only",
    "syncjobs:track": "an unguessable code, counted per address, see test_track",
    "syncjobs:track_colour": "no data",
    "exact:callback": "proves itself by the kept state, then enters through the gate or belongs to a link",
    "exact:by_link": "an unguessable link that works once, counted per address, see test_consent_links",
    "exact:link_thanks": "no data",
    "syncjobs:api_deliveries": "proves itself by a key, see test_api",
    "syncjobs:api_delivery": "proves itself by a key, see test_api",
    "syncjobs:api_preview": "proves itself by a key, see test_api",
    "syncjobs:api_replay": "proves itself by a key, see test_api",
    "tenants:home": "shows the person's own companies",
    "tenants:new": "makes a company that the signed-in person owns",
    "tenants:account": "shows the person herself",
    "tenants:protect": "sets up the person's own second factor",
    "tenants:kept": "leads the signed-in person on",
    "tenants:language": "keeps the person's own language",
    "tenants:theme": "keeps whether the person's own pages are light or dark",
    "tenants:join": "proves itself by the link's secret, see test_people_team",
    "tenants:joining": "shows what the session's own link offers, and asks for the proven address",
}
"""Addresses outside /t/, each with what guards it."""


def walk(resolver: URLResolver, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """Name and pattern of every address."""
    for entry in resolver.url_patterns:
        pattern = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from walk(entry, pattern, inner)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", pattern


def addresses() -> dict[str, str]:
    return dict(walk(get_resolver()))


def test_every_address_of_a_tenant_has_a_line_in_the_table() -> None:
    found = {name for name, pattern in addresses().items() if pattern.startswith("t/")}

    assert found == set(ROUTES)


def test_every_other_address_says_what_guards_it() -> None:
    found = {
        pattern.split("/")[0] if pattern.startswith(("admin/", "account/")) else name
        for name, pattern in addresses().items()
        if not pattern.startswith("t/")
    }

    assert found == set(OPEN)


def identifiers(desk: Desk) -> dict[str, uuid.UUID]:
    """What stands in the addresses of a company at work."""
    delivery = scene.make_held(desk)
    shipped = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        label = Label.objects.get(parcel__shipment__delivery=shipped)
        member = Membership.objects.get(tenant=desk.tenant, role=Role.OWNER)
        invitation = Invitation.objects.create(tenant=desk.tenant, email="new@example.com", role=Role.VIEWER)
        feed = QuantumViewFeed.objects.create(tenant=desk.tenant, account=desk.account, name="OutboundNL")
        of_company = {"tenant": desk.tenant, "connection": desk.connection}
        run = Reconciliation.objects.create(**of_company, since_at=delivery.created_at)
        warehouse = Warehouse.objects.create(
            **of_company, exact_id=uuid.uuid4(), exact_code="2", read_at=delivery.created_at
        )
        finding = Finding.objects.create(**of_company, reconciliation=run, kind="gone", subject=delivery.code)
        at = timezone.now()
        export = Export.objects.create(
            tenant=desk.tenant, asked_by=uuid.uuid4(), finished_at=at, expires_at=at + timedelta(days=1)
        )
        station = Station.objects.create(tenant=desk.tenant, name="Desk 1")
        batch = uuid.uuid4()
        PrintJob.objects.create(tenant=desk.tenant, station=station, label=label, taken_at=at, batch=batch)
        owner = member.user_id
        view = SavedView.objects.create(tenant=desk.tenant, user_id=owner, name="Mine", is_shared=True)
        key = ApiKey.objects.create(tenant=desk.tenant, name="machine", role=Role.VIEWER, token_digest="0" * 64)
    return {
        "view_code": view.code,
        "key_code": key.code,
        "station_code": station.code,
        "batch": batch,
        "delivery_code": delivery.code,
        "label_code": label.code,
        "account_code": desk.account.code,
        "feed_code": feed.code,
        "finding_code": finding.code,
        "export_code": export.code,
        "member_code": member.code,
        "invitation_code": invitation.code,
        "warehouse_code": warehouse.code,
    }


def statuses(
    client: Client, tenant_code: uuid.UUID, known: dict[str, uuid.UUID], names: set[str]
) -> dict[str, set[int]]:
    """What each address answers to looking and to sending."""
    answers: dict[str, set[int]] = {}
    for name in sorted(names):
        url = reverse(name, args=[tenant_code, *(known[part] for part in ROUTES[name])])
        answers[name] = {
            client.get(url).status_code,
            client.post(url, {"site": "nl", "version": "off", "name": "New", "role": "viewer"}).status_code,
        } - {405}
    return answers


def test_a_stranger_meets_404_everywhere_and_nothing_changes(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    known = identifiers(desk)
    before = digest(desk.tenant.id)

    answers = statuses(as_user(cast.outsider), desk.tenant.code, known, set(ROUTES))

    assert answers == {name: {404} for name in ROUTES}
    assert digest(desk.tenant.id) == before


def test_another_company_with_our_identifiers_meets_404_and_nothing_changes(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    known = identifiers(desk)
    scene.make_desk(cast.other_tenant, division=654321)
    before = digest(desk.tenant.id), digest(cast.other_tenant.id)
    with_identifier = {name for name, parts in ROUTES.items() if parts}

    answers = statuses(as_user(cast.outsider), cast.other_tenant.code, known, with_identifier)

    assert answers == {name: {404} for name in with_identifier}
    assert (digest(desk.tenant.id), digest(cast.other_tenant.id)) == before


def test_nobody_signed_in_is_sent_to_sign_in_everywhere(cast: Cast, desk: Desk, client: Client) -> None:
    del cast
    known = identifiers(desk)
    before = digest(desk.tenant.id)

    answers = statuses(client, desk.tenant.code, known, set(ROUTES))

    assert answers == {name: {302} for name in ROUTES}
    assert digest(desk.tenant.id) == before


def test_a_list_shows_rows_of_its_own_company_only(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    ours = scene.make_shipped(desk)
    theirs = scene.make_shipped(scene.make_desk(cast.other_tenant, division=654321))
    search = reverse("syncjobs:deliveries", args=[desk.tenant.code])

    pages = [
        as_user(cast.owner).get(f"{search}?q={number}").content.decode()
        for number in (theirs.delivery_number, theirs.written["tracking_number"])
    ]

    assert ["Nothing found" in page for page in pages] == [True, True]
    assert str(ours.code) != str(theirs.code)
