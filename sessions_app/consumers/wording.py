"""The language in which a client is told our texts."""

import json
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from sessions_app.core.commands_told import OUR_OWN, fields_for_everybody, with_texts
from sessions_app.core.message_catalogue import NATIVE, in_language


def language_of(headers: Mapping[str, str]) -> str:
    """Return the language of the pages of a client, by the headers of its handshake."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = headers.get("accept-language", "")
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        cookies = SimpleCookie()
    if chosen := cookies.get(settings.LANGUAGE_COOKIE_NAME):
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = chosen.value
    return translation.get_language_from_request(request)


def worded(message: str, language: str, *, is_operators: bool) -> str:
    """Return an encoded message as a client of ``language`` is told it."""
    has_texts = any(f'"{name}":' in message for name in OUR_OWN)
    if not has_texts or (language == NATIVE and is_operators):
        return message
    fields = json.loads(message)
    if not is_operators:
        fields = fields_for_everybody(fields)
    if language != NATIVE:
        fields = with_texts(fields, lambda text: in_language(text, language))
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
