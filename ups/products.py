"""The check of an account: is each API product of the customer's UPS app there, and does it know the shipper number?

Each product is asked a question that changes nothing. Token and Shipping are needed to ship; without the others parcels
go out all the same, but prices, news or addresses are missing.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils import timezone

from audit import record
from audit.models import Event
from connector_site.lib.outside_calls import OutsideCall
from connector_site.lib.secrets import UNREADABLE
from connector_site.lib.wording import said
from tenants.context import tenant_context
from ups import product_questions as questions
from ups.access import open_client_for_check, open_tracking_client_for_check
from ups.accounts import has_address, shipper_of
from ups.alert_rows import try_now
from ups.client import ProbeAnswer, UpsClient
from ups.credentials import SUBJECT_KIND
from ups.errors import (
    UpsAccountBlocked,
    UpsCredentialRefused,
    UpsError,
    UpsProductMissing,
    UpsRejected,
    UpsUnexpectedReply,
)
from ups.models import CHECK_PROBLEM_CHARACTERS, Account, ProductCheck
from ups.product_questions import Finding
from ups.tracking_settings import feeds_of

Product, Outcome = ProductCheck.Product, ProductCheck.Outcome
NEEDED = (Product.TOKEN, Product.SHIPPING)
"""Without these nothing can be shipped."""
_PROBLEM_OF: dict[str, str] = {Product.TRACKING: "tracking_problem", Product.TRACK_ALERT: "alert_problem"}
"""The column that says why UPS answers no questions about parcels, or does not tell of them by itself."""
_SHORT_CHARACTERS = Account._meta.get_field("tracking_problem").max_length
_PROBLEM_CHARACTERS = ProductCheck._meta.get_field("problem").max_length
_CODE_CHARACTERS = ProductCheck._meta.get_field("ups_code").max_length
_WRONG = (Outcome.NOT_ADDED, Outcome.REFUSED)


class Part(StrEnum):
    """What a check can find wrong that keeps an account from shipping."""

    NONE = ""
    REACH = "reach"
    TOKEN = "token"  # noqa: S105  the name of a part
    PRODUCT = "product"
    SHIPPER_NUMBER = "shipper number"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The outcome of checking an account: what keeps it from shipping, in plain words, what to do, and each finding."""

    ok: bool
    part: Part
    message: str
    what_to_do: str
    checked_at: datetime
    code: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def problems_beside(self) -> tuple[str, ...]:
        """What is wrong with products that shipping does not need, in plain words."""
        return tuple(each.told for each in self.findings if each.product not in NEEDED and each.outcome in _WRONG)

    @property
    def is_complete(self) -> bool:
        """Whether nothing at all is left to mend."""
        return self.ok and not self.problems_beside


def check_products(account: Account, *, feed_name: str = "") -> CheckResult:
    """Ask UPS about each product of the account's app; remembers and records what was found.

    Quantum View is asked about `feed_name`, or else about every subscription that is read.
    """
    calls: list[OutsideCall] = []
    findings = _findings(account, calls, feed_name)
    result = _result(findings)
    _remember(account, result, calls)
    return result


def checks_of(account: Account) -> list[ProductCheck]:
    """What the last check found, in the order of the products; inside the tenant's context."""
    rows = ProductCheck.objects.filter(tenant_id=account.tenant_id, account=account)
    order = list(Product.values)
    return sorted(rows, key=lambda row: order.index(row.product))


def checks_of_all(tenant_id: uuid.UUID) -> dict[int, list[ProductCheck]]:
    """The same for every account of the tenant, by the account's key."""
    order = list(Product.values)
    found: dict[int, list[ProductCheck]] = {}
    for row in sorted(ProductCheck.objects.filter(tenant_id=tenant_id), key=lambda row: order.index(row.product)):
        found.setdefault(row.account_id, []).append(row)
    return found


def failed_part(found: Iterable[ProductCheck | Finding]) -> Part:
    """What keeps the account from shipping."""
    by_product = {each.product: each for each in found}
    for product, parts in _PARTS.items():
        outcome = by_product[product].outcome if product in by_product else Outcome.GOOD
        if outcome in parts:
            return parts[outcome]
    rating = by_product.get(Product.RATING)
    return Part.SHIPPER_NUMBER if rating is not None and questions.is_about_shipper(rating) else Part.NONE


_PARTS: dict[str, dict[str, Part]] = {
    Product.TOKEN: {Outcome.REFUSED: Part.TOKEN, Outcome.UNKNOWN: Part.REACH},
    Product.SHIPPING: {
        Outcome.NOT_ADDED: Part.PRODUCT,
        Outcome.REFUSED: Part.SHIPPER_NUMBER,
        Outcome.UNKNOWN: Part.REACH,
    },
}


def _findings(account: Account, calls: list[OutsideCall], feed_name: str) -> list[Finding]:
    """Token and Shipping first: without the one, or an answer from the other, nothing else can be found out."""
    try:
        with tenant_context(account.tenant_id):
            opened = Account.objects.get(tenant_id=account.tenant_id, pk=account.pk)
            feeds = [feed_name] if feed_name else [feed.name for feed in feeds_of(opened)]
    except UNREADABLE:
        return [questions.unreadable()]
    needed = _needed(opened, open_client_for_check(opened, observe=calls.append))
    if {each.product: each.outcome for each in needed}.get(Product.SHIPPING, Outcome.UNKNOWN) == Outcome.UNKNOWN:
        return needed
    lacks_shipping = needed[-1].outcome == Outcome.NOT_ADDED
    client = open_client_for_check(opened, observe=calls.append, has_new_token=lacks_shipping)
    tracker = open_tracking_client_for_check(opened, observe=calls.append, has_new_token=lacks_shipping)
    return [*needed, *questions.beside(opened, client, tracker, feeds=feeds, at=timezone.now())]


