"""The list as people use it: columns, views of their own, many at once, files."""

import csv
import io
import re
import uuid
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from syncjobs.models import Delivery, SavedView, SyncJob
from syncjobs.parties import keep_party
from tenants.context import tenant_context
from tenants.models import Role
from tests import factories
from tests.factories import Cast
from tests.pages import scene
from tests.pages.conftest import SignIn
from tests.pages.scene import RECEIVER, Desk
from ups.shipment_spec import PartySpec

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 12


def url(desk: Desk, name: str, *parts: uuid.UUID) -> str:
    return reverse(f"syncjobs:{name}", args=[desk.tenant.code, *parts])


def shown(client: Client, desk: Desk, query: str = "") -> list[uuid.UUID]:
    answer = client.get(url(desk, "deliveries") + query)
    return [row.delivery.code for row in answer.context["page"].rows]


def states(desk: Desk, *deliveries: Delivery) -> list[str]:
    with tenant_context(desk.tenant.id):
        return [Delivery.objects.get(pk=delivery.pk).state for delivery in deliveries]


def post(client: Client, address: str, **sent: Any) -> Any:
    return client.post(address, sent)


def views(desk: Desk) -> list[tuple[str, bool, dict[str, str]]]:
    with tenant_context(desk.tenant.id):
        return list(SavedView.objects.values_list("name", "is_shared", "question"))


