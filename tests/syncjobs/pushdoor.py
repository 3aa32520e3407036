"""A UPS account with a parcel on its way, and the door at which UPS tells of it."""

import itertools
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.test import Client
from django.utils import timezone

from syncjobs import hook_counts
from syncjobs.models import Attempt, Delivery, Parcel, Receipt, Shipment, SyncJob
from syncjobs.transitions import move_attempt
from tenants.context import tenant_context
from tests.factories import make_tenant
from tests.syncjobs.rows import make_account, make_attempt, make_connection, make_delivery
from ups import alerts
from ups.models import Account

PHOTO = "/9j/4AAQSkZJRgABAQAAAQABAAD"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushDoor:
    """One tenant's address for pushes, and the address of a caller who was not refused anywhere yet."""

    account: Account
    delivery: Delivery
    number: str
    caller: str

    @property
    def path(self) -> str:
        """Where UPS pushes to."""
        return f"/hooks/ups/{self.account.alert_hook_code}"

    @property
    def credential(self) -> str:
        """What UPS was given with every subscription."""
        return alerts.destination_of(self.account).credential.reveal()

    def token(self, *, at: datetime | None = None) -> str:
        """What our token endpoint gave to UPS at that moment."""
        values = alerts.portal_values(self.account)
        issued = alerts.issue_token(
            client_id=values.client_id, client_secret=values.client_secret.reveal(), at=at or timezone.now()
        )
        assert issued is not None
        return issued.token.reveal()

    def post(self, body: bytes, **headers: str) -> int:
        """Push; the status of the answer, which is empty whatever it is."""
        answer = Client(REMOTE_ADDR=self.caller).post(self.path, body, content_type="application/json", headers=headers)
        assert answer.content == b""
        return answer.status_code

    def push(self, **changes: object) -> int:
        """Push with the credential."""
        return self.post(push_body(self.number, **changes), credential=self.credential)

    def receipts(self) -> list[Receipt]:
        """What was stored, oldest first."""
        with tenant_context(self.account.tenant_id):
            return list(Receipt.objects.order_by("pk"))

    def jobs(self) -> list[tuple[str, str]]:
        """Kinds and states of the jobs about the delivery."""
        with tenant_context(self.account.tenant_id):
            return list(SyncJob.objects.filter(subject=self.delivery.code).order_by("pk").values_list("kind", "state"))

    def is_untouched(self) -> bool:
        """Whether nothing at all was stored."""
        with tenant_context(self.account.tenant_id):
            return not Receipt.objects.exists() and not SyncJob.objects.exists()

    def counted(self, what: str) -> int:
        """How many calls to this address were refused today."""
        return hook_counts.counted(what, self.account.alert_hook_code, at=timezone.now())


def make_push_door(name: str = "Voorbeeld Groothandel BV") -> PushDoor:
    """A tenant with an account and a delivery whose one parcel is on its way."""
    tenant = make_tenant(name)
    number = next(_numbers)
    delivery = make_delivery(make_connection(tenant, division=500_000 + number))
    account = make_account(tenant.id)
    attempt = make_attempt(delivery, account)
    with tenant_context(tenant.id):
        move_attempt(attempt, to=Attempt.State.SENDING, changes={"sent_at": timezone.now()})
        move_attempt(attempt, to=Attempt.State.CREATED)
        shipment = Shipment.objects.create(
            tenant=tenant,
            attempt=attempt,
            delivery=delivery,
            ups_shipment_id=f"1ZA1B2C368{number:08}",
            service_code="11",
        )
        Parcel.objects.create(
            tenant=tenant,
            shipment=shipment,
            position=1,
            tracking_number=shipment.ups_shipment_id,
            weight=1,
            weight_unit="KGS",
        )
        Delivery.objects.update(state=Delivery.State.REPORTED, written_at=timezone.now())
    caller = f"10.{timezone.now().microsecond % 256}.{number // 256}.{number % 256}"
    return PushDoor(account=account, delivery=delivery, number=shipment.ups_shipment_id, caller=caller)


def push_body(number: str, **changes: object) -> bytes:
    """A push as UPS sends it (`ups.md` 10.3)."""
    push: dict[str, Any] = {
        "trackingNumber": number,
        "localActivityDate": "20261014",
        "localActivityTime": "101500",
        "activityLocation": {"city": "GRONINGEN", "stateProvince": "", "postalCode": "", "country": "NL"},
        "activityStatus": {"type": "I", "code": "OT", "description": "Out For Delivery", "descriptionCode": "021"},
        "scheduledDeliveryDate": "",
        "gmtActivityDate": "20261014",
        "gmtActivityTime": "081500",
        "gmtOffset": "+02.00",
        "deliveryPhoto": "",
        "receivedBy": "",
    }
    return json.dumps(push | changes).encode()
