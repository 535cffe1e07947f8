"""Tests of the addresses that are shown to people for others."""

from typing import Any

import pytest
from django.test import RequestFactory

from sessions_app.core.listening import Listening
from sessions_app.web.reader_addresses import ReaderAddress, reader_address

PATH = "/watch/secret/"


@pytest.fixture(autouse=True)
def any_host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]


def opened_at(host: str, *, secure: bool = False) -> ReaderAddress:
    request = RequestFactory().get("/api/any", headers={"host": host}, secure=secure)
    return reader_address(request, PATH)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "a.localhost"])
def test_nobody_elsewhere_can_use_an_address_of_the_machine_itself(
    host: str, settings: Any
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.habla.test", "http://localhost:9000"]
    assert opened_at(host) == ReaderAddress(f"http://{host}{PATH}", is_local=True)


def test_where_the_server_knows_another_that_is_shown(settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.habla.test", "https://habla.test"]
    shown = opened_at("localhost:8000")
    assert shown == ReaderAddress(f"https://habla.test{PATH}", is_local=False)


def test_where_it_listens_for_others_that_is_shown(settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = []
    request = RequestFactory().get("/api/any", headers={"host": "localhost:8443"}, secure=True)
    house = Listening("0.0.0.0", 8443, 8000, names=("house.local", "192.168.1.7"))
    shown = reader_address(request, PATH, house)
    assert shown == ReaderAddress(f"https://house.local:8443{PATH}", is_local=False)
    alone = Listening("127.0.0.1", 8443, 8000)
    assert reader_address(request, PATH, alone).is_local


def test_whoever_comes_from_elsewhere_shows_what_they_came_by(settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://habla.test"]
    shown = opened_at("192.168.1.7:8000")
    assert shown == ReaderAddress(f"http://192.168.1.7:8000{PATH}", is_local=False)
    shown = opened_at("house.local:8443", secure=True)
    assert shown == ReaderAddress(f"https://house.local:8443{PATH}", is_local=False)
