"""The stand-in's own table and its answers against the published description of the resources."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.exact.catalog import RESOURCES, Resource
from tests.sandbox.exact.driver import Connection

SHARED = Path(__file__).parents[4] / "shared"
SPECIFICATION = SHARED / "specs" / "exact" / "resources.json"
SAMPLES = SHARED / "samples" / "exact-answer.json"
OBSOLETE = "absent from"
STRICTER_VERBS = {
    "webhooks/WebhookSubscriptions": {"PUT"},  # listed, yet reported as refused (exact.md 13.11)
    "system/Divisions": {"DELETE"},  # removing companies is no business of the stand-in
}
PATHS = sorted(RESOURCES)


@pytest.fixture(scope="module")
def specified() -> dict[str, Any]:
    if not SPECIFICATION.exists():
        pytest.skip(f"{SPECIFICATION} is not there to compare with")
    return cast("dict[str, Any]", json.loads(SPECIFICATION.read_text()))


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    if not SAMPLES.exists():
        pytest.skip(f"{SAMPLES} is not there to compare with")
    return {each["id"]: each for each in json.loads(SAMPLES.read_text())["payloads"]}


def current(resource: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties that were not dropped from the newest list."""
    return {name: each for name, each in resource["properties"].items() if OBSOLETE not in each.get("note", "")}


@pytest.mark.parametrize("path", PATHS)
def test_names_and_types_are_those_published(path: str, specified: dict[str, Any]) -> None:
    published = {name: each["type"].removeprefix("Edm.") for name, each in current(specified[path]).items()}

    assert {name: each.edm for name, each in RESOURCES[path].properties.items()} == published


@pytest.mark.parametrize("path", PATHS)
def test_verbs_scope_key_and_page_size_are_those_published(path: str, specified: dict[str, Any]) -> None:
    ours, published = RESOURCES[path], specified[path]

    assert set(ours.methods) == set(published["methods"]) - STRICTER_VERBS.get(path, set())
    assert ours.scope == published["scope"]
    assert ours.page_size == (published["page_size"] or 60)
    assert [_published_key(ours)] == (published["key"] or [None])


@pytest.mark.parametrize("path", [path for path in PATHS if RESOURCES[path].methods & {"POST", "PUT"}])
def test_flags_of_writing_are_those_published(path: str, specified: dict[str, Any]) -> None:
    published = {
        name: (bool(each["mandatory"]), bool(each["post"]), bool(each["put"]), bool(each.get("triggers_webhook")))
        for name, each in current(specified[path]).items()
    }

    ours = {name: (p.mandatory, p.post, p.put, p.notifies) for name, p in RESOURCES[path].properties.items()}

    assert ours == published


@pytest.mark.parametrize("path", ["bulk/SalesOrder/GoodsDeliveries", "bulk/SalesOrder/GoodsDeliveryLines"])
def test_bulk_filters_are_those_published(path: str, specified: dict[str, Any]) -> None:
    assert RESOURCES[path].filterable == frozenset(specified[path]["allowed_filters"])


@pytest.mark.parametrize(
    "path",
    [
        "salesorder/GoodsDeliveries",
        "salesorder/GoodsDeliveryLines",
        "salesorder/SalesOrders",
        "salesorder/SalesOrderLines",
        "crm/Accounts",
        "crm/Addresses",
        "crm/Contacts",
        "logistics/Items",
        "logistics/Units",
        "inventory/Warehouses",
        "inventory/StorageLocations",
        "sales/ShippingMethods",
        "system/Divisions",
        "hrm/Divisions",
    ],
)
def test_every_property_can_be_selected_and_has_the_published_type(
    path: str, exact: Connection, specified: dict[str, Any]
) -> None:
    exact.book()
    published = current(specified[path])

    rows = exact.rows(path, select=",".join(published))

    assert rows
    for name, each in published.items():
        _check_value(rows[0][name], each["type"])
    assert set(rows[0]) == set(published) | {"__metadata"}


@pytest.mark.parametrize(
    ("recording", "path"),
    [
        ("EX11", "crm/Accounts"),
        ("EX13", "salesorder/SalesOrders"),
        ("EX25", "crm/Contacts"),
        ("EX16", "logistics/Items"),
    ],
)
def test_a_whole_record_has_the_recorded_names(
    recording: str, path: str, exact: Connection, recorded: dict[str, Any], specified: dict[str, Any]
) -> None:
    theirs = _record(recorded[recording]["body"])
    obsolete = set(specified[path]["properties"]) - set(current(specified[path]))

    ours = exact.get(path, top=1).json()["d"][0]

    assert set(theirs) - obsolete - set(ours) == set()
    assert _shapes(theirs, ours) == []


def test_the_echo_of_a_new_contact_is_as_empty_as_recorded(exact: Connection, recorded: dict[str, Any]) -> None:
    theirs = _record(recorded["EX26"]["body"])
    account = exact.company["accounts"][0]["id"]

    ours = exact.post("crm/Contacts", {"Account": account, "FirstName": "Alice", "LastName": "Test"}).json()["d"]

    assert ours["ID"]
    assert {name for name, value in ours.items() if value is not None} == {"__metadata", "ID"}
    assert {name for name in theirs if theirs[name] is None} - set(ours) <= {
        "AllowMailing",
        "BirthName",
        "BirthNamePrefix",
    }


def test_me_has_the_recorded_shape(exact: Connection, recorded: dict[str, Any]) -> None:
    theirs = recorded["EX20"]["body"]["d"]["results"][0]

    ours = exact.call("GET", "current/Me", None).json()["d"]["results"][0]

    assert set(theirs) - set(ours) == set()
    assert _shapes(theirs, ours) == []


def _published_key(resource: Resource) -> str | None:
    return "Timestamp" if resource.path.startswith("sync/") else resource.key


def _record(body: dict[str, Any]) -> dict[str, Any]:
    data = body["d"]
    found = data[0] if isinstance(data, list) else data.get("results", [data])[0]
    return cast("dict[str, Any]", found)


def _shapes(theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """Properties that both have filled, in different JSON types."""
    return [
        name
        for name, value in theirs.items()
        if value is not None and ours.get(name) is not None and _kind(value) != _kind(ours[name])
    ]


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _check_value(value: object, edm: str) -> None:
    if value is None:
        return
    if edm.startswith("Collection"):
        assert set(cast("dict[str, object]", value)) == {"__deferred"}
    elif edm in {"Edm.String", "Edm.Guid", "Edm.Int64"}:
        assert isinstance(value, str)
    elif edm == "Edm.DateTime":
        assert str(value).startswith("/Date(")
    elif edm == "Edm.Boolean":
        assert isinstance(value, bool)
    else:
        assert isinstance(value, int | float)
