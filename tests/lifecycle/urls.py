"""Ours, and an answer that breaks when half of it is sent."""

from collections.abc import AsyncIterator

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path

from habla_project.urls import urlpatterns as ours


@login_not_required
async def breaking(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_half(), headers={"Content-Length": "1000"})


async def _half() -> AsyncIterator[bytes]:
    yield bytes(500)
    raise ValueError("the other half is lost")


urlpatterns = [*ours, path("breaking/", breaking)]
