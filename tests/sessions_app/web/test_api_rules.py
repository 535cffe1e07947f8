"""Tests of what errors look like, whichever route they come from."""

import pytest
from django.http import Http404
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.testing import TestClient

from sessions_app.core.errors import CommandError
from sessions_app.web.api_rules import explain_errors


@pytest.mark.parametrize(
    ("error", "status", "code", "message"),
    [
        (Http404("/etc/secret"), 404, "not_found", "Not Found"),
        (HttpError(429, "Too many."), 429, "too_many_requests", "Too many."),
        (CommandError("No.", code="still_live"), 409, "still_live", "No."),
        (CommandError("No.", code="not_found"), 404, "not_found", "No."),
        (CommandError("What?"), 400, "bad_message", "What?"),
    ],
)
def test_every_error_has_a_code_and_a_message(error, status, code, message):
    api = NinjaAPI(urls_namespace=f"errors-{code}-{status}-{message}")
    explain_errors(api)

    @api.get("/fail")
    def fail(request):
        raise error

    answer = TestClient(api).get("/fail")
    assert answer.status_code == status
    assert answer.json() == {"code": code, "message": message}
