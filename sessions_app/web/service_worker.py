"""The service worker, and the page that it shows while the server cannot be reached.

Both are the same for everybody who reads one language: neither asks who somebody is.
"""

import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from sessions_app.web.static_files.hashed_storage import HashedFilesStorage

KEPT = (
    "sessions_app/css/site.css",
    "sessions_app/css/views.css",
    "sessions_app/icons/habla.svg",
    "sessions_app/js/boot.js",
    "sessions_app/js/offline.js",
    "sessions_app/js/worklet.js",
)
"""What the live page and the page below are made of, whatever the language."""
LIVE = "sessions_app/js/live_{}.js"
"""The script of the live page in the language of the visitor; the other one's is not kept."""
OFFLINE = "sessions_app/offline.html"
WORKER = "sessions_app/js/serviceworker.js"
NO_WORKER = "sessions_app/js/noworker.js"
"""What takes its place while DEBUG is on: it ends one that was registered before."""


@login_not_required
@require_safe
@never_cache
@gzip_page
def worker_script(request: HttpRequest) -> HttpResponse:
    """Return the service worker, in the language of the request.

    It differs whenever anything that it keeps differs, so that browsers replace it then.
    """
    if settings.DEBUG:
        return HttpResponse(_text_of(NO_WORKER), content_type="text/javascript; charset=utf-8")
    files = _addresses()
    page = render_to_string(OFFLINE)
    version = hashlib.sha256("\n".join([*files, page]).encode()).hexdigest()[:16]
    shell = json.dumps({"version": version, "files": files, "offline": reverse("offline")})
    script = f"const SHELL = {shell};\n{_small_text_of(WORKER)}"
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@login_not_required
@require_safe
@never_cache
@gzip_page
def offline_page(request: HttpRequest) -> HttpResponse:
    """Show that the server cannot be reached; the service worker keeps this page for then."""
    return render(request, OFFLINE)


def _addresses() -> list[str]:
    storage = staticfiles_storage
    if not isinstance(storage, HashedFilesStorage):
        return []
    names = storage.hashed_names([*KEPT, LIVE.format(get_language())])
    return [static("") + name for name in names]


def _small_text_of(name: str) -> str:
    storage = staticfiles_storage
    if isinstance(storage, HashedFilesStorage):
        file = storage.file_called(storage.hashed_name(name))
        return file.content.decode() if file else _text_of(name)
    return _text_of(name)


def _text_of(name: str) -> str:
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(name)
    return Path(path).read_text()
