"""The language in which a client is told the texts of engines, sentence by sentence."""

import json
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from sessions_app.core.commands_told import OUR_OWN, SENTENCE_END, fields_for_everybody

NATIVE = "en"
"""The language in which all texts are written."""


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
        with translation.override(language):
            fields = _translated(fields)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _translated(fields: Any) -> Any:
    match fields:
        case Mapping():
            return {
                name: _sentences(value)
                if name in OUR_OWN and isinstance(value, str)
                else _translated(value)
                for name, value in fields.items()
            }
        case list():
            return [_translated(each) for each in fields]
        case _:
            return fields


def _sentences(text: str) -> str:
    return " ".join(translation.gettext(each) if each else "" for each in SENTENCE_END.split(text))
