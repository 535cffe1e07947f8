"""The certificate that the settings name, if any."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from sessions_app.config import conf
from sessions_app.config.variables import Conf
from sessions_app.core.certificates.server_certificate import (
    CertificateError,
    ServerCertificate,
    read_server_certificate,
)
from sessions_app.core.errors import SettingsError


def given_certificate(found: Conf) -> ServerCertificate | None:
    """Return the certificate of HABLA_CERTIFICATE and HABLA_CERTIFICATE_KEY; None: not set.

    Raises:
        CertificateError: it cannot be used.
    """
    if found.certificate is None:
        return None
    return read_server_certificate(found.certificate, found.certificate_key or found.certificate)


def check_certificate(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Name a certificate that cannot be used, or a key without one."""
    try:
        found = conf.read()
    except SettingsError:
        return []  # named by another check
    if found.certificate is None and found.certificate_key is not None:
        message = (
            "HABLA_CERTIFICATE_KEY is the key of no certificate; with HABLA_CERTIFICATE it would "
            "be right."
        )
        return [Error(message, id="habla.E011")]
    try:
        given_certificate(found)
    except CertificateError as error:
        message = f"HABLA_CERTIFICATE: {error} A certificate and its key would be right."
        return [Error(message, id="habla.E010")]
    return []
