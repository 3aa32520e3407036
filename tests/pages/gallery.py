"""Every page of the site with something on it: where it is, and what is pressed there to see it."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from syncjobs.actions import previewing
from syncjobs.actions.previewing import Look, Outcome
from syncjobs.alarms.kinds import AlarmKind
from syncjobs.figures import days
from syncjobs.labels import stations
from syncjobs.models import Delivery, Label, Preview, Station
from syncjobs.reconciling.kinds import FindingKind
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.pages import doubts, scene, travels
from tests.pages.scene import Desk
from tests.pages.test_news import tell
from tests.pages.test_reconciliation import make_finding, make_run
from tests.pages.test_scan import make_waiting
from tests.pages.test_ship_from import make_warehouse
from tests.syncjobs.samples import address as exact_address

ROWS = 26
"""One more than a page of the list holds."""
OF_A_COMPANY = (
    "syncjobs:overview",
    "syncjobs:reports",
    "syncjobs:news",
    "syncjobs:news_choices",
    "syncjobs:scan",
    "syncjobs:stations",
    "syncjobs:reconciliation",
    "audit:export",
    "syncjobs:health",
    "syncjobs:setup",
    "exact:connection",
    "exact:disconnect",
    "ups:accounts",
    "ups:new",
    "syncjobs:ship_from",
    "syncjobs:rules",
    "syncjobs:dry_run",
    "syncjobs:go_live",
    "syncjobs:reporting",
    "tenants:team",
    "tenants:hand_over",
    "tenants:leave",
    "tenants:settings",
    "tenants:api_keys",
    "syncjobs:personal",
    "syncjobs:erase",
    "syncjobs:close",
)
OF_A_QUIET_COMPANY = (
    "syncjobs:overview",
    "syncjobs:reports",
    "syncjobs:deliveries",
    "syncjobs:work",
    "syncjobs:news",
    "syncjobs:stations",
    "syncjobs:reconciliation",
)
OF_A_DELIVERY = ("delivery", "cancel", "void", "void_parcels", "ship_again", "replay", "return")
OF_A_PERSON = (
    "tenants:account",
    "tenants:new",
    "mfa_index",
    "account_email",
    "account_change_password",
    "usersessions_list",
    "account_logout",
)
OF_ANYBODY = ("account_login", "account_signup", "account_reset_password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A page, and what is done there before it is looked at."""

    name: str
    address: str
    press: Callable[[Page], object] | None = None


def choose_and_press(act: str) -> Callable[[Page], None]:
    """Choose the deliveries on the list and press a button of its bar."""

    def press(page: Page) -> None:
        page.locator("[data-all]").check()
        with page.expect_navigation():
            page.locator(f'.bulk-bar [value="{act}"]').click()

    return press


def choose_all(page: Page) -> None:
    page.locator("[data-all]").check()


def open_everything(page: Page) -> None:
    """All that is folded away."""
    page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true; })")


def send_empty(page: Page) -> None:
    """A form with nothing in it, past what the browser itself would ask for."""
    with page.expect_navigation():
        page.evaluate("const form = document.querySelector('main form:has([required])'); form.noValidate = true;"
                      " form.requestSubmit();")  # fmt: skip


def take_labels(page: Page) -> None:
    with page.expect_navigation():
        page.locator('main form[action$="/take/"] button').click()


def make_key(page: Page) -> None:
    """The one time that its secret is seen."""
    page.locator("main input[name=name]").fill("Warehouse system")
    with page.expect_navigation():
        page.locator("main form:has(input[name=name]) button[type=submit]").click()


def ask_price(page: Page) -> None:
    page.locator("main input[type=checkbox]").first.check()
    with page.expect_navigation():
        page.locator('main button[value="look"]').click()


def stops_of_a_company(desk: Desk) -> list[Stop]:
    """Everything that its owner sees while much goes on."""
    stops = [
        *(Stop(name=name, address=reverse(name, args=[desk.tenant.code])) for name in OF_A_COMPANY),
        *_stops_of_deliveries(desk),
        *_stops_of_packing(desk),
        *_stops_of_set_up(desk),
        *_stops_of_the_list(desk),
    ]
    with tenant_context(desk.tenant.id):
        days.count_days(desk.tenant.id, [timezone.localdate()], at=timezone.now())
    return stops


def stops_of_a_quiet_company(tenant: Tenant) -> list[Stop]:
    """Where nothing waits and nothing came yet."""
    return [Stop(name=f"quiet-{name}", address=reverse(name, args=[tenant.code])) for name in OF_A_QUIET_COMPANY]


def stops_of_a_person(hidden: Tenant) -> list[Stop]:
    """One's own account, and a company that one does not see."""
    found = Stop(name="not-found", address=reverse("syncjobs:deliveries", args=[hidden.code]))
    return [*(Stop(name=name, address=reverse(name)) for name in OF_A_PERSON), found]


def stops_of_anybody(desk: Desk) -> list[Stop]:
    """Without signing in: the way in, and the receiver's page."""
    shown = (travels.make_travelling(desk), travels.make_delivered(desk))
    return [
        *(Stop(name=name, address=reverse(name)) for name in OF_ANYBODY),
        *(Stop(name=f"track-{each.milestone}", address=travels.receivers_address(each)) for each in shown),
    ]


def furnish(desk: Desk) -> None:
    """Everything that there is at most one of."""
    tell(desk, AlarmKind.DAY_BUDGET, AlarmKind.HOOKS_SILENT)
    run = make_run(desk)
    for kind in FindingKind:
        make_finding(desk, kind, run)
    scene.make_skipped(desk)
    for _ in range(ROWS):
        scene.make_delivery(desk)


