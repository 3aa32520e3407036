"""Control routes and the page for people."""

import io
from typing import cast

import pytest
from PIL import Image

from sandbox.ups.accounts import AccountRegistry
from sandbox.ups.server import add_default_account
from tests.sandbox.ups.bodies import REFERENCE, Json, changed, dutch
from tests.sandbox.ups.conftest import ACCOUNTS, Caller, Ups


def accounts_of(client: Json) -> list[Json]:
    return cast("list[Json]", client["accounts"])


def test_default_account_comes_from_the_environment() -> None:
    accounts = AccountRegistry()

    add_default_account(
        accounts,
        {
            "SANDBOX_UPS_CLIENT_ID": "shop",
            "SANDBOX_UPS_CLIENT_SECRET": "open sesame",
            "SANDBOX_UPS_SHIPPER_NUMBER": "b1b2b3",
            "SANDBOX_UPS_COUNTRY": "be",
        },
    )

    client = accounts.find("shop")
    assert client is not None
    assert client.client_secret == "open sesame"
    assert [(each.shipper_number, each.country) for each in client.accounts.values()] == [("B1B2B3", "BE")]


def test_one_app_can_have_several_accounts(ups: Ups) -> None:
    clients = ups.listed("accounts")

    assert [client["client_id"] for client in clients] == ["sandbox-client", "app-1"]
    assert [(each["shipper_number"], each["country"]) for each in accounts_of(clients[1])] == list(ACCOUNTS.items())
    assert "secret-1" not in str(clients)


@pytest.mark.parametrize(
    "change", [{"shipper_number": "12345"}, {"country": "NLD"}, {"client_id": ""}, {"products": ["flying"]}]
)
def test_account_that_cannot_be_is_refused(ups: Ups, change: dict[str, object]) -> None:
    account: dict[str, object] = {"client_id": "x", "client_secret": "y", "shipper_number": "Z1Z2Z3", "country": "NL"}

    answer = ups.session.post(ups.base + "/sandbox/accounts", json=account | change, timeout=5)

    assert answer.status_code == 400
    assert "x" not in [client["client_id"] for client in ups.listed("accounts")]


def test_shipments_are_filtered(ups: Ups, caller: Caller) -> None:
    number = caller.shipped(dutch())["ShipmentIdentificationNumber"]
    caller.shipped(changed(dutch(), {"Shipment.ReferenceNumber": [{"Value": "other"}]}))

    found = [
        [shipment["number"] for shipment in ups.shipments(query)]
        for query in (
            f"?reference={REFERENCE}",
            f"?tracking_number={number}",
            "?reference=none",
            "?shipper_number=X9Y8Z7",
        )
    ]

    assert found == [[number], [number], [], []]
    assert len(ups.shipments("?shipper_number=A1B2C3")) == 2
    assert ups.read(f"shipments/{number}")["receiver"] == "Afnemer Noord"


def test_label_is_shown_as_sent_or_in_another_format(ups: Ups, caller: Caller) -> None:
    number = caller.shipped(dutch())["ShipmentIdentificationNumber"]
    url = f"{ups.base}/sandbox/shipments/{number}/label/1"

    as_sent = ups.session.get(url, timeout=5)
    as_png = ups.session.get(url + "?format=png", timeout=5)

    assert as_sent.text.startswith("^XA")
    with Image.open(io.BytesIO(as_png.content)) as picture:
        assert picture.size == (1400, 800)
    assert [ups.session.get(url + tail, timeout=5).status_code for tail in ("?format=bmp", "0")] == [400, 404]


def test_reset_forgets_shipments_and_tokens(ups: Ups, caller: Caller) -> None:
    caller.shipped(dutch())

    ups.control("reset", {})

    assert ups.shipments() == []
    assert caller.ship(dutch()).status_code == 401


def test_setting_of_words_takes_only_its_words(ups: Ups) -> None:
    before = ups.read("settings")

    answer = ups.session.post(ups.base + "/sandbox/settings", json={"many_matches": "guess"}, timeout=5)

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "The setting many_matches is one of: candidates, error"},
    )
    assert ups.read("settings") == before


def test_page_shows_shipments_calls_and_troubles(ups: Ups, caller: Caller) -> None:
    results = caller.shipped(changed(dutch(), {"Shipment.ShipTo.Name": "<b>Jansen & Zn</b>"}))

    page = ups.session.get(ups.base + "/", timeout=5)

    assert page.status_code == 200
    assert str(results["ShipmentIdentificationNumber"]) in page.text
    assert "&lt;b&gt;Jansen &amp; Zn&lt;/b&gt;" in page.text
    assert "<b>Jansen" not in page.text
    assert "Next shipment is made, its answer gets lost" in page.text
    assert "<script" not in page.text


def test_page_of_an_empty_stand_in_says_so(ups: Ups) -> None:
    page = ups.session.get(ups.base + "/", timeout=5).text

    assert "No shipments yet." in page
    assert "No calls yet." in page


def test_trouble_is_ordered_and_taken_back_by_form(ups: Ups) -> None:
    ordered = ups.session.post(ups.base + "/sandbox/page/trouble", data={"trouble": "lost_answer"}, timeout=5)

    [fault] = ups.listed("faults")
    assert (ordered.status_code, ordered.url) == (200, ups.base + "/#trouble")
    assert (fault["operation"], fault["action"]) == ("ship", "reset_after")

    ups.session.post(ups.base + "/sandbox/page/trouble/remove", data={"id": fault["id"]}, timeout=5)
    assert ups.read("faults") == {"faults": []}


def test_clock_jumps_by_form(ups: Ups) -> None:
    before = float(str(ups.read("clock")["elapsed_seconds"]))

    ups.session.post(ups.base + "/sandbox/page/clock", data={"hours": "24"}, timeout=5)

    assert 86_400 <= float(str(ups.read("clock")["elapsed_seconds"])) - before < 86_410
