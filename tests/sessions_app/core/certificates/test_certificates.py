"""The house's own authority: what it signs, for whom, where it is kept, and when it renews."""

import plistlib
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sessions_app.core.certificates.authority import Authority, make_authority
from sessions_app.core.certificates.own import AUTHORITY, RENEWED_DAYS, SERVER, OwnCertificates
from sessions_app.core.certificates.profile import configuration_profile
from sessions_app.core.certificates.server_certificate import (
    CertificateError,
    ServerCertificate,
    read_server_certificate,
)

NOW = datetime.now(UTC)
NAMES = ("localhost", "house.local", "house", "192.168.1.7", "fd00::7", "203.0.113.9")
"""The last one is an address of the internet that this machine has."""

Write = Callable[[ServerCertificate], Path]


@pytest.fixture
def authority() -> Authority:
    return make_authority("house", NAMES, NOW)


@pytest.fixture
def own(tmp_path: Path) -> OwnCertificates:
    return OwnCertificates(tmp_path / "https")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a certificate and its key into one file."""

    def written(certificate: ServerCertificate) -> Path:
        path = tmp_path / "pair.pem"
        key = certificate.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(
            key + b"".join(one.public_bytes(Encoding.PEM) for one in certificate.chain)
        )
        return path

    return written


class Thief(Authority):
    """Has the authority's key, and signs whatever there is."""

    def may_sign(self, name: str) -> bool:
        return True


def problem_of(authority: Authority, pair: Path, host: str) -> str:
    """Return why a client that trusts ``authority`` refuses a server at ``host``; empty: not."""
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(pair)
    theirs = ssl.create_default_context(cadata=authority.pem.decode())
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = theirs.wrap_bio(to_client, to_server, server_hostname=host)
    server = ours.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
    assert client.version() == "TLSv1.3"
    return ""


@pytest.mark.parametrize("host", NAMES)
def test_who_trusts_the_authority_accepts_this_machine_by_all_its_names(
    authority: Authority, write: Write, host: str
) -> None:
    assert problem_of(authority, write(authority.issue(NAMES, NOW)), host) == ""


def test_who_trusts_another_authority_does_not(authority: Authority, write: Write) -> None:
    other = make_authority("house", NAMES, NOW)
    problem = problem_of(other, write(authority.issue(NAMES, NOW)), "house.local")
    assert "certificate" in problem


def test_a_name_that_it_is_not_for_is_refused(authority: Authority, write: Write) -> None:
    problem = problem_of(authority, write(authority.issue(NAMES, NOW)), "192.168.1.8")
    assert "IP address mismatch" in problem


@pytest.mark.parametrize("host", ["bank.example", "8.8.8.8", "2001:db8::1", "evil-house"])
def test_it_signs_for_nothing_in_the_internet(authority: Authority, host: str) -> None:
    assert not authority.may_sign(host)
    assert authority.issue(["localhost", host], NOW).names == {"localhost"}


def test_with_its_stolen_key_nobody_passes_for_a_bank(authority: Authority, write: Write) -> None:
    pair = write(Thief(authority.certificate, authority.key).issue(["bank.example"], NOW))
    assert problem_of(authority, pair, "bank.example") == "permitted subtree violation"


def test_the_files_are_made_once_and_only_this_user_can_read_them(
    own: OwnCertificates, tmp_path: Path
) -> None:
    first = own.made_authority("house", NAMES, NOW)
    kept = own.current(first, NAMES, NOW)
    again = own.made_authority("other", ["other.local"], NOW)
    assert again.pem == first.pem
    assert own.current(again, NAMES, NOW).chain == kept.chain
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"https": 0o700, AUTHORITY: 0o600, SERVER: 0o600}


def test_it_is_renewed_before_it_ends(own: OwnCertificates) -> None:
    authority = own.made_authority("house", NAMES, NOW)
    first = own.current(authority, NAMES, NOW)
    due_at = first.expires_at - timedelta(days=RENEWED_DAYS)
    assert own.current(authority, NAMES, due_at - timedelta(hours=1)).chain == first.chain
    second = own.current(authority, NAMES, due_at)
    assert second.expires_at > first.expires_at + timedelta(days=30)
    assert own.current(authority, NAMES, due_at).chain == second.chain


def test_it_is_renewed_when_the_addresses_change(own: OwnCertificates) -> None:
    authority = own.made_authority("house", NAMES, NOW)
    own.current(authority, NAMES, NOW)
    moved = own.current(authority, ["localhost", "192.168.1.8"], NOW)
    assert moved.names == {"localhost", "192.168.1.8"}


def test_one_of_another_authority_is_replaced(own: OwnCertificates, tmp_path: Path) -> None:
    before = own.current(own.made_authority("house", NAMES, NOW), NAMES, NOW)
    (tmp_path / "https" / AUTHORITY).unlink()
    after = own.current(own.made_authority("house", NAMES, NOW), NAMES, NOW)
    assert after.chain != before.chain


def test_a_damaged_certificate_is_replaced_and_a_damaged_authority_told(
    own: OwnCertificates, tmp_path: Path
) -> None:
    authority = own.made_authority("house", NAMES, NOW)
    own.current(authority, NAMES, NOW)
    (tmp_path / "https" / SERVER).write_text("half of it")
    assert own.current(authority, NAMES, NOW).names == set(NAMES)
    (tmp_path / "https" / AUTHORITY).write_text("half of it")
    with pytest.raises(CertificateError, match=r"holds no certificate in PEM\. Delete"):
        own.made_authority("house", NAMES, NOW)


@pytest.mark.parametrize("years", [-1, 11])
def test_an_authority_that_is_not_valid_now_is_told(own: OwnCertificates, years: int) -> None:
    own.made_authority("house", NAMES, NOW)
    with pytest.raises(CertificateError, match="not valid at this time"):
        own.made_authority("house", NAMES, NOW + timedelta(days=366 * years))


def test_what_does_not_belong_together_is_told(
    authority: Authority, write: Write, tmp_path: Path
) -> None:
    first = write(authority.issue(NAMES, NOW)).rename(tmp_path / "first.pem")
    second = write(authority.issue(NAMES, NOW))
    assert read_server_certificate(first, first).names == set(NAMES)
    with pytest.raises(CertificateError, match="is not the key of the certificate"):
        read_server_certificate(first, second)
    with pytest.raises(CertificateError, match="cannot be read: No such file"):
        read_server_certificate(first, tmp_path / "none")


def test_a_certificate_for_all_names_below_one_covers_them() -> None:
    wide = make_authority("house", ["example.org"], NOW).issue(["*.example.org"], NOW)
    covered = {name: wide.covers(name) for name in ("a.example.org", "example.org", "192.0.2.1")}
    assert covered == {"a.example.org": True, "example.org": False, "192.0.2.1": False}


def test_the_profile_for_iphones_holds_the_certificate_and_is_always_the_same(
    authority: Authority,
) -> None:
    profile = configuration_profile(authority.certificate, "Trust Habla")
    assert configuration_profile(authority.certificate, "Trust Habla") == profile
    told = plistlib.loads(profile)
    (root,) = told["PayloadContent"]
    assert (told["PayloadType"], root["PayloadType"]) == (
        "Configuration",
        "com.apple.security.root",
    )
    assert x509.load_der_x509_certificate(root["PayloadContent"]) == authority.certificate
    assert told["PayloadDisplayName"] == "Habla at home (house)"
