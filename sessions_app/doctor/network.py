"""Checks of how others reach the server: names, the certificate for https, and proxies."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.http.request import validate_host

from sessions_app.config.addresses import LOOPBACK_NAMES, own_addresses, reachable_names
from sessions_app.config.certificates import given_certificate
from sessions_app.config.variables import Conf
from sessions_app.core.caller import is_loopback
from sessions_app.core.certificates.own import DIRECTORY, OwnCertificates
from sessions_app.core.certificates.server_certificate import CertificateError, ServerCertificate
from sessions_app.doctor.finding import Finding, broken, fine, warning

FEW_DAYS = 14
"""With less left, whoever renews a given certificate has failed to."""
ANSWER_SECONDS = 3.0


def examine_names(host: str) -> Finding:
    """Check by which names a server on ``host`` would be reached, and whether it accepts them."""
    if is_loopback(host):
        return fine("names", "only this machine reaches the server; --host 0.0.0.0 opens it")
    names = reachable_names(host)
    if not own_addresses(with_ipv6=True):
        return warning("names", "This machine has no address in any network.", "Connect it to one.")
    if settings.HAS_NAMED_HOSTS:
        refused = [name for name in names if not validate_host(name, settings.ALLOWED_HOSTS)]
        if len(refused) == len(names):
            mend = "Unless a proxy in front is the only way in, add them, or unset ALLOWED_HOSTS."
            return warning("names", f"ALLOWED_HOSTS refuses {', '.join(refused)}.", mend)
    return fine("names", f"others reach this machine as {', '.join(names)}")


def examine_certificate(conf: Conf, host: str, now: datetime) -> Finding:
    """Check whether the certificate for https is valid, and for the names of this machine."""
    try:
        given = given_certificate(conf)
        if given is not None:
            return _judge_given(given, now)
        own = OwnCertificates(conf.data_dir / DIRECTORY)
        authority, certificate = own.authority(), own.server()
    except CertificateError as error:
        return broken("certificate", str(error))
    if authority is None or certificate is None:
        return fine("certificate", "none yet; `serve --https` makes one")
    if (
        not authority.certificate.not_valid_before_utc
        <= now
        < (authority.certificate.not_valid_after_utc)
    ):
        mend = f"Check the clock; or delete {conf.data_dir / DIRECTORY}, and trust the new one."
        return broken("certificate", "The authority of the house is not valid at this time.", mend)
    names = LOOPBACK_NAMES if is_loopback(host) else (*LOOPBACK_NAMES, *reachable_names(host))
    if refused := [name for name in names if not authority.may_sign(name)]:
        message = f"The authority of the house may not vouch for {', '.join(refused)}."
        mend = f"Delete {conf.data_dir / DIRECTORY}, and let every device trust the new one."
        return warning("certificate", message, mend)
    if missing := certificate.not_covered(names):
        message = f"It is not for {', '.join(missing)} yet; `serve --https` renews it."
        return warning("certificate", message)
    return _judge_time(certificate, now)


def _judge_given(certificate: ServerCertificate, now: datetime) -> Finding:
    named = {name for name in settings.ALLOWED_HOSTS if name[0] not in "*." and name}
    wanted = sorted(name for name in named if not is_loopback(name))
    missing = certificate.not_covered(wanted)
    if missing and len(missing) == len(wanted):
        message = f"HABLA_CERTIFICATE is not for {', '.join(missing)}."
        return warning("certificate", message, "Name in ALLOWED_HOSTS what it is for.")
    return _judge_time(certificate, now)


def _judge_time(certificate: ServerCertificate, now: datetime) -> Finding:
    until = f"{certificate.expires_at:%Y-%m-%d}"
    days = certificate.days_left(now)
    if days <= 0 or certificate.begins_at > now:
        message = f"The certificate is valid from {certificate.begins_at:%Y-%m-%d} to {until}."
        return broken("certificate", message, "Renew it, or check the clock of this machine.")
    if days < FEW_DAYS:
        return warning("certificate", f"The certificate expires on {until}.", "Renew it.")
    return fine("certificate", f"valid until {until}, for {', '.join(sorted(certificate.names))}")


def examine_proxy(origins: Sequence[str], conf: Conf) -> Finding:
    """Check whether the proxies in front say whom they forward, and are believed."""
    if not origins:
        return fine("proxy", "none is named in CSRF_TRUSTED_ORIGINS")
    for origin in origins:
        host = urlsplit(origin).hostname or ""
        if not validate_host(host.removeprefix("*"), settings.ALLOWED_HOSTS):
            message = f"ALLOWED_HOSTS refuses {host}, which CSRF_TRUSTED_ORIGINS names."
            return broken("proxy", message, f"Add {host} to ALLOWED_HOSTS.")
    if not conf.trusted_proxies:
        message = "HABLA_TRUSTED_PROXIES is empty: everybody behind the proxy has its address."
        return warning("proxy", message, "HABLA_TRUSTED_PROXIES=127.0.0.1 if it is on this machine")
    return _ask_through(next((one for one in origins if "*" not in one), ""))


def _ask_through(origin: str) -> Finding:
    """Ask for the page that repeats by which address it was asked for. Blocks."""
    if not origin:
        return fine("proxy", "is trusted")
    try:
        answer = httpx.get(f"{origin}/phone/", timeout=ANSWER_SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        message = f"{origin} does not answer from here, or its certificate is not trusted here."
        return warning("proxy", message, "Open it from another device.")
    if answer.status_code != httpx.codes.OK:
        return warning("proxy", f"{origin} answers {answer.status_code}.", "Does Habla run?")
    if f'href="{origin}/"' not in answer.text:
        mend = "Let it pass on Host, X-Forwarded-For and X-Forwarded-Proto (docs/operations.md)."
        return warning("proxy", f"{origin} does not tell Habla how it was asked.", mend)
    return fine("proxy", f"{origin} tells Habla how it was asked")
