"""The page that leads a phone here, and the certificate as each device takes it."""

import plistlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography import x509
from django.test import Client

from sessions_app.core.certificates.authority import Authority, fingerprint, make_authority
from sessions_app.core.listening import Listening
from sessions_app.live.registry import live

NAMES = ("house.local", "192.168.1.7")
pytestmark = pytest.mark.usefixtures("as_at_home")


@pytest.fixture
def authority() -> Authority:
    return make_authority("house", NAMES, datetime.now(UTC))


@pytest.fixture
def as_at_home(authority: Authority, settings: pytest.FixtureRequest) -> Iterator[None]:
    """Serve by https, with a certificate of the house's own authority."""
    settings.ALLOWED_HOSTS = ["localhost", *NAMES]  # type: ignore[attr-defined]
    live.listening = Listening("0.0.0.0", 8443, 8000, NAMES, authority.pem)
    yield
    live.listening = None


def page(host: str, *, secure: bool = False, language: str = "en") -> tuple[str, str]:
    """Return the page, and the policy with which it came."""
    client = Client(headers={"host": host, "accept-language": language})
    answer = client.get("/phone/", secure=secure)
    assert answer.status_code == 200
    return answer.content.decode(), answer.headers["Content-Security-Policy"]


def test_a_phone_is_led_by_the_name_that_it_knows() -> None:
    text, policy = page("192.168.1.7:8000")
    assert 'data-probe="https://192.168.1.7:8443/phone/trusted.svg"' in text
    assert 'href="http://192.168.1.7:8000/phone/"' in text
    assert "house.local" not in text
    assert "img-src 'self' data: https://192.168.1.7:8443" in policy


def test_at_the_machine_itself_all_names_are_told_the_best_first() -> None:
    text, _ = page("localhost:8443", secure=True)
    assert 'href="http://house.local:8000/phone/"' in text
    assert 'href="http://192.168.1.7:8000/phone/"' in text
    assert 'data-probe=""' in text


def test_the_page_by_https_loads_nothing_from_elsewhere() -> None:
    _, policy = page("192.168.1.7:8443", secure=True)
    assert "img-src 'self' data:;" in f"{policy};"


def test_it_names_the_switch_that_apple_hides_in_both_languages() -> None:
    assert "Certificate Trust Settings" in page("house.local:8000")[0]
    assert "Ajustes de confianza de los certificados" in page("house.local:8000", language="es")[0]


def test_every_device_gets_the_certificate_whose_fingerprint_is_shown(
    authority: Authority,
) -> None:
    client = Client(headers={"host": "house.local:8000"})
    shown = fingerprint(authority.certificate)
    assert shown in page("house.local:8000")[0]
    plain = client.get("/phone/habla.crt")
    assert plain.headers["Content-Type"] == "application/x-x509-ca-cert"
    assert x509.load_pem_x509_certificate(plain.content) == authority.certificate
    profile = client.get("/phone/habla.mobileconfig")
    assert profile.headers["Content-Type"] == "application/x-apple-aspen-config"
    (root,) = plistlib.loads(profile.content)["PayloadContent"]
    assert x509.load_der_x509_certificate(root["PayloadContent"]) == authority.certificate


def test_without_an_authority_of_the_house_there_is_nothing_to_trust() -> None:
    live.listening = Listening("0.0.0.0", 443, 80, NAMES)
    text, _ = page("house.local")
    assert ("habla.crt" in text, "fingerprint" in text) == (False, False)
    client = Client(headers={"host": "house.local"})
    assert client.get("/phone/habla.crt").status_code == 404
    assert client.get("/phone/habla.mobileconfig").status_code == 404


def test_without_https_it_says_how_to_get_it() -> None:
    live.listening = Listening("0.0.0.0", 8000, None, NAMES)
    text, _ = page("192.168.1.7:8000")
    assert "make run HTTPS=1 HOST=0.0.0.0" in text
    live.listening = None
    behind_a_proxy, _ = page("house.local", secure=True)
    assert "make run" not in behind_a_proxy
    assert 'href="https://house.local"' in behind_a_proxy


def test_no_other_device_is_sent_to_an_address_of_this_machine_alone() -> None:
    live.listening = Listening("127.0.0.1", 8000, None, ())
    text, _ = page("localhost:8000")
    assert "Habla serves this machine only" in text
    assert "make run HTTPS=1 HOST=0.0.0.0" in text
    assert "data:image/svg" not in text


def test_the_code_is_a_picture_of_the_address() -> None:
    first, second = page("house.local:8000")[0], page("192.168.1.7:8000")[0]
    codes = [re.findall(r'src="(data:image/svg[^"]+)"', text) for text in (first, second)]
    assert [len(each) for each in codes] == [1, 1]
    assert codes[0] != codes[1]
