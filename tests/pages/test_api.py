"""What a customer's own programs may ask, and what they may not."""

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import Event
from connector_site.lib import rate_limit
from syncjobs.models import Delivery, Preview, SyncJob
from syncjobs.personal import closing
from tenants.context import tenant_context
from tenants.models import ApiKey, Membership, Role
from tests.factories import Cast, make_member
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import Desk
from tests.syncjobs.rows import make_connection, make_delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counts_begin_anew() -> None:
    rate_limit.forget()


def make_key(cast: Cast, as_user: SignIn, role: str = "operator") -> str:
    """Through the page, as a person does; the key as it is shown there, once."""
    client = as_user(cast.owner)
    page = f"/t/{cast.tenant.code}/api-keys/"
    shown = client.post(page, {"name": "packing machine", "role": role}).content.decode()
    assert "mlc_" not in client.get(page).content.decode()
    return "mlc_" + shown.split("mlc_")[1].split('"')[0]


def ask(key: str, path: str, **told: object) -> tuple[int, dict[str, object]]:
    client = Client(headers={"authorization": f"Bearer {key}"} if key else {})
    url = f"/api/v1/{path}"
    answer = client.post(url, told, content_type="application/json") if told else client.get(url)
    return answer.status_code, answer.json()


def test_a_program_looks_at_deliveries_without_their_receivers(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    shipped = scene.make_shipped(desk)
    scene.make_held(desk)
    key = make_key(cast, as_user, "viewer")

    status, one = ask(key, f"deliveries/{shipped.code}/")
    _, held = ask(key, "deliveries/?state=hold")

    assert status == 200
    assert one["delivery_number"] == shipped.delivery_number
    assert one["parcels"]
    assert [row["state"] for row in held["deliveries"]] == ["hold"]  # type: ignore[attr-defined]
    assert scene.RECEIVER.name not in str(one)


def test_a_program_runs_a_delivery_again_and_the_trail_names_its_key(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    key = make_key(cast, as_user)

    status, told = ask(key, "replays/", deliveries=[str(held.code)])

    assert (status, told["deliveries"]) == (200, [{"delivery": str(held.code), "runs": True, "why_not": None}])
    with tenant_context(cast.tenant.pk):
        assert SyncJob.objects.filter(kind=SyncJob.Kind.READ, subject=held.code).exists()
        event = Event.objects.get(subject=held.code, kind=Event.Kind.ASKED)
        assert event.actor == f"key:{ApiKey.objects.get().code}"


def test_a_dry_run_runs_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    key = make_key(cast, as_user)

    status, told = ask(key, "replays/", deliveries=[str(held.code)], dry_run=True)
    _, seen = ask(key, str(told["preview"]).removeprefix("/api/v1/"))

    assert status == 202
    assert seen["is_under_way"] is True
    with tenant_context(cast.tenant.pk):
        assert Preview.objects.filter(delivery=held).exists()
        assert Delivery.objects.get(pk=held.pk).asked_again_at is None
        assert not SyncJob.objects.filter(kind=SyncJob.Kind.READ, subject=held.code, state="due").exists()


def test_what_cannot_be_run_again_says_why(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    shipped = scene.make_shipped(desk)

    status, told = ask(make_key(cast, as_user), "replays/", deliveries=[str(shipped.code)])

    assert status == 409
    assert "a second time" in str(told["detail"])


@pytest.mark.parametrize("key", ["", "mlc_nobody", "Bearer", "mlc_" + "x" * 60])
def test_without_a_valid_key_nothing_is_told(key: str, desk: Desk) -> None:
    held = scene.make_held(desk)

    assert ask(key, "deliveries/")[0] == 401
    assert ask(key, "replays/", deliveries=[str(held.code)])[0] == 401
    with tenant_context(desk.tenant.pk):
        assert Delivery.objects.get(pk=held.pk).asked_again_at is None


def test_a_looking_key_runs_nothing_and_an_ended_one_opens_nothing(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    key = make_key(cast, as_user, "viewer")

    assert ask(key, "replays/", deliveries=[str(held.code)])[0] == 403
    with tenant_context(cast.tenant.pk):
        assert Delivery.objects.get(pk=held.pk).asked_again_at is None
        code = ApiKey.objects.get().code
    as_user(cast.owner).post(f"/t/{cast.tenant.code}/api-keys/{code}/end/")
    assert ask(key, "deliveries/")[0] == 401


def test_another_companys_deliveries_are_not_there(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    theirs = make_delivery(make_connection(cast.other_tenant, division=999), state=Delivery.State.HOLD)
    key = make_key(cast, as_user)

    _, told = ask(key, "replays/", deliveries=[str(theirs.code)])

    assert ask(key, f"deliveries/{theirs.code}/")[0] == 404
    assert told == {"deliveries": []}
    with tenant_context(cast.other_tenant.pk):
        assert Delivery.objects.get(pk=theirs.pk).asked_again_at is None


@pytest.mark.parametrize("told", [{"deliveries": "all"}, {"deliveries": []}, {"deliveries": ["x"]}, {"nothing": 1}])
def test_what_is_not_understood_names_the_field(
    told: dict[str, object], cast: Cast, desk: Desk, as_user: SignIn
) -> None:
    status, why = ask(make_key(cast, as_user), "replays/", **told)

    assert status == 400
    assert "deliveries" in why


def test_a_program_that_goes_astray_is_told_to_wait(
    cast: Cast, desk: Desk, as_user: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.api_door.PER_KEY", rate_limit.Rule(name=f"api {uuid.uuid4()}", requests=2, seconds=60))
    key = make_key(cast, as_user, "viewer")

    answers = [ask(key, "deliveries/")[0] for _ in range(3)]

    assert answers == [200, 200, 429]


def test_with_who_made_it_goes_the_key(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    """She knows it: who may not enter any more must not enter by it either."""
    manager = make_member(cast.tenant, Role.MANAGER)
    client = as_user(manager)
    shown = client.post(f"/t/{cast.tenant.code}/api-keys/", {"name": "mine", "role": "operator"}).content.decode()
    key = "mlc_" + shown.split("mlc_")[1].split('"')[0]
    assert ask(key, "deliveries/")[0] == 200
    with tenant_context(cast.tenant.pk):
        member = Membership.objects.get(tenant=cast.tenant, user=manager)

    as_user(cast.owner).post(f"/t/{cast.tenant.code}/team/members/{member.code}/remove/")

    assert ask(key, "deliveries/")[0] == 401


def test_a_closed_company_is_closed_to_programs_too(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    key = make_key(cast, as_user)

    closing.close(actor="user:x", tenant_id=cast.tenant.pk, needs_no_copy=True, at=timezone.now())

    assert ask(key, "deliveries/")[0] == 401
    assert ask(key, "replays/", deliveries=[str(held.code)])[0] == 401
    with tenant_context(cast.tenant.pk):
        assert Delivery.objects.get(pk=held.pk).asked_again_at is None


def test_no_person_is_found_and_no_words_that_may_quote_one_are_told(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    key = make_key(cast, as_user, "viewer")

    _, found = ask(key, f"deliveries/?search={scene.RECEIVER.postal_code}")
    _, one = ask(key, f"deliveries/{held.code}/")

    assert found["deliveries"] == []
    assert one["problems"] == [problem["code"] for problem in held.problems]


def test_a_viewer_makes_no_key(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    answer = as_user(cast.viewer).post(f"/t/{cast.tenant.code}/api-keys/", {"name": "mine", "role": "operator"})

    assert answer.status_code == 403
    with tenant_context(cast.tenant.pk):
        assert not ApiKey.objects.exists()
