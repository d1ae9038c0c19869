"""Marking notices as read, from any page that shows them."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from minjing.base.clock import now
from minjing.kernel.identity.actor import Actor
from minjing.kernel.notify import actions, queries


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark the notices `id` (all, when none is named) as read, then go back to `next`, or say how many are left."""
    by: Actor | None = getattr(request, "actor", None)
    if by is None:
        return JsonResponse({"error": "sign_in"}, status=401)
    actions.mark_read(by.account_id, now=now(), message_ids=_ids(request.POST.getlist("id")))
    back = request.POST.get("next", "")
    if back and url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return HttpResponseRedirect(back)
    return JsonResponse({"unread": queries.unread_count(by.account_id)})


def _ids(said: list[str]) -> list[UUID] | None:
    if not said:
        return None
    ids = []
    for text in said[:200]:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return ids
