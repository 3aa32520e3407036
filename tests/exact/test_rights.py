"""What may be done in a company, as looked up at the stand-in."""

import pytest
from pytest_django import Settings

from connector_site.lib.outside_calls import OutsideCall
from exact import rights
from exact.errors import ExactRightMissing, ExactScopeMissing
from exact.rights import Finding, Outcome
from tenants.context import tenant_context
from tests.exact.scene import Scene
from tests.exact.test_connecting import OTHER_SCOPES, register_with

pytestmark = pytest.mark.django_db


def missing(scene: Scene, *names: str) -> None:
    scene.sandbox.control("POST", f"companies/{scene.division}/rights", {"missing": list(names)})


def lacking(findings: tuple[Finding, ...]) -> dict[str, Outcome]:
    return {finding.what: finding.outcome for finding in findings if not finding.is_given}


def test_with_everything_there_each_line_says_so_and_nothing_is_refused(scene: Scene) -> None:
    seen: list[OutsideCall] = []

    findings = rights.look_up(scene.client(seen.append))

    assert [finding.what for finding in findings] == [need.what for need in rights.NEEDS]
    assert lacking(findings) == {}
    assert {call.status for call in seen} == {200}
    rights.refuse_what_stops(findings)


def test_a_missing_right_costs_no_refused_call(scene: Scene) -> None:
    missing(scene, "logistics/Items", "salesorder/GoodsDeliveries:PUT")
    seen: list[OutsideCall] = []

    findings = rights.look_up(scene.client(seen.append))

    assert lacking(findings) == {rights.ITEMS: Outcome.RIGHT_MISSING, rights.WRITING: Outcome.RIGHT_MISSING}
    assert {call.status for call in seen} == {200}
    with pytest.raises(ExactRightMissing, match=r"may not change goods deliveries.*may not open items"):
        rights.refuse_what_stops(findings)


def test_without_the_right_for_documents_everything_but_the_proof_works(scene: Scene) -> None:
    missing(scene, "documents/DocumentAttachments:POST")

    findings = rights.look_up(scene.client())

    (finding,) = [one for one in findings if not one.is_given]
    assert "the proof of delivery cannot be stored" in finding.said
    rights.refuse_what_stops(findings)


def test_a_scope_that_our_app_lacks_is_named_and_ours_to_mend(scene: Scene, settings: Settings) -> None:
    wanted = [name for name in OTHER_SCOPES if name != "logistics_items"]
    register_with(scene.sandbox, settings, **dict.fromkeys([*wanted, "organization_administration"], "manage"))

    findings = rights.look_up(scene.client())

    assert lacking(findings) == {rights.ITEMS: Outcome.SCOPE_MISSING}
    with pytest.raises(ExactScopeMissing, match=r"not registered for items \(scope logistics\.items\).*Our team"):
        rights.refuse_what_stops(findings)


def test_an_edition_without_logistics_is_explained(scene: Scene) -> None:
    scene.sandbox.fault(action="status", status=404, path_regex="salesorder/GoodsDeliveries", times=None)

    findings = rights.look_up(scene.client())

    assert lacking(findings) == {rights.DELIVERIES: Outcome.NOT_OFFERED}
    with pytest.raises(ExactRightMissing, match="Wholesale & Distribution") as refusal:
        rights.refuse_what_stops(findings)
    assert refusal.value.reason == "not_offered"


def test_what_was_found_is_kept_with_the_connection(scene: Scene) -> None:
    missing(scene, "documents/Documents:POST")
    findings = rights.look_up(scene.client())

    with tenant_context(scene.tenant.id):
        rights.keep(scene.connection, findings, at=scene.connection.connected_at)

    row = scene.row()
    assert row.rights_checked_at == scene.connection.connected_at
    assert tuple(rights.kept(row)) == findings
