"""Django's settings for a process that speaks https itself."""

from django.conf import settings

PREFIX = "__Host-"
"""Browsers take a cookie of such a name only by https, from this very host, for all its paths. And
the same host without https has cookies of its own: it could not replace these."""


def use_https(*, may_insist: bool) -> None:
    """Send cookies by https only.

    ``may_insist``: tell browsers to use only https from now on (HSTS). Where they do not trust the
    certificate by themselves, that would leave them no way on; and HSTS knows no ports, so that
    nothing else on this host could be reached without https.
    """
    for kind in ("SESSION", "CSRF", "LANGUAGE"):
        setattr(settings, f"{kind}_COOKIE_SECURE", True)
        name = getattr(settings, f"{kind}_COOKIE_NAME")
        setattr(settings, f"{kind}_COOKIE_NAME", f"{PREFIX}{name.removeprefix(PREFIX)}")
    settings.IS_HTTPS_OURS = True
    settings.IS_HTTPS = may_insist
