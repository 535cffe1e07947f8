"""The certificate of the serving process: found at its start, kept current while it serves."""

import logging
import socket
from datetime import UTC, datetime

from django.conf import settings

from sessions_app.config.addresses import LOOPBACK_NAMES, reachable_names
from sessions_app.config.certificates import given_certificate
from sessions_app.config.https_settings import use_https
from sessions_app.config.variables import Conf
from sessions_app.core.caller import is_loopback
from sessions_app.core.certificates.own import DIRECTORY, OwnCertificates
from sessions_app.core.certificates.server_certificate import CertificateError, ServerCertificate
from sessions_app.core.listening import DEFAULT_PORTS
from sessions_app.live.registry import Registry
from sessions_app.transport.tls import ShownCertificate

logger = logging.getLogger(__name__)

TROUBLE = "certificate"


class Https:
    """Https as this process speaks it. ``host`` is where it listens.

    Raises:
        CertificateError: the certificate, or the authority's, cannot be used.
        OSError: none can be written.
    """

    def __init__(self, conf: Conf, host: str) -> None:
        self._conf = conf
        self._host = host
        self._own = OwnCertificates(conf.data_dir / DIRECTORY)
        self.authority = b""
        """The certificate of the house's own authority, in PEM; empty: it is another's."""
        self._problem = ""
        self.shown = ShownCertificate(self._current())

    def begin(self, port: int) -> None:
        """Use https from now on, at ``port``."""
        use_https(may_insist=not self.authority and port == DEFAULT_PORTS["https"])

    def look(self, registry: Registry) -> None:
        """Show another certificate if the file has changed, or one of our own is due.

        Connections that there are go on with theirs.
        """
        was, self._problem = self._problem, ""
        try:
            current = self._current()
        except (CertificateError, OSError) as error:
            self._problem = str(error)
            if self._problem != was:
                logger.error("the certificate stays as it is: %s", error)  # noqa: TRY400 -- says it all
        else:
            if current.chain != self.shown.certificate.chain:
                self.shown.replace(current)
                logger.info("a new certificate is shown, valid until %s", current.expires_at)
        is_over = self.shown.certificate.days_left(datetime.now(UTC)) <= 0
        registry.note_trouble(TROUBLE, "The certificate for https has expired." if is_over else "")

    def _current(self) -> ServerCertificate:
        given = given_certificate(self._conf)
        if given is not None:
            return given
        now, names = datetime.now(UTC), certified_names(self._host)
        authority = self._own.made_authority(socket.gethostname(), names, now)
        self.authority = authority.pem
        return self._own.current(authority, names, now)


def certified_names(host: str) -> list[str]:
    """Return the names and addresses for which a server that listens on ``host`` has a certificate.

    They are this machine's, and those that ALLOWED_HOSTS names.
    """
    named = [name.strip("[]").lower() for name in settings.ALLOWED_HOSTS]
    named = [name for name in named if name != "*" and not name.startswith(".")]
    others = [] if is_loopback(host) else reachable_names(host)
    return list(dict.fromkeys([*LOOPBACK_NAMES, *others, *named]))
