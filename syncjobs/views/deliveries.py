"""The button that looks at a delivery again."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from syncjobs import replay
from syncjobs.models import Delivery
from tenants.access import Access
from tenants.gate import actor_of, inside, members_only, signed_in
from tenants.models import Role


@require_POST
@members_only(Role.OPERATOR)
def again(request: HttpRequest, access: Access, delivery_code: uuid.UUID) -> HttpResponse:
    """Look again, from the step that stopped."""
    user = signed_in(request)
    with inside(access):
        row = get_object_or_404(Delivery, tenant_id=access.tenant_id, code=delivery_code)
        name = row.delivery_number
    try:
        replay.run_again(
            actor=actor_of(user), tenant_id=access.tenant_id, delivery_code=delivery_code, at=timezone.now()
        )
    except replay.NotAllowedNow as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(
            request, _("Delivery {number} is looked at again; it takes a few seconds.").format(number=name)
        )
    if request.POST.get("next") == "work":
        return redirect("syncjobs:work", access.tenant_code)
    return redirect("syncjobs:delivery", access.tenant_code, delivery_code)
