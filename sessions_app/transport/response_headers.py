"""The headers that every page and route is sent with, whatever it is."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

PRIVATE = "private, no-store"
USED = ("microphone", "screen-wake-lock", "clipboard-write", "autoplay", "fullscreen")
"""What our pages may do, and no page of another within them.

`web-share` is so by itself, and some browsers that do not know its name complain.
"""
UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "magnetometer",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
PERMISSIONS = ", ".join([*(f"{name}=(self)" for name in USED), *(f"{name}=()" for name in UNUSED)])
HSTS = "max-age=31536000"
"""A year; of this host alone, since others of its domain may not be ours."""


class PermissionsMiddleware(MiddlewareMixin):
    """Say what pages may do, and, where https is on, that nothing else may be spoken with us.

    It stands first, so that static files have these headers too. A browser ignores HSTS on http.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add the headers."""
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if settings.IS_HTTPS or request.is_secure():
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        return response


class PrivacyMiddleware(MiddlewareMixin):
    """Let no cache keep what we answer: nearly all of it is somebody's own.

    It stands behind WhiteNoise: static files are everybody's.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add the header, where the answer does not forbid caches already."""
        if "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = PRIVATE
        return response
