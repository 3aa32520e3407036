"""The page "To do": what waits for a person, whose turn it is, and what is done about several things at once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connector_site.lib.wording import local
from syncjobs import replay
from syncjobs.actions import doing
from syncjobs.attention import waiting
from syncjobs.attention.kinds import WORDS, Kind, Subject, SubjectKind, subject_of
from syncjobs.attention.lines import colleagues, lines
from syncjobs.attention.moments import Later, moment_of, offered
from syncjobs.attention.unfinished import empty_list
from syncjobs.attention.waiting import Who
from syncjobs.models import Delivery
from syncjobs.setup import going_live
from syncjobs.views.going_live import tell_approved
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role, Tenant

ME, NOBODY = "me", "nobody"
NOW = "now"
"""Instead of a later moment: take up again what was put off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A filter with the address that it leads to."""

    word: str
    count: int
    url: str
    is_chosen: bool


@require_safe
@members_only(Role.VIEWER)
def work(request: HttpRequest, access: Access) -> HttpResponse:
    """What waits for a person: urgent things first, then what has waited longest."""
    at = timezone.now()
    who = next((one for one in Who if one == request.GET.get("who")), Who.ALL)
    kind = next((one for one in Kind if one == request.GET.get("kind")), None)
    after = request.GET.get("after", "")
    with inside(access) as tenant:
        page = waiting.items(access.tenant_id, who=who, kind=kind, after=after, user_id=access.user_id, at=at)
        people = colleagues(access.tenant_id) if page.items else []
        shown = lines(access, page.items, people=people, at=at)
        is_empty = not sum(page.counts.by_who.values())
        context = {
            "access": access,
            "section": "work",
            "lines": shown,
            "people": people,
            "laters": offered(zone=ZoneInfo(tenant.time_zone), at=at),
            "who": who,
            "whose": _whose(access, page.counts, who),
            "kinds": _kinds(access, page.counts, who, kind),
            "here": _address(access, who, kind),
            "next_page": _address(access, who, kind, page.after) if page.after else "",
            "is_first": not after,
            "empty": empty_list(tenant, at=at) if is_empty else None,
            "can_again": any(line.delivery and line.delivery.button for line in shown),
            "can_approve": any(line.delivery and line.delivery.to_approve for line in shown),
            "may_retry": access.allows(Role.OPERATOR),
            "may_decide": access.allows(Role.MANAGER),
        }
        return render(request, "syncjobs/work.html", context)


@require_POST
@members_only(Role.OPERATOR)
def work_together(request: HttpRequest, access: Access) -> HttpResponse:
    """Do one thing about all that was ticked, or about the one whose button was pressed."""
    ticked = _ticked(request)
    act, _colon, choice = request.POST.get("act", "").partition(":")
    if not ticked:
        messages.warning(request, _("Nothing was chosen: tick what it is about."))
    elif act == "again":
        _again(request, access, ticked)
    elif act == "approve":
        _approve(request, access, ticked)
    elif act == "release":
        _release(request, access, ticked)
    elif act in {"give", "later"}:
        try:
            if act == "give":
                _give(request, access, list(ticked), to=choice or request.POST.get("to", ""))
            else:
                _put_off(request, access, list(ticked), until=choice or request.POST.get("until", ""))
        except waiting.Unknown as refused:
            messages.warning(request, local(str(refused)))
    return _back(request, access)


def _whose(access: Access, counts: waiting.Counts, chosen: Who) -> list[Choice]:
    words = {
        Who.ALL: _("All"),
        Who.MINE: _("Mine"),
        Who.NOBODY: _("Nobody's"),
        Who.SNOOZED: _("Put off"),
    }
    return [
        Choice(word=word, count=counts.by_who.get(who, 0), url=_address(access, who, None), is_chosen=who == chosen)
        for who, word in words.items()
    ]


def _kinds(access: Access, counts: waiting.Counts, who: Who, chosen: Kind | None) -> list[Choice]:
    """Those there are, and the chosen one; none where all are of one kind."""
    found = [kind for kind in Kind if counts.by_kind.get(kind) or kind == chosen]
    every = Choice(
        word=_("Everything"),
        count=sum(counts.by_kind.values()),
        url=_address(access, who, None),
        is_chosen=chosen is None,
    )
    one_each = [
        Choice(
            word=local(WORDS[kind]),
            count=counts.by_kind.get(kind, 0),
            url=_address(access, who, kind),
            is_chosen=kind == chosen,
        )
        for kind in found
    ]
    return [every, *one_each] if len(found) > 1 or chosen else []


def _address(access: Access, who: Who, kind: Kind | None, after: str = "") -> str:
    query = {"who": "" if who == Who.ALL else who.value, "kind": kind.value if kind else "", "after": after}
    asked = urlencode({name: value for name, value in query.items() if value})
    page = reverse("syncjobs:work", args=[access.tenant_code])
    return f"{page}?{asked}" if asked else page


def _ticked(request: HttpRequest) -> dict[Subject, str]:
    """What was chosen, with the fingerprint of what would be approved where there is one."""
    found: dict[Subject, str] = {}
    for value in request.POST.getlist("item")[: waiting.AT_ONCE]:
        kind, _colon, rest = value.partition(":")
        code, _colon, content = rest.partition(":")
        subject = subject_of(f"{kind}:{code}")
        if subject is not None:
            found[subject] = content
    return found


def _deliveries(ticked: dict[Subject, str]) -> list[uuid.UUID]:
    return [subject.code for subject in ticked if subject.kind == SubjectKind.DELIVERY]


def _again(request: HttpRequest, access: Access, ticked: dict[Subject, str]) -> None:
    ran = replay.replay_many(
        actor=actor_of(signed_in(request)),
        tenant_id=access.tenant_id,
        delivery_codes=_deliveries(ticked),
        at=timezone.now(),
    )
    begun = [one for one in ran if not one.why_not]
    if begun:
        words = ngettext(
            "{count} delivery is looked at again; it takes a few seconds.",
            "{count} deliveries are looked at again; it takes a few seconds.",
            len(begun),
        )
        messages.success(request, words.format(count=len(begun)))
    for one in ran:
        if one.why_not:
            words = _("Delivery {number} was left as it is. {why}")
            messages.warning(request, words.format(number=one.number, why=local(one.why_not)))
    if not ran:
        messages.warning(request, _("Nothing of what was ticked can be checked again."))


def _release(request: HttpRequest, access: Access, ticked: dict[Subject, str]) -> None:
    """Let go on what a colleague stopped."""
    for code in _deliveries(ticked):
        try:
            doing.release(
                actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, delivery_code=code, at=timezone.now()
            )
        except (doing.NotAllowed, Delivery.DoesNotExist) as refused:
            messages.warning(request, local(str(refused)))
        else:
            messages.success(request, _("The delivery goes on."))


def _approve(request: HttpRequest, access: Access, ticked: dict[Subject, str]) -> None:
    chosen = {subject.code: content for subject, content in ticked.items() if content}
    if not chosen:
        messages.warning(request, _("Nothing was approved: tick the deliveries that are to be shipped."))
        return
    approved = going_live.approve(
        actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, chosen=chosen, at=timezone.now()
    )
    tell_approved(request, approved, is_paused=access.is_paused)


def _give(request: HttpRequest, access: Access, subjects: Sequence[Subject], *, to: str) -> None:
    """To the person herself, to a colleague by the code of her membership, or to nobody."""
    person = _person(access, to)
    if person is None and to != NOBODY:
        messages.warning(request, _("Choose who takes it."))
        return
    changed = waiting.assign(
        actor=actor_of(signed_in(request)),
        tenant_id=access.tenant_id,
        subjects=subjects,
        to=person,
        at=timezone.now(),
    )
    if changed:
        messages.success(request, _given(len(changed), is_mine=person == access.user_id, is_nobodys=person is None))


def _person(access: Access, wanted: str) -> int | None:
    if wanted == ME:
        return access.user_id
    with inside(access):
        found = [one.user_id for one in colleagues(access.tenant_id) if str(one.code) == wanted]
    return found[0] if found else None


def _given(count: int, *, is_mine: bool, is_nobodys: bool) -> str:
    if is_mine:
        words = ngettext("{count} thing is yours now.", "{count} things are yours now.", count)
    elif is_nobodys:
        words = ngettext("{count} thing is nobody's now.", "{count} things are nobody's now.", count)
    else:
        words = ngettext(
            "{count} thing was given to your colleague.", "{count} things were given to your colleague.", count
        )
    return words.format(count=count)


def _put_off(request: HttpRequest, access: Access, subjects: Sequence[Subject], *, until: str) -> None:
    at = timezone.now()
    later = next((one for one in Later if one == until), None)
    if later is None and until != NOW:
        messages.warning(request, _("Choose until when it can wait."))
        return
    with inside(access) as tenant:
        moment = moment_of(later, zone=ZoneInfo(tenant.time_zone), at=at) if later else None
    changed = waiting.snooze(
        actor=actor_of(signed_in(request)), tenant_id=access.tenant_id, subjects=subjects, until=moment, at=at
    )
    if changed:
        messages.success(request, _told_until(len(changed), moment, tenant))


def _told_until(count: int, until: datetime | None, tenant: Tenant) -> str:
    if until is None:
        words = ngettext("{count} thing stands in the list again.", "{count} things stand in the list again.", count)
        return words.format(count=count)
    words = ngettext(
        "{count} thing is put off and comes back by itself: {moment}.",
        "{count} things are put off and come back by themselves: {moment}.",
        count,
    )
    moment = date_format(until.astimezone(ZoneInfo(tenant.time_zone)), "l H:i")
    return words.format(count=count, moment=moment)


def _back(request: HttpRequest, access: Access) -> HttpResponse:
    """To the list as it was filtered; nowhere else."""
    ours = reverse("syncjobs:work", args=[access.tenant_code])
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith(ours) and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if is_ours else ours)
