"""The list of deliveries: a page of it, its columns, and the views of it that people keep."""

import uuid
from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connector_site.lib.wording import local
from exact.models import Warehouse
from syncjobs.listing import pages, questions, saved_views
from syncjobs.listing.files import MOST_ROWS
from syncjobs.listing.questions import Question
from syncjobs.listing.searching import MOST_FOUND
from syncjobs.setup.first_steps import first_steps
from tenants.access import Access
from tenants.gate import inside, members_only, signed_in
from tenants.models import Role

MOST_NAME_CHARACTERS = 60
_COLUMNS_OF_SESSION = "columns of the list"


@require_safe
@members_only(Role.VIEWER)
def deliveries(request: HttpRequest, access: Access) -> HttpResponse:
    """One page. An open first page asks for its table again and again: 204 while nothing in it has changed.

    One that was opened while there was nothing to list is loaded anew, with search and filters, once there is.
    """
    question = Question.from_query(request.GET.dict())
    shown = question if question.columns else question.with_columns(_usual_columns(request))
    is_part = request.headers.get("HX-Request") == "true"
    with inside(access):
        found = pages.slice_of(access.tenant_id, shown, after=request.GET.get("after"))
        if is_part and request.GET.get("seen") == found.mark:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        context = _context(access, question, shown, pages.page_of(access.tenant_id, found, shown))
        wrong = questions.misread(request.GET.dict())
        context["is_bare"] = not (found.keys or found.newer or question.is_filtered or wrong)
        if is_part and "bare" in request.GET and not context["is_bare"]:
            return HttpResponse(headers={"HX-Refresh": "true"})
        if is_part:
            return render(request, "syncjobs/_table.html", context)
        context |= _around(access, question, signed_in(request).pk) | {"wrong": wrong}
        return render(request, "syncjobs/deliveries.html", context)


@require_POST
@members_only(Role.VIEWER)
def columns(request: HttpRequest, access: Access) -> HttpResponse:
    """Show these columns from now on, as long as the person is signed in; a kept view brings its own."""
    request.session[_COLUMNS_OF_SESSION] = list(questions.known_columns(request.POST.getlist("column")))
    return redirect(list_address(access, asked_of(request).with_columns(())))


@require_POST
@members_only(Role.VIEWER)
def keep_view(request: HttpRequest, access: Access) -> HttpResponse:
    """Keep what is asked, with its columns, under a name; sharing it with colleagues takes an operator."""
    question = asked_of(request)
    shown = question if question.columns else question.with_columns(_usual_columns(request))
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())[:MOST_NAME_CHARACTERS]
    is_shared = "is_shared" in request.POST and access.allows(Role.OPERATOR)
    if not name:
        messages.warning(request, _("Give the view a name."))
        return redirect(list_address(access, question))
    user_id = signed_in(request).pk
    try:
        with inside(access):
            saved_views.keep(access.tenant_id, user_id, name=name, question=shown, is_shared=is_shared)
    except saved_views.NotKept as why:
        messages.warning(request, local(str(why)))
        return redirect(list_address(access, question))
    messages.success(request, _("The view “{name}” is kept.").format(name=name))
    return redirect(list_address(access, shown))


@require_POST
@members_only(Role.VIEWER)
def drop_view(request: HttpRequest, access: Access, view_code: uuid.UUID) -> HttpResponse:
    """Delete a view of one's own; a manager may delete what colleagues share."""
    user_id, may_drop = signed_in(request).pk, access.allows(Role.MANAGER)
    with inside(access):
        is_gone = saved_views.drop(access.tenant_id, user_id, view_code, may_drop_shared=may_drop)
    if not is_gone:
        raise Http404("No such view, or it is a colleague's.")
    messages.success(request, _("The view is deleted."))
    return redirect("syncjobs:deliveries", access.tenant_code)


def asked_of(request: HttpRequest) -> Question:
    """What the list that a form was sent from had asked."""
    return Question.from_query(QueryDict(request.POST.get("question", "")).dict())


def list_address(access: Access, question: Question) -> str:
    """The page that asks this."""
    asked = urlencode(question.as_query())
    address = reverse("syncjobs:deliveries", args=[access.tenant_code])
    return f"{address}?{asked}" if asked else address


def _usual_columns(request: HttpRequest) -> tuple[str, ...]:
    chosen = request.session.get(_COLUMNS_OF_SESSION)
    return questions.USUAL_COLUMNS if chosen is None else questions.known_columns(chosen)


def _context(access: Access, question: Question, shown: Question, page: pages.Page) -> dict[str, object]:
    return {
        "access": access,
        "section": "deliveries",
        "page": page,
        "question": question,
        "asked": urlencode(question.as_query()),
        "columns": [column for column in questions.COLUMNS if column.key in shown.columns],
        "headings": [
            (heading, urlencode(question.in_order(heading.order).as_query()) if heading.order else "")
            for heading in questions.headings(question, shown.columns)
        ],
        "shown_columns": shown.columns,
        "is_first": page.newer is None,
        "progress": None if page.rows or access.is_live else first_steps(access.tenant_id),
        "may_act": access.allows(Role.OPERATOR),
        "most_found": MOST_FOUND,
        "most_sorted": pages.MOST_SORTED,
    }


def _around(access: Access, question: Question, user_id: int) -> dict[str, object]:
    """What stands around the table."""
    warehouses = Warehouse.objects.filter(tenant_id=access.tenant_id).order_by("exact_code")
    views = [(view, saved_views.question_of(view)) for view in saved_views.views_of(access.tenant_id, user_id)]
    return {
        "filters": questions.FILTERS,
        "orders": questions.ORDERS,
        "sizes": questions.SIZES,
        "all_columns": questions.COLUMNS,
        "warehouses": dict(warehouses.values_list("exact_code", "description")),
        "views": [(view, urlencode(asks.as_query()), asks == question) for view, asks in views],
        "user_id": user_id,
        "may_drop_shared": access.allows(Role.MANAGER),
        "most_rows": MOST_ROWS,
    }