def _needed(account: Account, client: UpsClient) -> list[Finding]:
    try:
        client.prepare()
        answer = client.probe(shipper_of(account) if has_address(account) else None)
    except UpsError as error:
        return _failed(error, account)
    good = Finding(product=Product.TOKEN, outcome=Outcome.GOOD)
    if answer.shipper_accepted:
        return [good, Finding(product=Product.SHIPPING, outcome=Outcome.GOOD)]
    return [good, _wrong_shipper(account, answer)]


def _wrong_shipper(account: Account, answer: ProbeAnswer) -> Finding:
    return Finding(
        product=Product.SHIPPING,
        outcome=Outcome.REFUSED,
        problem=questions.wrong_shipper_number(account, answer.message),
        what_to_do=questions.compare(),
        ups_code=answer.code,
    )


def _failed(error: UpsError, account: Account) -> list[Finding]:
    """What an error of the first questions says about token and Shipping."""
    product, outcome = Product.SHIPPING, Outcome.UNKNOWN
    what_to_do = said("Try again in a few minutes; nothing needs to be changed.")
    if isinstance(error, UpsCredentialRefused):
        product, outcome = Product.TOKEN, Outcome.REFUSED
        what_to_do = said(
            "Copy both again from your app in the UPS developer portal (developer.ups.com); the environment is "
            "{environment}.",
            environment=account.environment,
        )
    elif isinstance(error, UpsProductMissing):
        outcome, what_to_do = Outcome.NOT_ADDED, questions.add_product(Product.SHIPPING)
    elif isinstance(error, UpsAccountBlocked):
        product, outcome = Product.TOKEN, Outcome.REFUSED
        what_to_do = said("Ask your contact at UPS; then check again here.")
    elif isinstance(error, UpsRejected):
        outcome, what_to_do = Outcome.REFUSED, questions.compare()
    elif isinstance(error, UpsUnexpectedReply):
        what_to_do = said("Please tell support: UPS answered in a way that is not known here.")
    elif error.operation == "token":
        product = Product.TOKEN
    finding = Finding(
        product=product, outcome=outcome, problem=error.message, what_to_do=what_to_do, ups_code=error.code
    )
    return [finding] if product == Product.TOKEN else [Finding(product=Product.TOKEN, outcome=Outcome.GOOD), finding]


def _result(findings: list[Finding]) -> CheckResult:
    part, at = failed_part(findings), timezone.now()
    if part is Part.NONE:
        message = said("UPS accepts the client id and the secret, and has no objection to the shipper number.")
        return CheckResult(ok=True, part=part, message=message, what_to_do="", checked_at=at, findings=tuple(findings))
    culprit = next(
        each
        for each in findings
        if (each.product in NEEDED and each.outcome != Outcome.GOOD) or questions.is_about_shipper(each)
    )
    return CheckResult(
        ok=False,
        part=part,
        message=culprit.problem,
        what_to_do=culprit.what_to_do,
        code=culprit.ups_code,
        checked_at=at,
        findings=tuple(findings),
    )


def _remember(account: Account, result: CheckResult, calls: list[OutsideCall]) -> None:
    problem = "" if result.ok else f"{result.message} {result.what_to_do}"
    columns: dict[str, Any] = {"checked_at": result.checked_at, "check_problem": problem[:CHECK_PROBLEM_CHARACTERS]}
    if result.ok:
        columns |= {"stopped_at": None, "stopped_reason": ""}
    for finding in result.findings:
        column = _PROBLEM_OF.get(finding.product)
        if column is not None and finding.outcome != Outcome.UNKNOWN:
            told = finding.problem[:_SHORT_CHARACTERS]
            columns |= {column: told, f"{column}_at": result.checked_at if told else None}
    with tenant_context(account.tenant_id):
        Account.objects.filter(tenant_id=account.tenant_id, pk=account.pk).update(**columns)
        _keep(account, result)
        if result.ok:
            try_now(account, at=result.checked_at)
        made = record.calls(calls, subject_kind=SUBJECT_KIND, subject=account.code)
        record.happenings(account.tenant_id, [*made, _outcome(account, result)])
        _refresh(account, [*columns, "stopped_at", "stopped_reason"])


def _refresh(account: Account, columns: list[str]) -> None:
    """Show everything as it stands now; only these columns where the secrets cannot be opened."""
    try:
        account.refresh_from_db()
    except UNREADABLE:
        account.refresh_from_db(fields=columns)


def _keep(account: Account, result: CheckResult) -> None:
    """One row per product; those that were not asked about have none, unless UPS was not there to be asked."""
    rows = ProductCheck.objects.filter(tenant_id=account.tenant_id, account=account)
    if result.part != Part.REACH:
        rows.exclude(product__in=[each.product for each in result.findings]).delete()
    for finding in result.findings:
        ProductCheck.objects.update_or_create(
            tenant_id=account.tenant_id,
            account=account,
            product=finding.product,
            defaults={
                "outcome": finding.outcome,
                "problem": finding.told[:_PROBLEM_CHARACTERS],
                "ups_code": finding.ups_code[:_CODE_CHARACTERS],
                "checked_at": result.checked_at,
            },
        )


def _outcome(account: Account, result: CheckResult) -> record.Happening:
    beside = [each for each in result.findings if each.product not in NEEDED and each.outcome in _WRONG]
    unusable = [Product(each.product).value for each in beside]
    return record.Happening(
        kind=Event.Kind.CONNECTED if result.ok else Event.Kind.FAILED,
        subject_kind=SUBJECT_KIND,
        subject=account.code,
        details={
            "check": "ok" if result.ok else result.part.value,
            "code": result.code,
            **({"not usable": unusable} if unusable else {}),
        },
    )