def test_a_page_takes_few_statements(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    for _ in range(5):
        scene.make_shipped(desk, parcels=2)
    scene.make_doubtful(desk)
    client = as_user(cast.owner)
    every = "receiver,place,state,tracking,booked,changed,warehouse,service,cost,printed,assigned"
    client.get(url(desk, "deliveries"))
    with CaptureQueriesContext(connection) as caught:
        answer = client.get(url(desk, "deliveries") + f"?q=2024&columns={every}")

    # The transaction around a test has every setting put back, which the end of a request does by itself.
    of_test = ("SAVEPOINT", "set_config('app.user', ''", "set_config('app.tenant', ''")
    asked = [query["sql"].strip()[:120] for query in caught if not any(one in query["sql"] for one in of_test)]
    assert len(answer.context["page"].rows) == 6
    assert len(asked) <= MOST_STATEMENTS, "\n".join(asked)


def test_an_open_page_is_answered_only_when_something_changed(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_delivery(desk)
    client = as_user(cast.viewer)
    page = client.get(url(desk, "deliveries"))
    asks = f"{url(desk, 'deliveries')}?seen={page.context['page'].mark}"

    quiet = client.get(asks, headers={"HX-Request": "true"})
    scene.ship(desk, delivery)
    changed = client.get(asks, headers={"HX-Request": "true"})

    assert asks.encode() in page.content.replace(b"&amp;", b"&")
    assert (quiet.status_code, quiet.content) == (204, b"")
    assert b"Number in Exact" in changed.content
    assert b"<html" not in changed.content


def test_a_list_that_was_empty_gets_its_search_with_the_first_delivery(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    client, live = as_user(cast.viewer), {"HX-Request": "true"}
    page = client.get(url(desk, "deliveries"))
    asks = f"{url(desk, 'deliveries')}?bare=1&seen={page.context['page'].mark}"

    quiet = client.get(asks, headers=live)
    scene.make_delivery(desk)
    first = client.get(asks, headers=live)
    whole = client.get(url(desk, "deliveries"))

    assert asks.encode() in page.content.replace(b"&amp;", b"&")
    assert b'id="id_q"' not in page.content
    assert (quiet.status_code, first.headers["HX-Refresh"], first.content) == (204, "true", b"")
    assert b'id="id_q"' in whole.content
    assert b"bare=1" not in whole.content


def sorting(page: str) -> dict[str, tuple[str, str]]:
    """The headings that sort: the way they do now and the order that they lead to."""
    found = re.findall(r'<th scope="col"(?: aria-sort="(\w+)")?><a [^>]*id="sort-(\w+)" href="\?([^"]*)"', page)
    return {key: (direction, address.replace("&amp;", "&")) for direction, key, address in found}


def test_headings_sort_and_say_how_it_is_sorted(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    made = [scene.make_held(desk) for _ in range(3)]
    codes = [one.code for one in sorted(made, key=lambda one: one.delivery_number)]
    client = as_user(cast.viewer)

    usual = sorting(client.get(url(desk, "deliveries") + "?state=todo").content.decode())
    by_number = sorting(client.get(f"{url(desk, 'deliveries')}?{usual['number'][1]}").content.decode())

    assert usual == {"number": ("", "state=todo&sort=number"), "booked": ("descending", "state=todo&sort=booked-up")}
    assert by_number["number"] == ("descending", "state=todo&sort=number-up")
    assert by_number["booked"] == ("", "state=todo")
    assert shown(client, desk, f"?{usual['number'][1]}") == codes[::-1]
    assert shown(client, desk, f"?{by_number['number'][1]}") == codes


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("from=2026-02-31", "from", "“2026-02-31” is not a date, so it was left out."),
        ("to=yesterday", "to", "“yesterday” is not a date, so it was left out."),
        ("state=<b>", "state", "“&lt;b&gt;” is none of the choices, so it was left out."),
        ("sort=colour", "sort", "“colour” is none of the choices, so it was left out."),
        ("size=7", "size", "“7” is none of the choices, so it was left out."),
        ("q=" + "7" * 61, "q", "Only the first 60 characters are looked for."),
        ("from=2026-03-02&to=2026-03-01", "to", "This day is before the first one, so nothing can be found."),
    ],
)
def test_what_a_filter_cannot_mean_is_said_under_its_field(
    cast: Cast, desk: Desk, as_user: SignIn, query: str, field: str, words: str
) -> None:
    page = as_user(cast.viewer).get(url(desk, "deliveries") + f"?{query}").content.decode()

    assert re.findall(r'id="id_(\w+)_error">([^<]+)<', page) == [(field, words)]
    assert page.count('aria-invalid="true"') == 1


def test_the_rest_of_a_filter_works_beside_what_is_wrong(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    scene.make_shipped(desk)

    assert shown(as_user(cast.viewer), desk, "?state=todo&from=soon&size=many") == [held.code]


def test_who_asks_to_ship_many_is_sent_to_the_list_for_the_outcome(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)

    page = post(as_user(cast.owner), url(desk, "bulk"), act="ship_now", delivery=[held.code]).content.decode()

    assert "Asked to ship 1 delivery. Look at the list for what becomes of it" in page
    assert url(desk, "delivery", held.code) in page
    assert f"{url(desk, 'deliveries')}?state=todo&amp;sort=changed" in page
    assert "nothing was done" not in page


def test_pages_lead_on_and_back(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    moment = timezone.now()
    made = [scene.make_delivery(desk, created_at=moment - timedelta(minutes=n)) for n in range(27)]
    client = as_user(cast.viewer)

    first = client.get(url(desk, "deliveries"))
    second = client.get(f"{url(desk, 'deliveries')}?after={first.context['page'].older}")

    assert [row.delivery.code for row in second.context["page"].rows] == [one.code for one in made[25:]]
    assert second.context["page"].older is None
    assert shown(client, desk, f"?after={second.context['page'].newer}") == [one.code for one in made[:25]]


def test_what_was_not_printed_can_be_chosen(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    waiting, printed = scene.make_shipped(desk), scene.make_shipped(desk)
    scene.make_held(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=printed.pk).update(printed_at=timezone.now())

    assert shown(as_user(cast.viewer), desk, "?state=unprinted") == [waiting.code]


def test_warehouse_and_state_narrow_a_search(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    here, there = scene.make_shipped(desk), scene.make_shipped(desk)
    scene.make_held(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.filter(pk=there.pk).update(warehouse_code="2")
        Delivery.objects.exclude(pk=there.pk).update(warehouse_code="1")
    client = as_user(cast.viewer)

    assert shown(client, desk, "?q=lindner&state=reported&warehouse=1") == [here.code]
    assert shown(client, desk, "?warehouse=2&sort=changed") == [there.code]


def test_chosen_columns_stay_for_the_session(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_shipped(desk)
    client = as_user(cast.viewer)

    answer = post(client, url(desk, "columns"), column=["cost", "service", "nonsense"], question="state=reported")

    page = client.get(answer["Location"])
    assert answer["Location"] == f"{url(desk, 'deliveries')}?state=reported"
    assert [column.key for column in page.context["columns"]] == ["service", "cost"]
    assert b"9.87 EUR" in page.content
    assert b"UPS Standard" in page.content
    assert "Möbelhaus" not in page.content.decode()


def test_a_kept_view_brings_its_filters_and_columns(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    scene.make_shipped(desk)
    client = as_user(cast.owner)
    post(client, url(desk, "columns"), column=["state"], question="")

    post(client, url(desk, "keep_view"), name=" To  fix ", question="q=lindner&state=todo&sort=number", is_shared="on")

    page = client.get(url(desk, "deliveries")).content.decode()
    assert "The search words are not kept, because they may name a person." in page
    assert views(desk) == [("To fix", True, {"state": "todo", "sort": "number", "columns": "state"})]
    colleague = as_user(cast.viewer).get(url(desk, "deliveries"))
    ((_, address, is_current),) = colleague.context["views"]
    assert not is_current
    assert shown(as_user(cast.viewer), desk, f"?{address}") == [held.code]


def test_a_view_that_is_not_shared_is_its_makers_alone(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    scene.make_shipped(desk)
    post(as_user(cast.viewer), url(desk, "keep_view"), name="Mine", question="state=todo", is_shared="on")

    assert views(desk) == [("Mine", False, {"state": "todo", "columns": "receiver,place,state,tracking,booked"})]
    assert b"Mine" not in as_user(cast.owner).get(url(desk, "deliveries")).content


def test_a_manager_deletes_what_is_shared_but_nobody_a_colleagues_own(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    operator = factories.make_member(desk.tenant, Role.OPERATOR)
    for name, sharing in (("Own", {}), ("Shared", {"is_shared": "on"})):
        post(as_user(operator), url(desk, "keep_view"), name=name, question="", **sharing)
    with tenant_context(desk.tenant.id):
        codes = dict(SavedView.objects.values_list("name", "code"))

    tries = [
        post(as_user(person), url(desk, "drop_view", codes[name])).status_code
        for person, name in ((cast.viewer, "Shared"), (cast.owner, "Own"), (cast.owner, "Shared"))
    ]

    assert tries == [404, 404, 302]
    assert [name for name, _, _ in views(desk)] == ["Own"]


def test_many_are_stopped_and_the_others_listed_with_the_reason(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    ready, shipped = scene.make_delivery(desk), scene.make_shipped(desk)

    answer = post(as_user(cast.owner), url(desk, "bulk"), act="hold", delivery=[ready.code, shipped.code, "nonsense"])

    outcome = answer.context["outcome"]
    assert states(desk, ready, shipped) == ["hold", "reported"]
    assert outcome.done == {ready.code: ready.delivery_number}
    assert [(one.number, bool(one.why)) for one in outcome.refused] == [(shipped.delivery_number, True)]
    assert outcome.refused[0].why in answer.content.decode()


def test_cancelling_is_asked_first(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    client = as_user(cast.owner)
    sent = {"act": "cancel", "delivery": [held.code], "question": "state=todo"}

    asked = post(client, url(desk, "bulk"), **sent)
    before = states(desk, held)
    done = post(client, url(desk, "bulk"), **sent, is_confirmed="1")

    assert asked.status_code == 200
    assert (before, states(desk, held)) == (["hold"], ["cancelled"])
    assert done["Location"] == f"{url(desk, 'deliveries')}?state=todo"


@pytest.mark.parametrize(("act", "page"), [("print", "print_labels"), ("replay", "replay_many")])
def test_acts_with_a_page_of_their_own_take_the_form_along(
    cast: Cast, desk: Desk, as_user: SignIn, act: str, page: str
) -> None:
    delivery = scene.make_shipped(desk)

    answer = post(as_user(cast.owner), url(desk, "bulk"), act=act, delivery=[delivery.code])

    assert (answer.status_code, answer["Location"]) == (307, url(desk, page))


def test_a_viewer_changes_nothing_in_bulk(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    delivery = scene.make_delivery(desk)
    client = as_user(cast.viewer)

    answer = post(client, url(desk, "bulk"), act="hold", delivery=[delivery.code])

    assert answer.status_code == 403
    assert states(desk, delivery) == ["received"]
    assert b'value="hold"' not in client.get(url(desk, "deliveries")).content


def test_deliveries_of_another_company_are_left_alone(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    ours = scene.make_delivery(desk)
    theirs = scene.make_desk(cast.other_tenant, division=654321)
    client = as_user(cast.outsider)

    post(client, url(theirs, "bulk"), act="hold", delivery=[ours.code])
    taken = post(client, url(theirs, "list_file"), kind="csv", delivery=[ours.code])

    assert states(desk, ours) == ["received"]
    assert ours.delivery_number not in taken.content.decode("utf-8-sig")
    with tenant_context(desk.tenant.id):
        assert not SyncJob.objects.filter(subject=ours.code).exists()


def lines(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_the_whole_filter_is_taken_along_as_csv(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    shipped = [scene.make_shipped(desk, created_at=timezone.now() - timedelta(minutes=n)) for n in range(27)]
    scene.make_held(desk)

    answer = post(as_user(cast.viewer), url(desk, "list_file"), kind="csv", whole="1", question="state=reported")

    found = lines(answer)
    assert [line["Delivery"] for line in found] == [one.delivery_number for one in shipped]
    assert (found[0]["Receiver"], found[0]["State"]) == ("Möbelhaus Lindner GmbH", "Number in Exact")
    assert (found[0]["Cost"], found[0]["Currency"], found[0]["Service"]) == ("9.87", "EUR", "UPS Standard")
    assert answer["Content-Disposition"].startswith('attachment; filename="deliveries-')
    with tenant_context(desk.tenant.id):
        event = Event.objects.get(kind=Event.Kind.ASKED, details__what="list of deliveries")
    assert event.details == {"what": "list of deliveries", "kind": "csv", "deliveries": 27}


def test_the_chosen_ones_are_taken_along_as_a_spreadsheet(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    wanted, other = scene.make_shipped(desk), scene.make_shipped(desk)

    answer = post(as_user(cast.viewer), url(desk, "list_file"), kind="xlsx", delivery=[wanted.code])

    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    numbers = [float(value) for value in re.findall(r"<c r=\"N2\"[^>]*><v>([^<]*)</v>", sheet)]
    assert wanted.delivery_number in texts
    assert other.delivery_number not in texts
    assert numbers == pytest.approx([9.87])


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_name_becomes_a_formula(cast: Cast, desk: Desk, as_user: SignIn, kind: str) -> None:
    delivery = scene.make_delivery(desk)
    with tenant_context(desk.tenant.id):
        keep_party(delivery, replace(RECEIVER, name="=HYPERLINK(1)"), at=timezone.now())

    answer = post(as_user(cast.viewer), url(desk, "list_file"), kind=kind, delivery=[delivery.code])

    if kind == "csv":
        assert lines(answer)[0]["Receiver"] == "'=HYPERLINK(1)"
        return
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
        assert "=HYPERLINK(1)" in book.read("xl/sharedStrings.xml").decode()


def test_a_receiver_without_an_address_is_named(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    held = scene.make_held(desk)
    with tenant_context(desk.tenant.id):
        keep_party(held, PartySpec(name="Lindner", address_lines=(), city="", country=""), at=held.created_at)
    client = as_user(cast.viewer)

    pages = [client.get(address).content.decode() for address in (
        url(desk, "deliveries") + "?q=lindner", url(desk, "delivery", held.code), url(desk, "work")
    )]  # fmt: skip

    assert ["Lindner" in page for page in pages] == [True, True, True]
    assert [re.search(r">\s*,|Lindner\s*,", page) for page in pages] == [None, None, None]


def test_a_return_says_what_it_brings_back(cast: Cast, desk: Desk, as_user: SignIn) -> None:
    sent = scene.make_shipped(desk)
    with tenant_context(desk.tenant.id):
        Delivery.objects.create(
            tenant=desk.tenant, connection=desk.connection, return_of=sent, delivery_number=sent.delivery_number
        )

    assert f"Return of {sent.delivery_number}" in as_user(cast.viewer).get(url(desk, "deliveries")).content.decode()
