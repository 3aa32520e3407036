"""What a call to Exact is about, for the storm: the company, and where it is about one goods delivery, its number."""

from aiohttp import web

from sandbox.core.storm import Subject
from sandbox.exact.records import DELIVERIES
from sandbox.exact.target import TARGET
from sandbox.exact.world import World

_KEY_LENGTH = 36


def subject_of(world: World) -> Subject:
    """Division and delivery number, joined by a slash."""

    def of_call(request: web.Request, body: bytes) -> str:
        del body
        target = request.get(TARGET)
        company = world.companies.get(target.division or 0) if target else None
        if target is None or company is None:
            return ""
        key = (target.key or "").lower().removeprefix("guid'")[:_KEY_LENGTH]
        row = company.table(DELIVERIES).get(key) if target.path == DELIVERIES and key else None
        return f"{company.division}/{row['DeliveryNumber'] if row else ''}"

    return of_call
