"""What a server shows: a certificate with its key, whoever signed it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from sessions_app.core.certificates.names import address_of
from sessions_app.core.errors import HablaError

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class CertificateError(HablaError):
    """A certificate or its key cannot be used; the message says which, and why."""

    code = "certificate"


@dataclass(frozen=True)
class ServerCertificate:
    """A certificate with those between it and its authority, and its key."""

    chain: tuple[x509.Certificate, ...]
    """The server's own first."""
    key: PrivateKey = field(repr=False)

    @property
    def expires_at(self) -> datetime:
        """Return when the first of the chain is no longer valid."""
        return min(each.not_valid_after_utc for each in self.chain)

    @property
    def begins_at(self) -> datetime:
        """Return from when on the server's own is valid."""
        return self.chain[0].not_valid_before_utc

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the names and addresses that it is for; a name may begin with ``*.``."""
        extensions = self.chain[0].extensions
        try:
            found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return frozenset()
        addresses = [str(each) for each in found.get_values_for_type(x509.IPAddress)]
        return frozenset([*map(str.lower, found.get_values_for_type(x509.DNSName)), *addresses])

    def covers(self, name: str) -> bool:
        """Return whether browsers accept it for a host."""
        address = address_of(name)
        if address is not None:
            return str(address) in self.names
        return bool({name.lower(), f"*.{name.lower().partition('.')[2]}"} & self.names)

    def not_covered(self, names: Iterable[str]) -> list[str]:
        """Return those of ``names`` for which browsers refuse it."""
        return [name for name in names if not self.covers(name)]

    def days_left(self, now: datetime) -> float:
        """Return for how many days it is still valid; less than 0: no more."""
        return (self.expires_at - now).total_seconds() / 86_400


def read_server_certificate(certificate: Path, key: Path) -> ServerCertificate:
    """Return the certificate (and those that follow it) and the key of two PEM files.

    Raises:
        CertificateError: one cannot be read, or they do not belong together.
    """
    chain = _read_chain(certificate)
    private = _read_key(key)
    if _public(private.public_key()) != _public(chain[0].public_key()):
        raise CertificateError(f"{key} is not the key of the certificate {certificate}.")
    return ServerCertificate(chain, private)


def _read_chain(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(_read(path)))
    except ValueError as error:
        raise CertificateError(f"{path} holds no certificate in PEM.") from error


def _read_key(path: Path) -> PrivateKey:
    try:
        key = load_pem_private_key(_read(path), password=None)
    except TypeError as error:
        raise CertificateError(f"{path} holds a key with a password; one without is needed.") from (
            error
        )
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"{path} holds no private key in PEM.") from error
    if not isinstance(key, PrivateKey):
        raise CertificateError(f"{path} holds a key that browsers do not take; ECDSA or RSA is.")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}.") from error


def _public(key: object) -> bytes:
    form = PublicFormat.SubjectPublicKeyInfo
    encoded: bytes = key.public_bytes(Encoding.DER, form)  # type: ignore[attr-defined]  # all have
    return encoded
