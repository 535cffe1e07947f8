"""The names under which other machines may reach this one."""

import ipaddress
import socket

import pytest

from sessions_app.config.addresses import own_names


@pytest.mark.parametrize(
    ("host", "names"),
    [("192.0.2.7", ["192.0.2.7"]), ("house.example", ["house.example"]), ("::1", ["[::1]"])],
)
def test_one_address_has_one_name(host: str, names: list[str]) -> None:
    assert own_names(host) == names


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_who_listens_everywhere_has_the_names_of_the_machine(host: str) -> None:
    name, local, *outward = own_names(host)
    assert name == socket.gethostname().lower()
    assert local == f"{name.partition('.')[0]}.local"
    bare = [address.strip("[]") for address in outward]
    assert [str(ipaddress.ip_address(address)) for address in bare] == bare