def _stops_of_the_list(desk: Desk) -> Iterator[Stop]:
    address = reverse("syncjobs:deliveries", args=[desk.tenant.code])
    yield Stop(name="list-chosen", address=f"{address}?sort=number", press=choose_all)
    yield Stop(name="list-open", address=address, press=open_everything)
    yield Stop(name="list-odd", address=f"{address}?from=soon&state=odd&sort=number-up")
    yield Stop(name="list-nothing", address=f"{address}?q=nowhere")
    yield Stop(name="list-cancel", address=address, press=choose_and_press("cancel"))
    yield Stop(name="list-print", address=address, press=choose_and_press("print"))
    yield Stop(name="list-replay", address=address, press=choose_and_press("replay"))
    yield Stop(name="list-asked", address=f"{address}?state=todo", press=choose_and_press("ship_now"))
    work = reverse("syncjobs:work", args=[desk.tenant.code])
    yield Stop(name="work-open", address=work, press=open_everything)


def _stops_of_deliveries(desk: Desk) -> Iterator[Stop]:
    made = {
        "new": scene.make_delivery(desk),
        "held": scene.make_held(desk),
        "doubtful": scene.make_doubtful(desk),
        "several": doubts.make_several(desk),
        "orphan": doubts.make_orphan(desk),
        "void-refused": doubts.make_void_refused(desk),
        "travelling": travels.make_travelling(desk),
        "silent": travels.make_silent(desk),
        "delivered": travels.make_delivered(desk),
    }
    for name, delivery in made.items():
        yield _of(desk, f"delivery-{name}", "delivery", delivery, press=open_everything)
    trail = reverse("audit:trail", args=[desk.tenant.code], query={"about": made["orphan"].delivery_number})
    yield Stop(name="trail-open", address=trail, press=open_everything)
    for name in ("several", "void-refused"):
        yield _of(desk, f"review-{name}", "review", made[name])
    shipped = scene.make_shipped(desk, parcels=3)
    for page in OF_A_DELIVERY:
        yield _of(desk, f"shipped-{page}", page, shipped)
    yield _of(desk, "return-price", "return", shipped, press=ask_price)
    yield _of(desk, "held-cancel", "cancel", made["held"])
    for action in (Preview.Action.SHIP_AGAIN, Preview.Action.REPLAY):
        looked = scene.make_shipped(desk) if action == Preview.Action.SHIP_AGAIN else scene.make_held(desk)
        look_at(desk, looked, action)
        yield _of(desk, f"looked-{action.value}", action.value, looked)


def _stops_of_packing(desk: Desk) -> Iterator[Stop]:
    waiting, shipped = make_waiting(desk), scene.make_shipped(desk, parcels=2)
    with tenant_context(desk.tenant.id):
        station = Station.objects.create(tenant=desk.tenant, name="Table 1", takes_new=True)
        labels = list(Label.objects.filter(parcel__shipment__delivery=shipped))
        stations.enqueue(desk.tenant.id, labels, station, timezone.now())
    scan = reverse("syncjobs:scan", args=[desk.tenant.code])
    at_station = [desk.tenant.code, station.code]
    yield Stop(name="scan-nothing", address=f"{scan}?number=nothing")
    yield _of(desk, "scan-pack", "scan_delivery", waiting)
    yield _of(desk, "scan-shipped", "scan_delivery", shipped)
    yield _of(desk, "scan-held", "scan_delivery", scene.make_held(desk))
    yield Stop(name="station", address=reverse("syncjobs:station", args=at_station))
    yield Stop(name="station-change", address=reverse("syncjobs:edit_station", args=at_station))
    yield Stop(name="station-taken", address=reverse("syncjobs:station", args=at_station), press=take_labels)
    yield Stop(name="label", address=reverse("syncjobs:label", args=[desk.tenant.code, labels[0].code]))


def _stops_of_set_up(desk: Desk) -> Iterator[Stop]:
    account = [desk.tenant.code, desk.account.code]
    warehouse = [desk.tenant.code, make_warehouse(desk, exact=exact_address()).code]
    yield Stop(name="ups-account", address=reverse("ups:account", args=account))
    yield Stop(name="ups-tracking", address=reverse("ups:tracking", args=account))
    yield Stop(name="warehouse", address=reverse("syncjobs:ship_from_warehouse", args=warehouse))
    yield Stop(name="ups-empty", address=reverse("ups:new", args=[desk.tenant.code]), press=send_empty)
    yield Stop(name="key-made", address=reverse("tenants:api_keys", args=[desk.tenant.code]), press=make_key)
    yield Stop(name="more", address=f"{reverse('syncjobs:overview', args=[desk.tenant.code])}#pages")


def look_at(desk: Desk, delivery: Delivery, action: Preview.Action) -> None:
    """What a worker found: it would be shipped, at a price."""
    at = timezone.now()
    previewing.ask(
        actor="worker", tenant_id=desk.tenant.id, delivery_codes=[delivery.code], action=action, at=at
    )  # fmt: skip
    look = Look(
        outcome=Outcome.SHIP,
        receiver=("Möbelhaus Lindner GmbH", "40212 Düsseldorf"),
        service="UPS Standard",
        price=Decimal("11.20"),
        currency="EUR",
        content_hash="a" * 64,
    )
    with tenant_context(desk.tenant.id):
        previewing.finish(Preview.objects.get(delivery=delivery), look, at=at)


def _of(desk: Desk, name: str, page: str, delivery: Delivery, press: Callable[[Page], object] | None = None) -> Stop:
    code: uuid.UUID = delivery.code
    return Stop(name=name, address=reverse(f"syncjobs:{page}", args=[desk.tenant.code, code]), press=press)
