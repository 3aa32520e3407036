"""Permissions that nothing came of are forgotten; one that anything still hangs on is kept."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from exact import consent_links, ending, grants, offers
from exact.models import ConsentLink, Grant
from exact.tasks import refresh_idle_grants
from exact.upkeep import UNNEEDED_AFTER
from tenants.context import tenant_context
from tests.exact.scene import Sandbox, Scene, consent, quick_tenant

pytestmark = pytest.mark.django_db


def has_tokens() -> bool:
    return Grant.objects.get().sealed_tokens is not None


def age(by: timedelta) -> None:
    Grant.objects.update(consented_at=timezone.now() - by)


def test_a_consent_that_nobody_went_on_with_is_forgotten_once_no_company_can_be_chosen(sandbox: Sandbox) -> None:
    consent(sandbox, sandbox.found_company())

    age(UNNEEDED_AFTER - timedelta(minutes=1))
    refresh_idle_grants()
    kept = has_tokens()
    age(UNNEEDED_AFTER + timedelta(minutes=1))
    refresh_idle_grants()

    grant = Grant.objects.get()
    assert (kept, grant.sealed_tokens, grant.sealed_user) == (True, None, None)


def test_one_given_anew_at_that_very_moment_stays(sandbox: Sandbox) -> None:
    given = consent(sandbox, sandbox.found_company())

    grants.forget(given.grant_id, consented_before=timezone.now() - UNNEEDED_AFTER)
    kept = has_tokens()
    grants.forget(given.grant_id)

    assert (kept, has_tokens()) == (True, False)


def test_the_permission_of_a_connection_stays_also_until_an_ended_one_is_cleaned_up(scene: Scene) -> None:
    age(timedelta(days=30))
    refresh_idle_grants()
    live = has_tokens()
    with tenant_context(scene.tenant.id):
        ending.end_tie(scene.connection, {})

    grants.forget(scene.grant_id)
    refresh_idle_grants()

    assert (live, has_tokens()) == (True, True)
    ending.clean_up(scene.tenant.id)
    assert not has_tokens()


def test_one_given_by_a_link_stays_until_the_link_ends_or_its_maker_goes(sandbox: Sandbox) -> None:
    tenant, at = quick_tenant(), timezone.now()
    maker = uuid.uuid4()
    given = consent(sandbox, sandbox.found_company())
    with tenant_context(tenant.id):
        token = consent_links.make(tenant_id=tenant.id, site="nl", made_by=maker, at=at)
    route = consent_links.find(consent_links.digest_of(token.reveal()))
    assert route is not None
    consent_links.give(route, grant_id=given.grant_id, answer=offers.answer_of(given), at=at)

    age(timedelta(days=1))
    refresh_idle_grants()
    waited = has_tokens()
    with tenant_context(tenant.id):
        consent_links.end_of(tenant.id, maker, at=at)
        assert ConsentLink.objects.get().ended_at == at
    refresh_idle_grants()

    assert (waited, has_tokens()) == (True, False)


def test_ending_all_links_ends_given_ones_too_and_a_closed_company_has_none_that_work(sandbox: Sandbox) -> None:
    tenant, at = quick_tenant(), timezone.now()
    maker = uuid.uuid4()
    given = consent(sandbox, sandbox.found_company())
    tokens = []
    for _ in range(2):
        with tenant_context(tenant.id):
            tokens.append(consent_links.make(tenant_id=tenant.id, site="nl", made_by=maker, at=at).reveal())
        route = consent_links.find(consent_links.digest_of(tokens[-1]))
        assert route is not None
        if len(tokens) == 1:
            consent_links.give(route, grant_id=given.grant_id, answer=offers.answer_of(given), at=at)
    with tenant_context(tenant.id):
        type(tenant).objects.filter(pk=tenant.pk).update(closed_at=at)

    assert consent_links.find(consent_links.digest_of(tokens[1])) is None
    consent_links.end_all(tenant.id, at=at)
    with tenant_context(tenant.id):
        assert not ConsentLink.objects.filter(ended_at=None).exists()
    assert not has_tokens()
