"""Headers of every response."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

PRIVATE = "private, no-store"
USED = ("microphone", "screen-wake-lock", "clipboard-write", "autoplay", "fullscreen")
"""Browser features that our pages use, and that embedded pages of other sites may not.

`web-share` has that default anyway, and browsers that do not know its name would log a warning.
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
"""For a year, and for this host only: its subdomains may not be ours."""


class PermissionsMiddleware(MiddlewareMixin):
    """Add Permissions-Policy, and with https Strict-Transport-Security (HSTS).

    It is the first middleware, so that static files get these headers too, but not the first where
    browsers keep them for ever: no page is among them, and it is half a kilobyte. Browsers ignore
    HSTS on http; where https ends in this process, use_https decides.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add the headers."""
        if "immutable" not in response.headers.get("Cache-Control", ""):
            response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if settings.IS_HTTPS or (request.is_secure() and not settings.IS_HTTPS_OURS):
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        return response


class PrivacyMiddleware(MiddlewareMixin):
    """Forbid caches to store responses: nearly all of them are private.

    It comes after WhiteNoise: static files are public.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add the header, unless the response forbids caching already."""
        if "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = PRIVATE
        return response
