"""`POST /api/quantumview/{version}/events` (ups.md 11)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from aiohttp import web

from sandbox.core.answers import json_answer
from sandbox.core.damage import single_objects
from sandbox.ups.accounts import Client, Product
from sandbox.ups.gate import allow, check_version
from sandbox.ups.refusals import UpsRefusal
from sandbox.ups.state import UPS, Ups
from sandbox.ups.view_files import STATUS_TEXTS, Page, ViewFile, ViewSubscription
from sandbox.ups.view_questions import (
    NO_FILES,
    NO_SUCH_NAME,
    UNAVAILABLE,
    WRONG_BOOKMARK,
    Question,
    ViewRefusal,
    Wanted,
    read_question,
)
from sandbox.ups.view_records import Json, Scan, scans_of
from sandbox.ups.wire import Node, read_document

FIRST_VERSION = "v1"
WITHOUT_BOOKMARKS = "v2"
"""It lost them: what does not fit on the first page is not told (ups.md 11)."""
LISTS_VERSION = "v3"
VERSIONS = frozenset([FIRST_VERSION, WITHOUT_BOOKMARKS, LISTS_VERSION])
XPCI_VERSION = "1.0007"
MAX_SUBSCRIBER_ID = 16
SUCCESS = {"ResponseStatusCode": "1", "ResponseStatusDescription": "Success"}
MOMENT = "%Y%m%d%H%M%S"

Shown = tuple[ViewSubscription, ViewFile]


def routes() -> list[web.RouteDef]:
    """The events endpoint."""
    return [web.post("/api/quantumview/{version}/events", events, name="quantum_view")]


async def events(request: web.Request) -> web.Response:
    """Files of the subscriptions of the app's accounts; refusals come with HTTP 200, or with 400 if so set."""
    ups = request.app[UPS]
    client = allow(request, Product.QUANTUM_VIEW)
    version = check_version(request, VERSIONS)
    document = await read_document(request, "QuantumViewRequest")
    context = document.child("Request", "TransactionReference").text("CustomerContext")
    try:
        answer = _response(context, **SUCCESS) | _answer(ups, document, client=client, version=version)
    except ViewRefusal as refusal:
        if ups.settings.view_errors_as_status and not refusal.retry_seconds:
            raise UpsRefusal(refusal.code, refusal.text) from refusal
        answer = _refused(refusal, context=context)
    as_objects = ups.settings.view_shape == "objects" or (
        ups.settings.view_shape == "as_version" and version != LISTS_VERSION
    )
    whole = {"QuantumViewResponse": answer}
    return json_answer(single_objects(whole) if as_objects else whole)


def refusal_body(refusal: ViewRefusal) -> Json:
    """A whole answer that says no."""
    return {"QuantumViewResponse": _refused(refusal)}


def cut_files(ups: Ups, shipper_number: str, *, now: datetime) -> list[ViewFile]:
    """Every finished file of an account that UPS has let out by now."""
    account = ups.views.accounts[shipper_number]
    account.cut(_scans(ups, shipper_number, now=now), now=now, window_seconds=ups.settings.view_file_minutes * 60)
    newest = now - timedelta(seconds=ups.settings.view_delay_seconds)
    return [file for file in account.files if file.at <= newest]


def _scans(ups: Ups, shipper_number: str, *, now: datetime) -> Iterator[Scan]:
    """What no file tells of yet."""
    account = ups.views.accounts[shipper_number]
    own = (shipment for shipment in ups.shipments.all() if shipment.shipper_number == shipper_number)
    for shipment in own:
        for parcel in shipment.parcels:
            known = ups.travels.activities(parcel.tracking_number, now=now)
            if not all(account.has(activity) for activity in known):
                yield from scans_of(shipment, known)


def _answer(ups: Ups, document: Node, *, client: Client, version: str) -> Json:
    if ups.settings.view_retry_seconds:
        raise ViewRefusal(UNAVAILABLE, retry_seconds=ups.settings.view_retry_seconds)
    now = ups.clock.now()
    question = read_question(document, form=ups.settings.view_request_form, now=now)
    if question.bookmark:
        found, marks_read = _turned_page(ups, question, client=client)
    else:
        found = _found(ups, question, client=client, now=now)
        marks_read = all(wanted.is_unread for wanted in question.wanted)
    if not found and ups.settings.view_no_files == "error":
        raise ViewRefusal(NO_FILES)
    size = max(ups.settings.view_files_per_page, 1)
    page, rest = found[:size], found[size:]
    named = _named(ups, question, client=client) if question.wanted else []
    events_shown = _subscription_events(page, question=question, named=named)
    if marks_read:
        for subscription, file in page:
            subscription.read.add(file.name)
    answer: Json = {
        "QuantumViewEvents": {
            "SubscriberID": client.client_id[:MAX_SUBSCRIBER_ID],
            "SubscriptionEvents": events_shown,
        }
    }
    if rest and version != WITHOUT_BOOKMARKS:
        key = client.client_id + question.fingerprint
        answer["Bookmark"] = ups.views.keep(Page(question=key, rest=tuple(rest), marks_read=marks_read))
    return answer


