"""Shipping rules and the first steps."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from syncjobs.models import ShippingRule, SyncJob
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk

pytestmark = pytest.mark.django_db


def url(desk: Desk) -> str:
    return reverse("syncjobs:rules", args=[desk.tenant.code])


def fields(desk: Desk, code: str, **changes: str) -> dict[str, str]:
    """The fields of one method as the page shows them at first, with changes."""
    prefix = f"rule-{desk.methods[code].code}"
    plain = {
        "service": "undecided",
        "packaging_code": "02",
        "length_cm": "",
        "width_cm": "",
        "height_cm": "",
        "parcel_max_weight_kg": "",
        "label_format": "GIF",
        "label_size": "4x6",
    }
    return {f"{prefix}-{name}": value for name, value in (plain | changes).items()}


def whole(desk: Desk, **express: str) -> dict[str, str]:
    """The whole page, with UPSEXP changed."""
    return (
        fields(desk, "UPSSTD", service=f"{desk.account.code}/11")
        | fields(desk, "PICKUP", service="none")
        | fields(desk, "UPSEXP", **express)
    )


def rules(desk: Desk) -> dict[str, tuple[object, ...]]:
    names = {method.exact_id: code for code, method in desk.methods.items()}
    with tenant_context(desk.tenant.id):
        return {
            names[rule.exact_method_id]: (
                rule.service_code,
                rule.length_cm,
                rule.width_cm,
                rule.height_cm,
                rule.parcel_max_weight_kg,
                rule.label_format,
            )
            for rule in ShippingRule.objects.filter(tenant=desk.tenant)
        }


def changes(desk: Desk) -> list[tuple[str, dict[str, object]]]:
    with tenant_context(desk.tenant.id):
        found = Event.objects.filter(tenant=desk.tenant, kind=Event.Kind.CHANGED, subject_kind="shipping rule")
        return [(event.actor, event.details) for event in found]


BEFORE = {"UPSSTD": ("11", None, None, None, None, "GIF"), "PICKUP": ("", None, None, None, None, "GIF")}


def shown_choices(client: Client, desk: Desk, code: str) -> list[str]:
    form = next(form for form in client.get(url(desk)).context["forms"] if form.method == desk.methods[code])
    return [
        name
        for label, inner in form.fields["service"].choices
        for _, name in (inner if isinstance(inner, list) else [("", label if not isinstance(inner, str) else inner)])
    ]


def test_active_methods_are_listed_with_what_ups_offers_from_there(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.owner)

    page = client.get(url(desk)).content.decode()

    assert "UPS Express Saver" in page
    assert "Parcel post" not in page
    offered = shown_choices(client, desk, "UPSEXP")
    assert offered[:4] == ["Not chosen yet", "Not UPS", "UPS Standard", "UPS Express Saver"]
    assert "UPS Ground" not in offered


def test_a_chosen_service_is_saved_and_recorded(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    box = {"length_cm": "40", "width_cm": "30", "height_cm": "20", "parcel_max_weight_kg": "31.5"}
    sent = whole(desk, service=f"{desk.account.code}/65", label_format="ZPL", **box)

    answer = as_user(cast.owner).post(url(desk), sent, follow=True)

    assert "Saved." in answer.content.decode()
    after = rules(desk)
    assert [str(value) for value in after["UPSEXP"]] == ["65", "40", "30", "20", "31.5", "ZPL"]
    assert {code: after[code] for code in BEFORE} == BEFORE
    assert [(actor, told["method"], told["service"]) for actor, told in changes(desk)] == [
        (f"user:{cast.owner.code}", "UPSEXP", "65")
    ]


def test_saving_without_a_change_records_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    answer = as_user(cast.owner).post(url(desk), whole(desk), follow=True)

    assert "Nothing was changed." in answer.content.decode()
    assert rules(desk) == BEFORE
    assert changes(desk) == []


def test_a_rule_can_be_taken_back(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    sent = whole(desk) | fields(desk, "PICKUP", service="undecided")

    as_user(cast.owner).post(url(desk), sent)

    assert rules(desk) == {"UPSSTD": BEFORE["UPSSTD"]}
    assert [told["fields"] for _, told in changes(desk)] == [["removed"]]


def test_deliveries_skipped_for_want_of_a_rule_are_looked_at_again(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    skipped = scene.make_skipped(desk)

    answer = as_user(cast.owner).post(url(desk), whole(desk, service=f"{desk.account.code}/65"), follow=True)

    assert "1 delivery is looked at again." in answer.content.decode()
    with tenant_context(desk.tenant.id):
        assert [(job.kind, job.subject) for job in SyncJob.objects.all()] == [("read", skipped.code)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"length_cm": "40"}, "Enter all three sides of the box, or none."),
        ({"parcel_max_weight_kg": "71"}, "less than or equal to 70"),
        ({"length_cm": "0", "width_cm": "1", "height_cm": "1"}, "greater than or equal to 1"),
        ({"service": "made-up/65"}, "Select a valid choice"),
        ({"packaging_code": "99"}, "Select a valid choice"),
    ],
)
def test_what_ups_would_not_take_is_not_saved(
    cast: Cast, desk: Desk, as_user: SignIn, wrong: dict[str, str], words: str
) -> None:
    sent = whole(desk, **({"service": f"{desk.account.code}/65"} | wrong))

    answer = as_user(cast.owner).post(url(desk), sent)

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert rules(desk) == BEFORE
    assert changes(desk) == []


def test_a_viewer_sees_the_rules_and_changes_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.viewer)

    page = client.get(url(desk)).content.decode()
    answer = client.post(url(desk), whole(desk, service=f"{desk.account.code}/65"))

    assert "A manager or the owner can change the rules." in page
    assert "Save rules" not in page
    assert answer.status_code == 403
    assert rules(desk) == BEFORE


def test_an_outsider_sees_and_changes_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.outsider)

    assert client.get(url(desk)).status_code == 404
    assert client.post(url(desk), whole(desk, service=f"{desk.account.code}/65")).status_code == 404
    assert rules(desk) == BEFORE


def test_a_foreign_account_cannot_be_chosen(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    foreign = scene.make_desk(cast.other_tenant, division=654321)

    as_user(cast.owner).post(url(desk), whole(desk, service=f"{foreign.account.code}/65"))

    assert rules(desk) == BEFORE


def test_methods_are_read_again_on_request(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    as_user(cast.owner).post(reverse("syncjobs:read_methods", args=[desk.tenant.code]))

    with tenant_context(desk.tenant.id):
        assert [(job.kind, job.subject) for job in SyncJob.objects.all()] == [("methods", desk.connection.code)]


def test_without_a_connection_the_page_says_what_comes_first(cast: Cast, as_user: SignIn) -> None:
    page = as_user(cast.owner).get(reverse("syncjobs:rules", args=[cast.tenant.code])).content.decode()

    assert "Connect Exact Online first" in page


def test_a_suggestion_is_shown_as_one_and_counts_only_once_it_is_saved(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client = as_user(cast.owner)

    page = client.get(url(desk))

    form = next(form for form in page.context["forms"] if form.method == desk.methods["UPSEXP"])
    assert form["service"].value() == f"{desk.account.code}/65"
    assert page.content.decode().count("Suggestion, not saved yet") == 1
    assert rules(desk) == BEFORE


def test_before_going_live_saving_leads_to_the_next_step(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    with tenant_context(desk.tenant.id):
        Tenant.objects.filter(pk=desk.tenant.pk).update(shipping_mode=Tenant.ShippingMode.OFF)

    answer = as_user(cast.owner).post(url(desk), whole(desk, label_size="4x8"))

    assert answer.headers["Location"] == reverse("syncjobs:go_on", args=[desk.tenant.code])


def test_a_box_that_ups_does_not_carry_is_told_with_its_measure(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    box = {"length_cm": "200", "width_cm": "60", "height_cm": "60"}

    answer = as_user(cast.owner).post(url(desk), whole(desk, service=f"{desk.account.code}/65", **box))

    assert "here it is 440 cm" in answer.content.decode()
    assert rules(desk) == BEFORE
