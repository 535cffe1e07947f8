"""Addresses as people are told them, and the port that is beside another."""

import pytest

from sessions_app.core.listening import Listening, port_beside

HERE = Listening("0.0.0.0", 8443, 8000, ("house.local", "fd00::7"))


def test_where_it_listens_has_its_port_and_where_it_is_reached_a_name() -> None:
    assert str(HERE) == "https://0.0.0.0:8443"
    assert HERE.address() == "https://house.local:8443"
    assert HERE.address("fd00::7") == "https://[fd00::7]:8443"
    assert HERE.guide() == "http://house.local:8000/phone/"


def test_usual_ports_are_left_out() -> None:
    usual = Listening("0.0.0.0", 443, 80, ("house.local",))
    assert (usual.address(), usual.guide()) == ("https://house.local", "http://house.local/phone/")
    assert str(usual) == "https://0.0.0.0:443"


def test_without_https_it_is_one_port() -> None:
    plain = Listening("127.0.0.1", 8000)
    assert (str(plain), plain.address()) == ("http://127.0.0.1:8000", "http://localhost:8000")
    assert plain.guide() == "http://localhost:8000/phone/"


@pytest.mark.parametrize(
    ("port", "beside"), [(8443, 8000), (443, 80), (0, 0), (9000, 9001), (65_535, 65_534)]
)
def test_the_port_that_redirects_is_beside_that_of_https(port: int, beside: int) -> None:
    assert port_beside(port) == beside
