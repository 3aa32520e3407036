"""Rows of grants: reading, locking and changing them, each by one named function."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.expressions import Func
from django.db.models.fields import DateTimeField

from audit.models import Event
from audit.record import Happening, happenings
from connector_site.lib.secrets import UNREADABLE, Secret, seal, unseal
from connector_site.lib.wording import said
from exact.errors import ExactNeedsReconnect
from exact.models import Grant
from exact.records import Me
from exact.token_calls import TokenPair
from tenants.context import tenant_context

RENEW_AFTER = timedelta(seconds=575)
"""A token is renewed from this age on; Exact refuses before 570 s (`exact.md` 3.3, `reliability.md` 2.1)."""
EARLIEST_RENEWAL = timedelta(seconds=570)
REGISTRATION_REFUSED = "registration_refused"
RENEWED_TOO_EARLY = "renewed_too_early"
"""What our own team must mend; kept with the grant until it is renewed, and seen by `syncjobs.alarms.troubles`."""
RECONNECT = said("The permission to use Exact Online has ended. Connect Exact Online again.")
SEALED = ("sealed_tokens", "sealed_user")
"""Columns that cannot be loaded when their key is gone."""
_TOKENS = "exact tokens"
_USER = "exact user"


class DatabaseClock(Func):
    """The database's time at this very moment, not at the start of the statement or transaction."""

    function = "CLOCK_TIMESTAMP"
    template = "%(function)s()"
    output_field = DateTimeField()


def database_now() -> datetime:
    """The clock that every process shares."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    moment: datetime = row[0]
    return moment


def read(grant_id: int) -> tuple[Grant, datetime]:
    """A grant that is alive and the database's time; raises `ExactNeedsReconnect`."""
    grant = Grant.objects.annotate(now=DatabaseClock()).get(pk=grant_id)
    check_alive(grant)
    return grant, grant.now


def lock(grant_id: int) -> tuple[Grant, datetime]:
    """A grant under its row lock, and the time once it was had."""
    grant = Grant.objects.select_for_update().get(pk=grant_id)
    return grant, database_now()


def check_alive(grant: Grant) -> None:
    """Raises `ExactNeedsReconnect` where a person must connect again."""
    if grant.needs_reconnect_at is not None or grant.sealed_tokens is None:
        raise ExactNeedsReconnect(RECONNECT, operation="access_token", reason=grant.reconnect_reason)


def is_current(grant: Grant, now: datetime) -> bool:
    """Whether the access token may be used without renewing."""
    return now - grant.received_at < RENEW_AFTER


def is_early(grant: Grant, now: datetime) -> bool:
    """Whether Exact called the last renewal too early: then the token held is good until it is refused."""
    return (
        grant.not_before_at is not None
        and grant.not_before_at > now
        and grant.failures == 0
        and grant.suspect_since_at is None
    )


def pair_of(grant: Grant) -> TokenPair:
    """The tokens of a grant."""
    value = unseal(grant.sealed_tokens, owner=grant.code, purpose=_TOKENS)
    return TokenPair(access=Secret(value["access"]), refresh=Secret(value["refresh"]))


def user_of(grant: Grant) -> tuple[str, str]:
    """Name and e-mail address of the Exact user, for showing to the tenant; empty where they cannot be read."""
    try:
        value = unseal(grant.sealed_user, owner=grant.code, purpose=_USER)
    except UNREADABLE:
        return "", ""
    return value["name"], value["email"]


def set_marker(grant: Grant, *, deadline_at: datetime) -> None:
    """Commit that a renewal is under way; a marker found past its deadline makes the chain suspect."""
    if grant.refresh_deadline_at is not None and grant.suspect_since_at is None:
        grant.suspect_since_at = grant.refresh_deadline_at
    grant.refresh_deadline_at = deadline_at
    grant.save(update_fields=["refresh_deadline_at", "suspect_since_at"])


def clear_marker(
    grant: Grant, *, not_before_at: datetime, failures: int, suspect_at: datetime | None = None, ours_to_mend: str = ""
) -> None:
    """End a renewal that brought nothing, unless another has taken over."""
    mine = Grant.objects.filter(pk=grant.pk, generation=grant.generation, refresh_deadline_at=grant.refresh_deadline_at)
    suspect_since_at = grant.suspect_since_at or suspect_at
    mine.update(
        refresh_deadline_at=None,
        not_before_at=not_before_at,
        failures=failures,
        suspect_since_at=suspect_since_at,
        reconnect_reason=ours_to_mend or grant.reconnect_reason,
    )


def store_pair(grant: Grant, pair: TokenPair, *, received_at: datetime) -> bool:
    """Commit new tokens where the generation has not moved; False when another consent or renewal came first.

    New tokens prove that the chain lives, whatever was said of it before.
    """
    mine = Grant.objects.filter(pk=grant.pk, generation=grant.generation)
    changed = mine.update(
        sealed_tokens=_sealed(grant.code, pair),
        generation=grant.generation + 1,
        received_at=received_at,
        refresh_deadline_at=None,
        suspect_since_at=None,
        not_before_at=None,
        failures=0,
        needs_reconnect_at=None,
        reconnect_reason="",
    )
    return changed == 1


