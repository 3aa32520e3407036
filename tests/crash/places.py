"""Where workers are killed, by the boundaries of `reliability.md` 7.2; the names are those of our functions."""

from tests.crash.forks import Trap

COMMIT = "django.db.backends.base.base.BaseDatabaseWrapper._commit"
ANSWER = "urllib3.connection.HTTPConnection.getresponse"
"""Before it: every byte of the request has left, nothing of the answer was read."""
READ_EXACT = "exact.client.ExactClient.goods_deliveries"
PUT = "exact.client.ExactClient.put_goods_delivery"
SHIP = "ups.client.UpsClient.ship"
SEND_SHIPMENT = "ups.client.UpsClient._send_shipment"
RECOVER = "ups.client.UpsClient.recover_by_reference"
VOID = "ups.client.UpsClient.void"
RENEW = "exact.credentials.renew"
_PLAN = "syncjobs.steps.decide._commit_plan"
_REPORT = "syncjobs.steps.report._write"

RECEIPT = {
    "B1 before the receipt is committed": Trap(at=COMMIT, when="before", within="syncjobs.intake.accept_exact"),
    "B1 when the receipt is committed": Trap(at=COMMIT, within="syncjobs.intake.accept_exact"),
}
FETCH = {
    "B2 before Exact is asked": Trap(at=READ_EXACT, when="before"),
    "B2 while Exact answers": Trap(at=ANSWER, when="before", within=READ_EXACT),
    "B2 after Exact has answered": Trap(at=READ_EXACT),
}
PLANNING = {
    "B3 before the plan is committed": Trap(at=COMMIT, when="before", within=_PLAN),
    "B3 when the plan is committed": Trap(at=COMMIT, within=_PLAN),
}
SENDING = {
    "B4 before sending is committed": Trap(at=COMMIT, when="before", since="ups.client.UpsClient.prepare"),
    "B4 when sending is committed": Trap(at=SHIP, when="before"),
}
SENT = {
    "B5 when the bytes are sent": Trap(at=ANSWER, when="before", within=SEND_SHIPMENT),
    "B6 when the answer is read": Trap(at=SEND_SHIPMENT),
    "B7 before the outcome is committed": Trap(at=COMMIT, when="before", since=SHIP),
    "B8 when the outcome is committed": Trap(at="syncjobs.steps.ship._send"),
}
WRITING = {
    "B9 before Exact is written to": Trap(at=PUT, when="before"),
    "B9 when the PUT is sent": Trap(at=ANSWER, when="before", within=PUT),
    "B9 when Exact has answered the PUT": Trap(at=PUT),
    "B10 before the report is committed": Trap(at=COMMIT, when="before", within=_REPORT, since=PUT),
    "B10 when the report is committed": Trap(at=COMMIT, within=_REPORT, since=PUT),
}
ASKING = {
    "B11 when UPS is asked": Trap(at=ANSWER, when="before", within=RECOVER),
    "B11 when UPS has answered": Trap(at=RECOVER),
    "B12 before the verdict is committed": Trap(at=COMMIT, when="before", since=RECOVER),
    "B12 when the verdict is committed": Trap(at=COMMIT, since=RECOVER),
}
VOIDING = {
    "B13 before the void is sent": Trap(at=VOID, when="before"),
    "B13 when the void is sent": Trap(at=ANSWER, when="before", within=VOID),
    "B13 when UPS has answered the void": Trap(at=VOID),
    "B13 before the void is committed": Trap(at=COMMIT, when="before", since=VOID),
    "B13 when the void is committed": Trap(at=COMMIT, since=VOID),
}
RENEWING = {
    "T1 before the marker is committed": Trap(at=COMMIT, when="before", within="exact.credentials._mark"),
    "T1 when the marker is committed": Trap(at=RENEW, when="before"),
    "T2 when the token is sent": Trap(at=ANSWER, when="before", within=RENEW),
    "T2 when the answer is read": Trap(at=RENEW),
    "T3 when the slot is filled": Trap(at="exact.emergency_slot.put"),
    "T4 when the new tokens are committed": Trap(at="exact.grants.store_pair"),
    "T5 when the slot is empty": Trap(at="exact.emergency_slot.clear"),
}
