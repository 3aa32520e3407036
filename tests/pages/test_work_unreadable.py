"""Rows that can no longer be opened cost their own line of a page, never the page."""

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connector_site.lib.secrets import seal
from syncjobs.doubts.options import Decision, cases
from syncjobs.forms.deciding import DecisionForm
from syncjobs.models import Attempt, Delivery, Label, PartyAddress
from tenants.context import tenant_context
from tests.factories import Cast
from tests.pages import doubts, scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from ups.models import SEALED_OF_ACCOUNT, Account

pytestmark = pytest.mark.django_db
NO_KEY = b"no key"


@pytest.fixture
def viewer(cast: Cast, as_user: SignIn) -> Client:
    return as_user(cast.viewer)


def spoil(desk: Desk, table: str, columns: tuple[str, ...], where: str, key: int) -> None:
    """Put bytes there that no key of ours made."""
    values = ", ".join(f"{column} = %s" for column in columns)
    with tenant_context(desk.tenant.id), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {values} WHERE {where} = %s", [*(NO_KEY for _ in columns), key])  # noqa: S608
        assert cursor.rowcount >= 1


def spoil_receiver(desk: Desk, delivery: Delivery) -> None:
    spoil(desk, PartyAddress._meta.db_table, ("sealed",), "delivery_id", delivery.pk)


def spoil_account(desk: Desk) -> None:
    columns = ("client_id", "client_secret", "alert_credential", "alert_client_secret")
    spoil(desk, Account._meta.db_table, columns, "id", desk.account.pk)


def standing(desk: Desk, delivery: Delivery) -> tuple[str, str]:
    """States of the delivery and of its request."""
    with tenant_context(desk.tenant.id):
        attempt = Attempt.objects.only("state", "delivery__state").select_related("delivery").get(delivery=delivery)
    return attempt.delivery.state, attempt.state


