"""A customer and another one, both well, and looks at what is wrong: for tests of alarms."""

import smtplib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.mail.message import EmailMessage
from django.utils import timezone

from exact.models import Connection, Grant
from syncjobs.alarms import mails, troubles
from syncjobs.alarms.kinds import AlarmKind
from syncjobs.models import Alarm, Attempt, Delivery, Heartbeat, SystemAlarm
from tenants.context import tenant_context
from tenants.models import Role, Tenant, User
from tests.factories import make_member, make_tenant, make_user
from tests.syncjobs.rows import make_account, make_attempt, make_connection, make_delivery
from ups.models import Account

TEAM = ["team@operators.test", "night@operators.test"]


class Picky(EmailBackend):
    """A mail server that refuses one address, with a code or with an error of its own; counts how often."""

    refused = ""
    code = 550
    error: smtplib.SMTPException | None = None
    refusals = 0

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        for message in messages:
            if self.refused in message.to:
                type(self).refusals += 1
                raise self.error or smtplib.SMTPRecipientsRefused({self.refused: (self.code, b"no such person")})
        sent: int = super().send_messages(messages)
        return sent


@dataclass(kw_only=True)
class Scene:
    """One customer with a connection, an account and a delivery; another one beside it."""

    tenant: Tenant
    told: set[str]
    other: Tenant
    other_owner: User
    connection: Connection
    account: Account
    at: datetime = field(default_factory=timezone.now)
    silent: set[str] = field(default_factory=set)

    def look(self, *, after: timedelta = timedelta(0)) -> None:
        """Time goes on, whatever is not silent gives a sign of life, and one look is taken."""
        self.at += after
        for name in (troubles.SIGNS.keys() | {troubles.AUDIT}) - self.silent:
            Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": self.at})
        assert troubles.judge(at=self.at, watching_since=self.at - timedelta(hours=1))
        mails.send_due(clock=lambda: self.at)

    def change(self, row: Connection | Account | Attempt | Delivery, **columns: Any) -> None:
        """Change a row of the customer's."""
        with tenant_context(self.tenant.id):
            type(row)._default_manager.filter(pk=row.pk).update(**columns)

    def change_grant(self, **columns: Any) -> None:
        """Change the permission for Exact."""
        assert self.connection.grant_id is not None
        Grant.objects.filter(pk=self.connection.grant_id).update(**columns)

    def attempt(self, *states: str, **columns: Any) -> Attempt:
        """A request to UPS that went through these states."""
        delivery = make_delivery(self.connection, state=Delivery.State.SHIPPING)
        attempt = make_attempt(delivery, self.account)
        self.change(attempt, state="sending", sent_at=self.at, due_at=self.at)
        for state in states:
            self.change(attempt, state=state)
        self.change(attempt, **columns)
        return attempt

    def open_kinds(self, tenant: Tenant | None = None) -> set[AlarmKind]:
        """What is open at a customer, ours unless told."""
        of = tenant or self.tenant
        with tenant_context(of.id):
            return {AlarmKind(row.kind) for row in Alarm.objects.filter(cleared_at=None)}

    def rows(self) -> list[Alarm]:
        """Every alarm the customer ever had, oldest first."""
        with tenant_context(self.tenant.id):
            return list(Alarm.objects.order_by("pk"))


def service_kinds() -> set[AlarmKind]:
    """What is open for the operating team."""
    return {AlarmKind(row.kind) for row in SystemAlarm.objects.filter(cleared_at=None)}


def make_scene() -> Scene:
    """The customer has an owner, a manager, and two who are told nothing."""
    owner, other_owner = make_user("owner"), make_user("elsewhere")
    tenant, other = make_tenant(owner=owner), make_tenant("Ander Bedrijf BV", owner=other_owner)
    manager = make_member(tenant, Role.MANAGER)
    make_member(tenant, Role.OPERATOR)
    make_member(tenant, Role.VIEWER)
    make_connection(other, division=654321)
    return Scene(
        tenant=tenant,
        told={owner.email, manager.email},
        other=other,
        other_owner=other_owner,
        connection=make_connection(tenant),
        account=make_account(tenant.id),
    )


def taken_out() -> list[str]:
    """To whom mails went since the last time, sorted."""
    addresses = sorted(address for message in mail.outbox for address in message.to)
    mail.outbox.clear()
    return addresses


def some_code() -> uuid.UUID:
    """A code of nothing."""
    return uuid.uuid4()


def told_to(*people: Iterable[str]) -> list[str]:
    """One mail for each of these."""
    return sorted(address for group in people for address in group)