def _turned_page(ups: Ups, question: Question, *, client: Client) -> tuple[list[Shown], bool]:
    """The next files of the same question; any other question with this bookmark is refused."""
    page = ups.views.find(question.bookmark)
    if page is None or page.question != client.client_id + question.fingerprint:
        raise ViewRefusal(WRONG_BOOKMARK, place="Bookmark")
    return list(page.rest), page.marks_read


def _named(ups: Ups, question: Question, *, client: Client) -> list[tuple[ViewSubscription, Wanted]]:
    """The subscriptions each part of the question means; file names alone mean all of them."""
    own = ups.views.of(client.accounts)
    found: list[tuple[ViewSubscription, Wanted]] = []
    for wanted in question.wanted:
        meant = [each for each in own if wanted.name in {"", each.name}]
        if not meant:
            raise ViewRefusal(NO_SUCH_NAME, place="Name")
        found += [(each, wanted) for each in meant]
    return found


def _found(ups: Ups, question: Question, *, client: Client, now: datetime) -> list[Shown]:
    files = {number: cut_files(ups, number, now=now) for number in client.accounts}
    if not question.wanted:
        everything = [(each, file) for each in ups.views.of(client.accounts) for file in files[each.shipper_number]]
        return [(each, file) for each, file in everything if each.shows(file) and file.name not in each.read]
    return [
        (each, file)
        for each, wanted in _named(ups, question, client=client)
        for file in files[each.shipper_number]
        if each.shows(file) and _is_wanted(file, wanted, subscription=each)
    ]


def _is_wanted(file: ViewFile, wanted: Wanted, *, subscription: ViewSubscription) -> bool:
    """A period is held against the file's own time in UTC, not against the times of its records."""
    if wanted.file_names:
        return file.name in wanted.file_names
    if wanted.begin_at and wanted.end_at:
        return wanted.begin_at <= file.at <= wanted.end_at
    return file.name not in subscription.read


def _subscription_events(
    page: list[Shown], *, question: Question, named: list[tuple[ViewSubscription, Wanted]]
) -> list[Json]:
    """Per subscription its files; a subscription that was asked for and has none comes without files."""
    shown = [
        _subscription_json(subscription, question=question)
        | {"SubscriptionFile": [_file_json(file, subscription) for _, file in group]}
        for subscription, group in ((group[0][0], group) for group in _by_subscription(page))
    ]
    return shown or [_subscription_json(subscription, question=question) for subscription, _ in named]


def _by_subscription(page: list[Shown]) -> list[list[Shown]]:
    return [list(group) for _, group in groupby(page, key=lambda shown: shown[0].number)]


def _subscription_json(subscription: ViewSubscription, *, question: Question) -> Json:
    found: Json = {
        "Name": subscription.name,
        "Number": subscription.number,
        "SubscriptionStatus": {"Code": subscription.status, "Description": STATUS_TEXTS[subscription.status]},
    }
    periods = [each for each in question.wanted if each.begin_at and each.end_at and each.name == subscription.name]
    for wanted in periods[:1]:
        found["DateRange"] = {"BeginDate": f"{wanted.begin_at:{MOMENT}}", "EndDate": f"{wanted.end_at:{MOMENT}}"}
    return found


def _file_json(file: ViewFile, subscription: ViewSubscription) -> Json:
    code, description = ("R", "Read") if file.name in subscription.read else ("U", "Unread")
    records = {kind: list(records) for kind, records in file.records.items() if kind in subscription.kinds}
    return {"FileName": file.name, "StatusType": {"Code": code, "Description": description}, **records}


def _response(context: str, **fields: object) -> Json:
    reference = {"CustomerContext": context, "XpciVersion": XPCI_VERSION} if context else {"XpciVersion": XPCI_VERSION}
    return {"Response": {"TransactionReference": reference, **fields}}


def _refused(refusal: ViewRefusal, *, context: str = "") -> Json:
    error: Json = {
        "ErrorSeverity": refusal.severity,
        "ErrorCode": refusal.code,
        "ErrorDescription": refusal.text,
        "ErrorLocation": [{"ErrorLocationElementName": refusal.place}],
    }
    if refusal.retry_seconds:
        error["MinimumRetrySeconds"] = str(refusal.retry_seconds)
    return _response(context, ResponseStatusCode="0", ResponseStatusDescription="Failure", Error=[error])
