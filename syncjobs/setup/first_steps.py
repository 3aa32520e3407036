"""What a new customer has done and still has to do, read from the rows. Inside the tenant's context."""

import uuid
from dataclasses import dataclass

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from connector_site.lib.wording import said
from exact.models import Connection
from syncjobs.models import DryRun, ShipFrom, ShippingRule
from tenants.models import Tenant
from tenants.onboarding import Facts, Step, StepKey, StepState, missing, next_step, steps_of
from ups.models import Account

ADDRESSES: dict[StepKey, str] = {
    StepKey.COMPANY: "tenants:settings",
    StepKey.EXACT: "exact:connection",
    StepKey.UPS: "ups:accounts",
    StepKey.SHIP_FROM: "syncjobs:ship_from",
    StepKey.RULES: "syncjobs:rules",
    StepKey.DRY_RUN: "syncjobs:dry_run",
    StepKey.GO_LIVE: "syncjobs:go_live",
}
"""The page of each step."""
FIRST_ACCOUNT = "ups:new"
"""The page of the UPS step while there is no account."""
SHORT_TITLES: dict[StepKey, str] = {
    StepKey.COMPANY: said("Company"),
    StepKey.EXACT: said("Exact Online"),
    StepKey.UPS: said("UPS"),
    StepKey.SHIP_FROM: said("Ship-from address"),
    StepKey.RULES: said("Shipping rules"),
    StepKey.DRY_RUN: said("Dry run"),
    StepKey.GO_LIVE: said("Go live"),
}
TITLES: dict[StepKey, str] = {
    StepKey.COMPANY: said("Name the company"),
    StepKey.EXACT: said("Connect Exact Online"),
    StepKey.UPS: said("Connect UPS"),
    StepKey.SHIP_FROM: said("Say where parcels leave from"),
    StepKey.RULES: said("Choose a UPS service for each shipping method"),
    StepKey.DRY_RUN: said("See what would become of your last deliveries"),
    StepKey.GO_LIVE: said("Switch shipping on"),
}
TEXTS: dict[StepKey, str] = {
    StepKey.COMPANY: said("Name, time zone, language and the unit of weights."),
    StepKey.EXACT: said("Allow us to read goods deliveries and to write tracking numbers."),
    StepKey.UPS: said("Enter your shipper number and the credentials of your UPS app."),
    StepKey.SHIP_FROM: said("UPS is asked whether it collects from there."),
    StepKey.RULES: said("Only deliveries with a chosen shipping method become UPS shipments."),
    StepKey.DRY_RUN: said("Nothing is sent to UPS as a shipment, and nothing is written to Exact Online."),
    StepKey.GO_LIVE: said("From then on goods deliveries become UPS shipments."),
}
BUTTONS: dict[StepKey, str] = {
    StepKey.COMPANY: said("Change"),
    StepKey.EXACT: said("Connect"),
    StepKey.UPS: said("Connect"),
    StepKey.SHIP_FROM: said("Enter the address"),
    StepKey.RULES: said("Choose"),
    StepKey.DRY_RUN: said("Look"),
    StepKey.GO_LIVE: said("Go live"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStep:
    """One step as pages show it; `address` is the name of its page. All texts are English (`wording.local`)."""

    key: StepKey
    number: int
    address: str
    state: StepState
    is_optional: bool
    short_title: str
    title: str
    text: str
    button: str

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do there."""
        return self.state == StepState.DONE

    @property
    def is_open(self) -> bool:
        """Whether it can be taken now."""
        return self.state == StepState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSteps:
    """All of them; `current` is the one to take next, None when all is done, `missing` what going live waits for."""

    steps: tuple[FirstStep, ...]
    current: FirstStep | None
    missing: tuple[FirstStep, ...]
    done: int


def facts_of(tenant_id: uuid.UUID) -> Facts:
    """By one statement: the progress stands on every page while the company is not live."""
    row = Tenant.objects.annotate(**{name: Exists(rows) for name, rows in _sources().items()})
    found = row.values(*_sources(), "shipping_mode").get(pk=tenant_id)
    return Facts(
        is_connected=found["connected"],
        ups_works=found["ups"] and not found["unfit_account"],
        has_ship_from=found["ship_from"],
        has_ups_rule=found["ups_rule"],
        has_dry_run=found["dry_run"],
        is_live=found["shipping_mode"] != Tenant.ShippingMode.OFF,
    )


def first_steps(tenant_id: uuid.UUID) -> FirstSteps:
    """The steps in the order they are taken."""
    facts = facts_of(tenant_id)
    has_account = facts.ups_works or Account.objects.filter(tenant_id=tenant_id).exists()
    steps = {step.key: _shown(number, step, has_account) for number, step in enumerate(steps_of(facts), start=1)}
    following = next_step(facts)
    return FirstSteps(
        steps=tuple(steps.values()),
        current=steps[following] if following else None,
        missing=tuple(steps[key] for key in missing(facts)),
        done=sum(step.is_done for step in steps.values()),
    )


def _sources() -> dict[str, QuerySet[Model]]:
    """What each fact is read from. An account that the rules name and that does not work is worse than none."""
    mine = {"tenant_id": OuterRef("pk")}
    live = Q(connection__disconnected_at=None)
    return {
        "connected": Connection.objects.filter(**mine, disconnected_at=None, grant__needs_reconnect_at=None),
        "ups": Account.objects.filter(**mine, stopped_at=None, checked_at__isnull=False, check_problem=""),
        "unfit_account": ShippingRule.objects.filter(live, **mine, account__isnull=False).exclude(
            account__stopped_at=None, account__checked_at__isnull=False, account__check_problem=""
        ),
        "ship_from": ShipFrom.objects.filter(
            live, **mine, warehouse_code="", checked_at__isnull=False, check_problem=""
        ),
        "ups_rule": ShippingRule.objects.filter(live, **mine).exclude(service_code=""),
        "dry_run": DryRun.objects.filter(live, **mine, finished_at__isnull=False, problem=""),
    }


def _shown(number: int, step: Step, has_account: bool) -> FirstStep:  # noqa: FBT001  one fact among three
    is_first_account = step.key == StepKey.UPS and not has_account
    return FirstStep(
        key=step.key,
        number=number,
        address=FIRST_ACCOUNT if is_first_account else ADDRESSES[step.key],
        state=step.state,
        is_optional=step.is_optional,
        short_title=SHORT_TITLES[step.key],
        title=TITLES[step.key],
        text=TEXTS[step.key],
        button=BUTTONS[step.key],
    )
