"""The team of a company: who is in it, who is asked in, and who owns it."""

import uuid
from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.models import Event
from audit.record import Happening, acting, happenings
from connector_site.lib.wording import local
from exact import consent_links
from syncjobs.personal import leaving
from tenants import api_keys, invitations, mail_bounds, mails, second_factor
from tenants import team as people
from tenants.access import Access
from tenants.forms import InviteForm, RoleForm
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.invitations import Offer
from tenants.models import Role
from tenants.team import Changed, TeamRefusal


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, change=Role.MANAGER, fresh_change=True)
def team(request: HttpRequest, access: Access) -> HttpResponse:
    """The people, the open invitations, and the form that invites somebody.

    Whoever may change something is shown how once she has used her second factor a moment ago.
    """
    form = InviteForm(request.POST if request.method == "POST" else None)
    form.limit_to(people.roles_to_give(access.role))
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
        try:
            mail_bounds.count(access, email)
            with inside(access):
                offer = invitations.invite(access, email=email, role=role, at=timezone.now())
                _record(request, access, "invitation", offer.code, {"invited_as": offer.role})
        except TeamRefusal as refusal:
            form.add_error("email", local(str(refusal)))
        else:
            _send(request, access, offer)
            return redirect("tenants:team", access.tenant_code)
    return _page(request, access, form)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def resend(request: HttpRequest, access: Access, invitation_code: uuid.UUID) -> HttpResponse:
    """A new link by mail."""
    try:
        with inside(access):
            email = invitations.waiting(access, invitation_code).email
        mail_bounds.count(access, email)
        with inside(access):
            offer = invitations.send_again(access, invitation_code, at=timezone.now())
            _record(request, access, "invitation", offer.code, {"sent_again": True})
    except TeamRefusal as refusal:
        messages.error(request, local(str(refusal)))
    else:
        _send(request, access, offer)
    return redirect("tenants:team", access.tenant_code)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def withdraw(request: HttpRequest, access: Access, invitation_code: uuid.UUID) -> HttpResponse:
    """The link ends."""
    try:
        with inside(access):
            row = invitations.withdraw(access, invitation_code)
            _record(request, access, "invitation", row.code, {"withdrawn": True})
    except TeamRefusal as refusal:
        messages.error(request, local(str(refusal)))
    else:
        text = _("The invitation of {email} is withdrawn; its link opens nothing any more.")
        messages.success(request, text.format(email=row.email))
    return redirect("tenants:team", access.tenant_code)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def change_role(request: HttpRequest, access: Access, member_code: uuid.UUID) -> HttpResponse:
    """Another role for a member."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the roles."))
        return redirect("tenants:team", access.tenant_code)
    to = Role(form.cleaned_data["role"])
    done = _do(request, access, {"role": to}, lambda: people.change_role(access, member_code, to=to))
    if done is not None:
        _tell_owners(done, access, request)
        text = _("{email} now has the role {role}.")
        messages.success(request, text.format(email=done.email, role=done.role.label))
    return redirect("tenants:team", access.tenant_code)


@require_POST
@members_only(Role.MANAGER, fresh=True)
def remove(request: HttpRequest, access: Access, member_code: uuid.UUID) -> HttpResponse:
    """Take a member out of the team."""
    done = _do(request, access, {"removed": True}, lambda: people.remove(access, member_code))
    if done is not None:
        _tell("removed", done, access, request)
        _tell_owners(done, access, request)
        messages.success(request, _("{email} does not belong to the team any more.").format(email=done.email))
    return redirect("tenants:team", access.tenant_code)


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.VIEWER, fresh=True)
def leave(request: HttpRequest, access: Access) -> HttpResponse:
    """Leave the team oneself, after a page that says what it means."""
    if request.method != "POST":
        return render(request, "tenants/leave.html", {"access": access, "section": "team"})
    done = _do(request, access, {"left": True}, lambda: people.leave(access))
    if done is None:
        return redirect("tenants:team", access.tenant_code)
    _tell_owners(done, access, request)
    messages.success(request, _("You have left {company}.").format(company=access.tenant_name))
    return redirect("tenants:home")


@require_http_methods(["GET", "HEAD", "POST"])
@members_only(Role.OWNER, fresh=True)
def hand_over(request: HttpRequest, access: Access) -> HttpResponse:
    """Make another member the owner, after a page that says what it means."""
    with inside(access):
        others = [member for member in people.members_of(access) if not member.is_oneself]
    chosen = next((member for member in others if str(member.code) == request.POST.get("member")), None)
    if request.method == "POST" and chosen is not None:
        done = _do(request, access, {"handed_over": True}, lambda: people.hand_over(access, chosen.code))
        if done is not None:
            _tell("handed_over", done, access, request)
            _tell_owners(done, access, request)
            text = _("{email} owns {company} now; you are a manager.")
            messages.success(request, text.format(email=done.email, company=access.tenant_name))
            return redirect("tenants:team", access.tenant_code)
    elif request.method == "POST":
        messages.error(request, _("Choose who is to own the company."))
    return render(request, "tenants/hand_over.html", {"access": access, "section": "team", "others": others})


def _page(request: HttpRequest, access: Access, form: InviteForm) -> HttpResponse:
    is_manager = access.allows(Role.MANAGER)
    is_fresh = second_factor.is_fresh_for_this(request, signed_in(request), at=timezone.now())
    with inside(access):
        context = {
            "access": access,
            "section": "team",
            "form": form,
            "members": people.members_of(access),
            "invitations": invitations.waiting_of(access) if is_manager else [],
            "may_change": is_manager and is_fresh,
            "ask_address": second_factor.ask_address(request) if is_manager and not is_fresh else "",
            "is_owner": access.role == Role.OWNER,
            "now": timezone.now(),
        }
        return render(request, "tenants/team.html", context)


def _do(
    request: HttpRequest, access: Access, details: Mapping[str, object], change: Callable[[], Changed]
) -> Changed | None:
    """Make a change with its event in one transaction; None when it was refused, and the person told why.

    With the right to connect go the links by which others may give a permission in her name, and the keys for programs
    that she made and may know; with her place whatever was hers alone.
    """
    try:
        with inside(access):
            done = change()
            told = dict(details)
            if done.role != done.former:
                told["changes"] = {"role": [done.former, done.role]}
            if done.withdrawn:
                told["invitations_withdrawn"] = [str(code) for code in done.withdrawn]
            if done.ends_links_of is not None:
                consent_links.end_of(access.tenant_id, done.ends_links_of, at=timezone.now())
                ended = api_keys.revoke_of(access.tenant_id, done.ends_links_of, at=timezone.now())
                told |= {"api_keys_ended": [str(code) for code in ended]} if ended else {}
            if done.gone is not None:
                told |= leaving.end_of(access.tenant_id, done.gone)
            _record(request, access, "membership", done.code, told)
    except TeamRefusal as refusal:
        messages.error(request, local(str(refusal)))
        return None
    return done


def _record(
    request: HttpRequest, access: Access, subject_kind: str, subject: uuid.UUID, details: Mapping[str, object]
) -> None:
    event = Happening(kind=Event.Kind.CHANGED, subject_kind=subject_kind, subject=subject, details=dict(details))
    with acting(actor_of(signed_in(request))):
        happenings(access.tenant_id, [event])


def _send(request: HttpRequest, access: Access, offer: Offer) -> None:
    context = {
        "company": access.tenant_name,
        "role": offer.role,
        "by": signed_in(request).email,
        "link": offer.link(),
        "days": invitations.VALID_FOR.days,
    }
    if mails.send("tenants/mails/invitation", to=offer.email, context=context):
        messages.success(request, _("An invitation is on its way to {email}.").format(email=offer.email))
        return
    text = _("{email} is invited, but the mail could not be sent just now. Send it again in ten minutes.")
    messages.warning(request, text.format(email=offer.email))


def _tell(what: str, done: Changed, access: Access, request: HttpRequest) -> None:
    context = {"company": access.tenant_name, "by": signed_in(request).email, "role": done.role}
    mails.send(f"tenants/mails/{what}", to=done.email, context=context)


def _tell_owners(done: Changed, access: Access, request: HttpRequest) -> None:
    """An owner came or went: the others hear of it, so that nobody takes the company over unseen."""
    what = "owner_joined" if done.is_owner else "owner_ended"
    context = {"company": access.tenant_name, "by": signed_in(request).email, "email": done.email}
    for owner in done.others:
        mails.send(f"tenants/mails/{what}", to=owner, context=context)
