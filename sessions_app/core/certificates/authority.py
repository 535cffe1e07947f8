"""The authority of this house: it signs the certificates of this machine, and nothing else."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sessions_app.core.certificates.names import as_general_name, is_within, permitted
from sessions_app.core.certificates.server_certificate import ServerCertificate

AUTHORITY_DAYS = 3_650
"""Every device has to be told anew to trust an authority that is made anew."""
SERVER_DAYS = 90
"""Below the 825 days that Apple allows certificates of private authorities."""
BEFORE = timedelta(days=1)
"""How far back certificates are valid: the clock of a phone may be slow."""
NAME_CHARACTERS = 64
"""How long a common name may be (RFC 5280)."""


@dataclass(frozen=True)
class Authority:
    """A certificate that devices are told to trust, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        """Return the certificate as devices take it."""
        return self.certificate.public_bytes(Encoding.PEM)

    def may_sign(self, name: str) -> bool:
        """Return whether devices believe it about a host: by the limits in its certificate."""
        limits = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        return is_within(name, limits.permitted_subtrees or ())

    def issue(self, names: Iterable[str], now: datetime) -> ServerCertificate:
        """Return a new certificate, with a new key, for those of ``names`` that it may sign."""
        hosts = [name for name in dict.fromkeys(names) if self.may_sign(name)]
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _begin(f"Habla on {hosts[0]}", now, SERVER_DAYS)
        own = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        about = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        certificate = (
            builder.issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .add_extension(x509.SubjectAlternativeName(map(as_general_name, hosts)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(is_authority=False), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(about, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return ServerCertificate((certificate,), key)


def make_authority(machine: str, names: Sequence[str], now: datetime) -> Authority:
    """Return a new authority for a ``machine`` that has ``names``.

    Whoever gets hold of its key must not be able to pass for a bank: it can sign for private names
    and addresses only, and for ``names`` (RFC 5280, 4.2.1.10).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _begin(f"Habla at home ({machine})", now, AUTHORITY_DAYS)
    limits = x509.NameConstraints(permitted(names), excluded_subtrees=None)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        builder.issuer_name(_subject(f"Habla at home ({machine})"))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .add_extension(limits, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, as devices show it: ``AB:CD:...``."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest().hex(":").upper()


def _begin(name: str, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + timedelta(days=days))
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:NAME_CHARACTERS])])


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
