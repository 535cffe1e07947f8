"""The authority and the certificate of this machine, kept in its data directory."""

import os
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sessions_app.core.certificates.authority import SERVER_DAYS, Authority, make_authority
from sessions_app.core.certificates.server_certificate import (
    CertificateError,
    PrivateKey,
    ServerCertificate,
    read_server_certificate,
)

DIRECTORY = "https"
"""In the data directory."""
AUTHORITY, SERVER = "authority.pem", "server.pem"
"""The files: each holds a certificate and its key, so that they always belong together."""
RENEWED_DAYS = SERVER_DAYS / 3
"""With less left a certificate is renewed: two months before anybody would notice a failure."""


class OwnCertificates:
    """The files in ``directory``, which only this user can read.

    The one server of the data directory writes them; ``doctor`` only reads.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def authority(self) -> Authority | None:
        """Return the authority; None: none has been made.

        Raises:
            CertificateError: its files cannot be used.
        """
        found = self._read(AUTHORITY)
        if found is None:
            return None
        if not isinstance(found.key, ec.EllipticCurvePrivateKey):
            raise CertificateError(f"{self._directory / AUTHORITY} was not made by Habla.")
        return Authority(found.chain[0], found.key)

    def server(self) -> ServerCertificate | None:
        """Return the server's certificate; None: none has been made.

        Raises:
            CertificateError: its files cannot be used.
        """
        return self._read(SERVER)

    def made_authority(self, machine: str, names: Sequence[str], now: datetime) -> Authority:
        """Return the authority, made at the first call.

        Raises:
            CertificateError: its files cannot be used, or it is no longer valid.
            OSError: it cannot be written.
        """
        found = self.authority()
        if found is None:
            found = make_authority(machine, names, now)
            self._write(AUTHORITY, found.pem, found.key)
        if not found.certificate.not_valid_before_utc <= now < _ends_at(found):
            place = self._directory
            raise CertificateError(
                f"The authority in {place} is not valid at this time: check the clock, or delete "
                "that directory, and trust the new authority on every device."
            )
        return found

    def current(
        self, authority: Authority, names: Sequence[str], now: datetime
    ) -> ServerCertificate:
        """Return the server's certificate for ``names``; a new one is issued when it is due.

        That is when it holds other names, is of another authority, or ends within RENEWED_DAYS.

        Raises:
            OSError: it cannot be written.
        """
        try:
            found = self.server()
        except CertificateError:  # it is nobody's but ours, and the next one is as good
            found = None
        wanted = [name for name in names if authority.may_sign(name)]
        if found is not None and found.names == {*wanted} and _is_good(found, authority, now):
            return found
        issued = authority.issue(wanted, now)
        pem = b"".join(each.public_bytes(Encoding.PEM) for each in issued.chain)
        self._write(SERVER, pem, issued.key)
        return issued

    def _read(self, name: str) -> ServerCertificate | None:
        path = self._directory / name
        if not path.exists():
            return None
        try:
            return read_server_certificate(path, path)
        except CertificateError as error:
            problem = f"{error} Delete {self._directory}, and trust the new authority everywhere."
            raise CertificateError(problem) from error

    def _write(self, name: str, certificate: bytes, key: PrivateKey) -> None:
        self._directory.mkdir(mode=0o700, exist_ok=True)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _replace(self._directory / name, secret + certificate)


def _is_good(found: ServerCertificate, authority: Authority, now: datetime) -> bool:
    is_ours = found.chain[0].issuer == authority.certificate.subject
    is_valid = found.begins_at <= now and found.days_left(now) > RENEWED_DAYS
    return is_ours and is_valid and _is_signed_by(found, authority)


def _is_signed_by(found: ServerCertificate, authority: Authority) -> bool:
    try:
        found.chain[0].verify_directly_issued_by(authority.certificate)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _ends_at(authority: Authority) -> datetime:
    return authority.certificate.not_valid_after_utc


def _replace(path: Path, content: bytes) -> None:
    """Write a file that only this user can read, as a whole or not at all."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
