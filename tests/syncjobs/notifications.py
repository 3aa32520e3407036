"""Notifications with the bytes and the signature that Exact would send (`exact.md` 11.3 and 11.4)."""

import hashlib
import hmac
import uuid

from tests.environment import EXACT_CLIENT_ID, EXACT_WEBHOOK_SECRET


def notification(
    *,
    key: uuid.UUID | None = None,
    action: str = "Create",
    topic: str = "GoodsDeliveries",
    division: int = 123456,
    client_id: str = EXACT_CLIENT_ID,
    resource: str = "salesorder/GoodsDeliveries",
    created: str = "2026-05-04T09:15:27.387",
    secret: str = EXACT_WEBHOOK_SECRET,
) -> bytes:
    """One notification, signed."""
    about = key or uuid.uuid4()
    endpoint = f"https://start.exactonline.nl/api/v1/{division}/{resource}(guid'{about}')"
    content = (
        f'{{"Topic":"{topic}","ClientId":"{client_id}","Division":{division},"Action":"{action}","Key":"{about}",'
        f'"ExactOnlineEndpoint":"{endpoint}","EventCreatedOn":"{created}"}}'
    ).encode()
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().upper()
    return b'{"Content":' + content + b',"HashCode":"' + signature.encode() + b'"}'
