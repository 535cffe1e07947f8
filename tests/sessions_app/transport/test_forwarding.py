"""Which proxies are believed about whom they forward, over HTTP and over the WebSocket."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.access.authentication import caller_in, is_from_owner
from sessions_app.config import conf
from sessions_app.core.caller import PeerUser
from sessions_app.transport.forwarding import TrustedProxies, client_address, with_forwarded

PROXY = "10.0.0.5"
CLIENT = "203.0.113.7"


@pytest.fixture(autouse=True)
def trusted(settings: Any) -> None:
    settings.HABLA = settings.HABLA | {"TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/24, 2001:db8::/48"}


def scope(peer: str | None = PROXY, kind: str = "http", **headers: str) -> dict[str, Any]:
    sent = {"host": "127.0.0.1:8000"} | headers
    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in sent.items()]
    client = [peer, 5000] if peer else None
    found = {"type": kind, "client": client, "headers": pairs}
    return found | ({"scheme": "http"} if kind == "http" else {})


def hosts(found: Any) -> list[bytes]:
    return [value for name, value in found["headers"] if name == b"host"]


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_trusted_proxy_tells_address_scheme_and_host(kind: str) -> None:
    told = with_forwarded(
        scope(
            kind=kind,
            x_forwarded_for=CLIENT,
            x_forwarded_proto="https",
            x_forwarded_host="habla.example.org",
        )
    )
    assert client_address(told) == CLIENT
    assert told["scheme"] == {"http": "https", "websocket": "wss"}[kind]
    assert hosts(told) == [b"habla.example.org"]


@pytest.mark.parametrize("peer", [CLIENT, "10.0.1.5", "::1", None])
def test_anybody_else_is_believed_nothing(peer: str | None) -> None:
    forged = scope(
        peer,
        x_forwarded_for="192.0.2.1",
        x_forwarded_proto="https",
        x_forwarded_host="evil.example",
    )
    assert with_forwarded(forged) == forged
    assert client_address(with_forwarded(forged)) == (peer or "")


def test_without_the_setting_nobody_is_trusted(settings: Any) -> None:
    settings.HABLA = settings.HABLA | {"TRUSTED_PROXIES": ""}
    told = with_forwarded(scope("127.0.0.1", x_forwarded_for=CLIENT))
    assert client_address(told) == "127.0.0.1"


@pytest.mark.parametrize("text", ["everybody", "127.0.0.1; 10.0.0.0/24", "10.0.0.1/8", "0.0.0.0/0"])
def test_a_setting_that_is_unclear_trusts_nobody_and_is_named(settings: Any, text: str) -> None:
    settings.HABLA = settings.HABLA | {"TRUSTED_PROXIES": f"{PROXY}, {text}"}
    assert client_address(with_forwarded(scope(x_forwarded_for=CLIENT))) == PROXY
    assert [mistake.variable for mistake in conf.mistakes()] == ["HABLA_TRUSTED_PROXIES"]


@pytest.mark.parametrize(
    ("peer", "header", "address"),
    [
        (PROXY, "192.0.2.66, 203.0.113.7", CLIENT),  # what the client itself sent is on the left
        (PROXY, "192.0.2.66, 203.0.113.7, 10.0.0.9", CLIENT),
        (PROXY, "203.0.113.7,10.0.0.9,127.0.0.1", CLIENT),
        (PROXY, "10.0.0.77", "10.0.0.77"),
        (PROXY, "10.0.0.77, 10.0.0.9", "10.0.0.77"),
        (PROXY, "203.0.113.7:61234", CLIENT),
        (PROXY, "[2001:db8:1::7]:61234", "2001:db8:1::7"),
        (PROXY, "::ffff:203.0.113.7", CLIENT),
        (PROXY, "203.0.113.7, unknown", PROXY),
        (PROXY, "203.0.113.7, unknown, 10.0.0.9", "10.0.0.9"),
        (PROXY, "", PROXY),
        (PROXY, " , ,", PROXY),
        ("::ffff:10.0.0.5", "203.0.113.7", CLIENT),
        ("2001:db8::1", "203.0.113.7", CLIENT),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(
    peer: str, header: str, address: str
) -> None:
    assert client_address(with_forwarded(scope(peer, x_forwarded_for=header))) == address


def test_of_proxies_in_a_row_the_outermost_tells_the_scheme_and_host() -> None:
    told = with_forwarded(
        scope(
            x_forwarded_for="192.0.2.66, 203.0.113.7, 10.0.0.9",
            x_forwarded_proto="http, https, http",
            x_forwarded_host="evil.example, habla.example.org, inner.local",
        )
    )
    assert (told["scheme"], hosts(told)) == ("https", [b"habla.example.org"])


@pytest.mark.parametrize("word", ["ftp", "javascript", "https://", "", "  "])
def test_a_scheme_that_is_none_is_not_believed(word: str) -> None:
    assert with_forwarded(scope(x_forwarded_for=CLIENT, x_forwarded_proto=word))["scheme"] == "http"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", CLIENT])
def test_nobody_behind_a_trusted_proxy_is_at_home(address: str) -> None:
    ours = {"habla.peer_user": PeerUser.OURS}
    assert is_from_owner(caller_in(scope("127.0.0.2") | ours))
    forwarded = scope("127.0.0.1", x_forwarded_for=address, x_forwarded_host="localhost")
    told = with_forwarded(forwarded | ours)
    assert not is_from_owner(caller_in(told))
    silent = with_forwarded(scope("127.0.0.1") | ours)
    assert not is_from_owner(caller_in(silent))


async def test_the_application_sees_what_was_told() -> None:
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(client_address(scope))

    await TrustedProxies(application)(scope(x_forwarded_for=CLIENT), None, None)
    await TrustedProxies(application)({"type": "lifespan"}, None, None)
    assert seen == [CLIENT, ""]


@given(st.text(), st.text(), st.text())
def test_no_header_at_all_breaks_the_reading_of_it(one: str, two: str, three: str) -> None:
    headers = {"x_forwarded_for": one, "x_forwarded_proto": two, "x_forwarded_host": three}
    assert client_address(with_forwarded(scope("::1", **headers))) == "::1"
    assert client_address(with_forwarded(scope(PROXY, **headers))) != ""
