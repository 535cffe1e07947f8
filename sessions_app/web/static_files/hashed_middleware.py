"""Serves static files under their hashed names; WhiteNoise serves them under their own."""

import re

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.templatetags.static import static
from django.utils.cache import get_conditional_response
from django.utils.deprecation import MiddlewareMixin

from sessions_app.core.caller import SAFE_METHODS
from sessions_app.web.static_files.hashed_storage import HashedFile, HashedFilesStorage

FOR_EVER = "public, max-age=31536000, immutable"
ANEW = "no-cache"
TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")


class HashedFilesMiddleware(MiddlewareMixin):
    """Responds to requests for files with a hashed name, before any session or database."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Return the file, or None if the request is for something else."""
        storage, prefix = staticfiles_storage, static("")
        if request.method not in SAFE_METHODS or not request.path_info.startswith(prefix):
            return None
        if not isinstance(storage, HashedFilesStorage):
            return None
        name = request.path_info.removeprefix(prefix)
        file = storage.file_called(name)
        return _answer(request, file, is_current=file.name == name) if file else None


def _answer(request: HttpRequest, file: HashedFile, *, is_current: bool) -> HttpResponseBase:
    takes_gzip = TAKES_GZIP.search(request.headers.get("Accept-Encoding", "")) is not None
    is_compressed = file.is_compressed and takes_gzip
    body = file.body if is_compressed else file.content
    response = HttpResponse(
        b"" if request.method == "HEAD" else body,
        headers={
            "Content-Type": file.content_type,
            "Content-Length": str(len(body)),
            "Cache-Control": FOR_EVER if is_current else ANEW,
            "ETag": f'"{file.hash}{"-gzip" if is_compressed else ""}"',
        },
    )
    if is_compressed:
        response.headers["Content-Encoding"] = "gzip"
    if file.is_compressed:
        response.headers["Vary"] = "Accept-Encoding"
    etag = response.headers["ETag"]
    return get_conditional_response(request, etag=etag, response=response) or response
