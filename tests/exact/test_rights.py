"""What may be done in a company, as looked up at the stand-in."""

from uuid import uuid4

import pytest
from pytest_django import Settings

from connector_site.lib.outside_calls import OutsideCall
from exact import connecting, rights
from exact.errors import ExactError, ExactRightMissing, ExactScopeMissing, ExactUnavailable
from exact.rights import Finding, Outcome
from tenants.context import tenant_context
from tests.exact.scene import Scene, consent, division_of
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


def test_a_part_that_cannot_be_asked_is_unknown_and_stops_only_the_work_that_needs_it(scene: Scene) -> None:
    scene.sandbox.fault(action="status", status=400, path_regex="crm/Accounts", times=None)
    scene.sandbox.fault(action="status", status=503, path_regex="documents/Documents", times=None)

    findings = rights.look_up(scene.client())

    assert lacking(findings) == {rights.CUSTOMERS: Outcome.UNKNOWN, rights.DOCUMENTS: Outcome.UNKNOWN}
    rights.refuse_what_stops(findings)

    scene.sandbox.fault(action="status", status=503, path_regex="logistics/Items", times=None)
    with pytest.raises(ExactUnavailable):
        rights.look_up(scene.client())


def test_a_new_consent_looks_rights_up_although_earlier_refusals_rest(scene: Scene) -> None:
    scene.sandbox.settings(minutely_limit=1_000)
    scene.client().shipping_methods()
    scene.sandbox.fault(action="status", status=403, path_regex="logistics/Items", times=5)
    for _ in range(5):
        with pytest.raises(ExactError):
            scene.client().items([uuid4()])
    with pytest.raises(ExactUnavailable, match="refused this kind of call too often"):
        rights.look_up(scene.client())

    given = consent(scene.sandbox, scene.company)
    connecting.connect_division(
        tenant_id=scene.tenant.id, grant_id=given.grant_id, division=division_of(given, scene.company)
    )

    assert lacking(tuple(rights.kept(scene.row()))) == {}
    assert scene.client().items([uuid4()]) == []


def test_what_was_found_is_kept_with_the_connection(scene: Scene) -> None:
    missing(scene, "documents/Documents:POST")
    findings = rights.look_up(scene.client())

    with tenant_context(scene.tenant.id):
        rights.keep(scene.connection, findings, at=scene.connection.connected_at)

    row = scene.row()
    assert row.rights_checked_at == scene.connection.connected_at
    assert tuple(rights.kept(row)) == findings
