"""Django's messages in a cookie with a name of Habla's own, as other programs may use Django's."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class HablaCookieStorage(CookieStorage):
    """Django's cookie storage with another cookie name."""

    cookie_name = settings.MESSAGES_COOKIE_NAME


class HablaMessageStorage(FallbackStorage):
    """Stores messages in the cookie, or in the session if they are too long."""

    storage_classes = (HablaCookieStorage, SessionStorage)
