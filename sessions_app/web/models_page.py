"""The view by which the owner has models downloaded, from the settings or the live page."""

from http import HTTPStatus

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from sessions_app.access.authentication import user_of
from sessions_app.access.middleware import requires_owner_key
from sessions_app.live.registry import live
from sessions_app.web.model_offers import ModelOffer, offers, request_download


@requires_owner_key
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def models(request: HttpRequest) -> HttpResponse:
    """Download the model of that ``name`` in the background, if it is offered."""
    if not user_of(request).is_superuser:
        raise PermissionDenied
    if request.method != "POST":
        return redirect("settings")
    asked = [offer for offer in offers(live) if offer.name == request.POST.get("name")]
    for offer in asked:
        async_to_sync(_request_download)(offer)
    if request.accepts("text/html"):
        if asked:
            messages.success(request, _("It is being fetched; the live page says how far it is."))
        return redirect("settings")
    status = HTTPStatus.ACCEPTED if asked else HTTPStatus.NOT_FOUND
    return JsonResponse(
        {"models": [name for offer in asked for name in offer.models]}, status=status
    )


async def _request_download(offer: ModelOffer) -> None:
    request_download(live, offer)
