"""Where a serving process is reached: its names, its certificate, its announcement."""

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncZeroconf

from sessions_app.config import addresses, conf
from sessions_app.config.https_settings import PREFIX
from sessions_app.config.variables import Conf
from sessions_app.core.listening import Listening
from sessions_app.live.registry import Registry
from sessions_app.server.listening import invitation
from sessions_app.server.listening.announcing import Announcer
from sessions_app.server.listening.names import OwnNames
from sessions_app.server.listening.reach import Reach

EVERYWHERE = "0.0.0.0"


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that this machine has now; a test changes them."""
    found = ["192.168.1.7"]
    monkeypatch.setattr(addresses, "own_addresses", lambda *, with_ipv6: list(found))
    return found


@pytest.fixture
def as_before(settings: Any) -> Any:
    """Let a test use https: what that sets is as before afterwards."""
    for name in ("SESSION", "CSRF", "LANGUAGE"):
        for about in ("SECURE", "NAME"):
            setting = f"{name}_COOKIE_{about}"
            setattr(settings, setting, getattr(settings, setting))
    settings.IS_HTTPS, settings.IS_HTTPS_OURS = settings.IS_HTTPS, False
    settings.ALLOWED_HOSTS, settings.HAS_NAMED_HOSTS = ["localhost"], False
    return settings


@pytest.fixture
def found(tmp_path: Path) -> Conf:
    return replace(conf.read(), data_dir=tmp_path, is_announced=False)


def test_hosts_follow_the_addresses_of_the_machine(as_before: Any, networks: list[str]) -> None:
    names = OwnNames(EVERYWHERE)
    assert (names.allow(), names.allow()) == (True, False)
    assert as_before.ALLOWED_HOSTS[0] == "localhost"
    assert as_before.ALLOWED_HOSTS[-1] == "192.168.1.7"
    networks[:] = ["10.0.0.9"]
    assert names.allow()
    assert "192.168.1.7" not in as_before.ALLOWED_HOSTS
    assert names.best()[0] == "10.0.0.9"


def test_hosts_that_the_operator_named_stay(as_before: Any, networks: list[str]) -> None:
    as_before.ALLOWED_HOSTS, as_before.HAS_NAMED_HOSTS = ["habla.lan", ".lan", "*"], True
    names = OwnNames(EVERYWHERE)
    assert not names.allow()
    assert names.best() == ("habla.lan",)


def test_the_certificate_follows_the_addresses(
    as_before: Any, networks: list[str], found: Conf
) -> None:
    registry = Registry()
    reach = Reach(registry, found, Listening(EVERYWHERE, 8443, 8000))
    told = reach.begin([8443, 8000])
    assert reach.encryption is not None
    shown = reach.encryption.shown
    assert shown.certificate.covers("192.168.1.7")
    assert (told.names[0], registry.listening) == ("192.168.1.7", told)
    networks[:] = ["10.0.0.9"]
    reach.look()
    assert shown.certificate.covers("10.0.0.9")
    assert not shown.certificate.covers("192.168.1.7")
    assert registry.troubles().get("certificate") is None


def test_by_https_cookies_are_secure_and_nobody_is_told_to_insist(
    as_before: Any, networks: list[str], found: Conf
) -> None:
    Reach(Registry(), found, Listening(EVERYWHERE, 443, 80))
    assert (as_before.SESSION_COOKIE_SECURE, as_before.CSRF_COOKIE_SECURE) == (True, True)
    assert as_before.SESSION_COOKIE_NAME.startswith(f"{PREFIX}habla_session_")
    assert (as_before.IS_HTTPS_OURS, as_before.IS_HTTPS) == (True, False)


def test_the_console_shows_a_code_on_a_terminal_only() -> None:
    here = Listening(EVERYWHERE, 8443, 8000, ("house.local", "192.168.1.7"))
    lines = invitation.describe_reach(here, has_terminal=True)
    assert "https://house.local:8443, https://192.168.1.7:8443" in lines[0]
    assert "http://house.local:8000/phone/" in lines[1]
    assert len(lines) > 10
    assert invitation.describe_reach(here, has_terminal=False) == lines[:2]
    assert invitation.describe_reach(Listening("127.0.0.1", 8000), has_terminal=True) == []


def test_without_https_the_console_says_how_to_get_it() -> None:
    here = Listening(EVERYWHERE, 8000, None, ("house.local",))
    assert invitation.NEEDS_HTTPS in invitation.describe_reach(here, has_terminal=True)


@pytest.mark.slow  # the network is first asked whether somebody has the name
async def test_a_name_is_found_while_it_is_announced_and_not_after() -> None:
    if not addresses.own_addresses(with_ipv6=False):
        pytest.skip("this machine is in no network")
    announcer = Announcer("habla-test.local")
    await announcer.announce(Listening(EVERYWHERE, 8443, 8000))
    if not announcer.is_announced:
        pytest.skip("this machine passes on no multicast")
    others = AsyncZeroconf(ip_version=IPVersion.V4Only)
    kind = "_https._tcp.local."
    found = await others.async_get_service_info(kind, f"Habla on habla-test.{kind}")
    assert found is not None
    own = addresses.own_addresses(with_ipv6=False)
    assert (found.server, found.port) == ("habla-test.local.", 8443)
    assert [socket.inet_ntoa(each) for each in found.addresses] == own
    await announcer.close()
    await others.async_close()
    assert not announcer.is_announced
