"""The doctor on names, the certificate for https, ports and proxies."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sessions_app.config import conf
from sessions_app.config.addresses import LOOPBACK_NAMES
from sessions_app.config.variables import Conf
from sessions_app.core.certificates.authority import make_authority
from sessions_app.core.certificates.own import DIRECTORY, OwnCertificates
from sessions_app.doctor.finding import Level
from sessions_app.doctor.machine import examine_port
from sessions_app.doctor.network import examine_certificate, examine_names, examine_proxy

NOW = datetime.now(UTC)
HERE, EVERYWHERE = "127.0.0.1", "0.0.0.0"


@pytest.fixture
def found(tmp_path: Path) -> Conf:
    return replace(conf.read(), data_dir=tmp_path, certificate=None, certificate_key=None)


@pytest.fixture
def own(found: Conf) -> OwnCertificates:
    return OwnCertificates(found.data_dir / DIRECTORY)


def test_a_server_on_loopback_has_no_names_and_one_on_all_has_those_of_the_machine() -> None:
    assert "only this machine" in examine_names(HERE).message
    assert "192.168.1.7" in examine_names("192.168.1.7").message


def test_hosts_that_refuse_every_name_of_the_machine_are_told(settings: Any) -> None:
    settings.HAS_NAMED_HOSTS, settings.ALLOWED_HOSTS = True, ["habla.example.org"]
    finding = examine_names("192.168.1.7")
    assert (finding.level, finding.message) == (
        Level.WARNING,
        "ALLOWED_HOSTS refuses 192.168.1.7.",
    )


def test_a_certificate_of_the_house_is_made_valid_and_at_last_expired(
    found: Conf, own: OwnCertificates
) -> None:
    assert examine_certificate(found, HERE, NOW).message.startswith("none yet")
    authority = own.made_authority("house", LOOPBACK_NAMES, NOW)
    own.current(authority, LOOPBACK_NAMES, NOW)
    fresh = examine_certificate(found, HERE, NOW)
    assert (fresh.level, "for 127.0.0.1, ::1, localhost" in fresh.message) == (Level.FINE, True)
    soon = examine_certificate(found, HERE, NOW + timedelta(days=80))
    assert (soon.level, "expires on" in soon.message) == (Level.WARNING, True)
    assert examine_certificate(found, HERE, NOW + timedelta(days=91)).level is Level.BROKEN
    decades = examine_certificate(found, HERE, NOW + timedelta(days=4_000))
    assert "authority of the house is not valid" in decades.message


def test_names_that_it_does_not_cover_are_told(found: Conf, own: OwnCertificates) -> None:
    authority = own.made_authority("house", LOOPBACK_NAMES, NOW)
    own.current(authority, LOOPBACK_NAMES, NOW)
    new = examine_certificate(found, "192.168.1.7", NOW)
    assert (new.level, "not for 192.168.1.7 yet" in new.message) == (Level.WARNING, True)
    foreign = examine_certificate(found, "203.0.113.9", NOW)
    assert "may not vouch for 203.0.113.9" in foreign.message


def test_a_given_certificate_is_read_and_compared_with_the_hosts(
    found: Conf, settings: Any, tmp_path: Path
) -> None:
    issued = make_authority("elsewhere", ["a.example"], NOW).issue(["a.example"], NOW)
    pair = tmp_path / "pair.pem"
    key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pair.write_bytes(key + issued.chain[0].public_bytes(Encoding.PEM))
    given = replace(found, certificate=pair)
    settings.ALLOWED_HOSTS = ["a.example", "localhost"]
    assert examine_certificate(given, HERE, NOW).level is Level.FINE
    settings.ALLOWED_HOSTS = ["b.example"]
    wrong = examine_certificate(given, HERE, NOW)
    assert wrong.message == "HABLA_CERTIFICATE is not for b.example."
    pair.write_text("nothing")
    assert examine_certificate(given, HERE, NOW).level is Level.BROKEN


@pytest.fixture
def proxy() -> Iterator[tuple[str, dict[str, str]]]:
    """Return the address of a proxy, and what it says of `/phone/`, by the key ``page``."""
    said: dict[str, str] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said["page"].encode())

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", said
        server.shutdown()


def test_a_proxy_that_does_not_say_how_it_was_asked_is_told(
    found: Conf, proxy: tuple[str, dict[str, str]]
) -> None:
    origin, said = proxy
    assert examine_proxy([], found).level is Level.FINE
    assert "HABLA_TRUSTED_PROXIES is empty" in examine_proxy([origin], found).message
    trusting = replace(found, trusted_proxies=(ip_network("127.0.0.1"),))
    said["page"] = f'<a href="{origin}/">'
    assert examine_proxy([origin], trusting).level is Level.FINE
    said["page"] = '<a href="http://127.0.0.1:8000/">'
    assert "does not tell Habla how" in examine_proxy([origin], trusting).message
    assert examine_proxy(["https://other.example"], trusting).level is Level.BROKEN
    assert "does not answer" in examine_proxy(["http://localhost:1"], trusting).message


@pytest.mark.slow  # it waits for an answer that does not come
def test_a_taken_port_names_the_option_that_chooses_another() -> None:
    with socket.create_server((HERE, 0)) as other:
        finding = examine_port(HERE, other.getsockname()[1], "--plain-port")
    assert (finding.level, "--plain-port 8001" in finding.mend) == (Level.BROKEN, True)