def get(client: Client, desk: Desk, name: str, *args: object) -> str:
    answer = client.get(reverse(f"syncjobs:{name}", args=[desk.tenant.code, *args]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_sealed_column_of_an_account_stays_closed() -> None:
    assert set(SEALED_OF_ACCOUNT) == {
        "account__client_id",
        "account__client_secret",
        "account__token",
        "account__alert_credential",
        "account__alert_client_secret",
    }


@pytest.mark.parametrize("how", ["key gone", "of another row"])
def test_a_receiver_that_cannot_be_read_costs_one_cell_of_the_list_and_one_line_of_its_page(
    desk: Desk, viewer: Client, how: str
) -> None:
    spoilt, whole = scene.make_shipped(desk), scene.make_held(desk)
    if how == "key gone":
        spoil_receiver(desk, spoilt)
    else:
        with tenant_context(desk.tenant.id):
            other = seal({}, owner="another row", purpose="ship_to")
            PartyAddress.objects.filter(delivery=spoilt).update(sealed=other)

    listed, page = get(viewer, desk, "deliveries"), get(viewer, desk, "delivery", spoilt.code)

    assert listed.count("Cannot be read") == listed.count("Möbelhaus Lindner GmbH") == 1
    assert spoilt.delivery_number in listed
    assert spoilt.written["tracking_number"] in listed
    assert whole.delivery_number in listed
    assert "Cannot be read. The goods delivery in Exact Online has the address." in page
    assert "Königsallee 92a" not in page
    assert spoilt.written["tracking_number"] in page
    assert "Königsallee 92a" in get(viewer, desk, "delivery", whole.code)
    assert whole.delivery_number in get(viewer, desk, "work")


def test_a_delivery_that_was_not_read_yet_has_no_receiver_and_nothing_unreadable(desk: Desk, viewer: Client) -> None:
    delivery = scene.make_delivery(desk)
    with tenant_context(desk.tenant.id):
        PartyAddress.objects.all().delete()

    assert "Cannot be read" not in get(viewer, desk, "deliveries")
    assert "Cannot be read" not in get(viewer, desk, "delivery", delivery.code)


def test_a_request_whose_key_is_gone_leaves_the_rest_of_all_pages_to_be_seen(
    desk: Desk, viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = scene.make_shipped(desk)
    with monkeypatch.context() as patched:
        # The database lets nobody change a request, so this one is sealed with another key from the beginning.
        patched.setattr(Attempt._meta.get_field("request"), "fernet", Fernet(Fernet.generate_key()))
        delivery = doubts.make_review(desk)
        reference = doubts.attempt_of(delivery).reference
    with tenant_context(desk.tenant.id), pytest.raises(InvalidToken):
        Attempt.objects.get(delivery=delivery)

    review = get(viewer, desk, "review", delivery.code)

    assert "Main account (A1B2C3)" in review
    assert "Did UPS make this shipment?" in review
    assert review.count("<dd>Cannot be read</dd>") == 2
    assert "Königsallee 92a" not in review
    assert reference in get(viewer, desk, "delivery", delivery.code)
    assert other.delivery_number in get(viewer, desk, "deliveries")
    assert delivery.delivery_number in get(viewer, desk, "work")


def test_labels_that_cannot_be_read_leave_the_page_of_their_delivery(desk: Desk, viewer: Client) -> None:
    delivery = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        parcel = Label.objects.get(parcel__shipment__delivery=delivery).parcel_id
    spoil(desk, Label._meta.db_table, ("content",), "parcel_id", parcel)

    assert delivery.written["tracking_number"] in get(viewer, desk, "delivery", delivery.code)


def test_a_ups_account_that_cannot_be_read_leaves_list_deliveries_and_work(desk: Desk, viewer: Client) -> None:
    shipped, review = scene.make_shipped(desk), doubts.make_review(desk)
    spoil_account(desk)

    listed, page = get(viewer, desk, "deliveries"), get(viewer, desk, "delivery", shipped.code)

    assert shipped.delivery_number in listed
    assert review.delivery_number in listed
    assert "Main account (A1B2C3)" in page
    assert "UPS Standard" in page
    assert review.delivery_number in get(viewer, desk, "work")
    assert review.delivery_number in get(viewer, desk, "delivery", review.code)


def test_a_decision_is_shown_and_taken_although_the_ups_account_cannot_be_read(
    cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    delivery = doubts.make_review(desk)
    spoil_account(desk)
    client = as_user(cast.owner)

    page = get(client, desk, "review", delivery.code)
    with tenant_context(desk.tenant.id):
        (case,) = cases(desk.tenant.id, Delivery.objects.get(pk=delivery.pk))
    form = DecisionForm(case=case)
    said = {"seen": form.mark, "decision": Decision.END.value, "reason": "Asked at the depot."}
    words = {f"{form.prefix}-{name}": value for name, value in said.items()}
    url = reverse("syncjobs:review", args=[desk.tenant.code, delivery.code])
    sent = client.post(url, words | {"case": str(form.prefix), "step": "confirm"})

    assert "Main account (A1B2C3)" in page
    assert all(option.title in page for option in case.options)
    assert sent.status_code == 302
    assert standing(desk, delivery) == (Delivery.State.CANCELLED, Attempt.State.ABSENT)


@pytest.mark.parametrize("name", ["deliveries", "rules", "work"])
def test_before_the_first_delivery_a_ups_account_that_cannot_be_read_costs_no_page(
    desk: Desk, viewer: Client, name: str
) -> None:
    with tenant_context(desk.tenant.id):
        Account.objects.update(tracking_problem="The app lacks Tracking.")
    spoil_account(desk)

    page = get(viewer, desk, name)

    assert ("The app lacks Tracking." in page) is (name == "work")


def test_the_list_asks_no_more_for_many_deliveries_than_for_two(desk: Desk, viewer: Client) -> None:
    counts = []
    get(viewer, desk, "deliveries")
    for _ in range(2):
        for _ in range(2):
            spoil_receiver(desk, scene.make_shipped(desk))
            scene.make_shipped(desk)
        with CaptureQueriesContext(connection) as asked:
            get(viewer, desk, "deliveries")
        counts.append(len(asked))

    assert counts[0] == counts[1]
