"""The responses to uncaught errors: an unavailable database is temporary and not a bug."""

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views import defaults

from sessions_app.access.error_responses import later, too_many_files
from sessions_app.core.descriptors import was_exhausted
from sessions_app.store.database.outages import is_outage, reason_of
from sessions_app.store.database.thread import database_thread

RETRY_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Respond 503 while the database is unavailable, which is logged once; 500 for a bug."""
    error = sys.exception()
    if error is not None and was_exhausted(error):
        return too_many_files(request)
    if error is None or not is_outage(error):
        return defaults.server_error(request)
    database_thread.outage.failed(f"the database refused a page: {reason_of(error)}")
    message = _("The database does not answer; try again in a moment.")
    return later(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        message,
        "database_unavailable",
        seconds=RETRY_SECONDS,
    )