def adopt(*, site: str, client_id: str, me: Me, pair: TokenPair, received_at: datetime) -> Grant:
    """The grant of this Exact user with the tokens of her newest consent, which killed every older chain.

    What was sealed before is not opened: a new consent is the way out when it cannot be.
    """
    with transaction.atomic():
        grant, _ = (
            Grant.objects.defer(*SEALED)
            .select_for_update()
            .get_or_create(
                site=site,
                client_id=client_id,
                exact_user_id=me.user_id,
                defaults={"consented_at": received_at, "received_at": received_at},
            )
        )
        grant.sealed_tokens = _sealed(grant.code, pair)
        grant.sealed_user = seal({"name": me.name, "email": me.email}, owner=grant.code, purpose=_USER)
        grant.generation = F("generation") + 1
        grant.consented_at = grant.received_at = received_at
        grant.refresh_deadline_at = grant.suspect_since_at = grant.not_before_at = None
        grant.needs_reconnect_at = None
        grant.reconnect_reason = ""
        grant.failures = 0
        grant.save()
    grant.refresh_from_db()
    return grant


def end(grant_id: int, *, reason: str, only_if: Callable[[Grant], bool]) -> bool:
    """Mark that a person must connect again, with an audit event for each tenant; False where the guard says no."""
    with transaction.atomic():
        grant, now = lock(grant_id)
        if grant.sealed_tokens is None or not only_if(grant):
            return False
        if grant.needs_reconnect_at is not None:
            return True
        grant.needs_reconnect_at = now
        grant.reconnect_reason = reason[:40]
        grant.refresh_deadline_at = None
        grant.save(update_fields=["needs_reconnect_at", "reconnect_reason", "refresh_deadline_at"])
        for tenant_id, code in users_of(grant_id):
            with tenant_context(tenant_id):
                happenings(tenant_id, [_lost(code, reason)])
    return True


def forget(grant_id: int, *, consented_before: datetime | None = None) -> None:
    """Remove the tokens of a grant that nobody uses any more, and that nobody is about to take up.

    Those of a consent since `consented_before` stay: somebody may be choosing a company with them.
    """
    with transaction.atomic():
        grant = Grant.objects.only("consented_at").select_for_update().get(pk=grant_id)
        if consented_before is not None and grant.consented_at >= consented_before:
            return
        if not users_of(grant_id) and not is_awaited(grant_id):
            Grant.objects.filter(pk=grant_id).update(
                sealed_tokens=None,
                sealed_user=None,
                generation=F("generation") + 1,
                refresh_deadline_at=None,
                reconnect_reason="",
            )


def users_of(grant_id: int) -> list[tuple[UUID, UUID]]:
    """Tenant and code of every live connection that uses a grant."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, code FROM exact_grant_users(%s)", [grant_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def is_awaited(grant_id: int) -> bool:
    """Whether something waits for it: a member who may take it up, or subscriptions of an ended connection.

    See `exact.consent_links` and `ending.clean_up`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT exact_grant_is_awaited(%s)", [grant_id])
        row = cursor.fetchone()
    return bool(row and row[0])


def unneeded(consented_before: datetime) -> list[int]:
    """Grants with tokens that no connection and no link has, from consents before this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT grant_id FROM exact_unneeded_grants(%s)", [consented_before])
        found = [row[0] for row in cursor.fetchall()]
    kept = Grant.objects.filter(pk__in=found, sealed_tokens__isnull=False)
    return list(kept.order_by("pk").values_list("pk", flat=True))


def idle(at: datetime, *, after: timedelta, spread: timedelta, limit: int) -> list[int]:
    """Grants to renew now: without traffic for long, spread over hours, and those whose renewal was cut off."""
    alive = Grant.objects.filter(needs_reconnect_at=None, sealed_tokens__isnull=False)
    ready = alive.filter(Q(not_before_at=None) | Q(not_before_at__lte=at))
    cut_off = Q(refresh_deadline_at__lt=at) | Q(suspect_since_at__isnull=False, refresh_deadline_at=None)
    due = ready.filter(cut_off | Q(received_at__lt=at - after)).order_by("received_at")
    due = due.only("code", "received_at", "refresh_deadline_at", "suspect_since_at")
    chosen = [
        row.pk
        for row in due[: limit * 4]
        if row.refresh_deadline_at or row.suspect_since_at or row.received_at < at - after - _share(row, spread)
    ]
    return chosen[:limit]


def _share(grant: Grant, spread: timedelta) -> timedelta:
    return spread * (grant.code.int % 1_000 / 1_000)


def _sealed(owner: UUID, pair: TokenPair) -> dict[str, object]:
    return seal({"access": pair.access.reveal(), "refresh": pair.refresh.reveal()}, owner=owner, purpose=_TOKENS)


def _lost(connection_code: UUID, reason: str) -> Happening:
    return Happening(
        kind=Event.Kind.DISCONNECTED,
        subject_kind="exact_connection",
        subject=connection_code,
        from_state="connected",
        to_state="needs_reconnect",
        details={"reason": reason[:40]},
    )
