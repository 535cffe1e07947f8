"""What a page tells once, kept in a cookie of Habla's own name: Django's is any program's."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class OwnCookieStorage(CookieStorage):
    """Django's, by another name."""

    cookie_name = settings.MESSAGES_COOKIE_NAME


class OwnStorage(FallbackStorage):
    """In the cookie, or in the session where it has no room."""

    storage_classes = (OwnCookieStorage, SessionStorage)
