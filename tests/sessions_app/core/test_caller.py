"""Tests of where a request comes from."""

from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.access.authentication import caller_in, caller_of
from sessions_app.core.caller import Caller, PeerUser, host_and_port, is_loopback


def caller(peer: str | None = "127.0.0.1", **headers: str) -> Caller:
    headers = {"host": "localhost:8000"} | headers
    return Caller(peer, tuple((k.replace("_", "-"), v) for k, v in headers.items()))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:80", "[::1]:8000"])
def test_who_reaches_this_machine_by_its_own_name_is_local(peer, host):
    assert caller(peer, host=host).is_local


@pytest.mark.parametrize("peer", [None, "", "192.168.1.7", "10.0.0.1", "::ffff:192.168.1.7", "x"])
def test_who_comes_from_elsewhere_is_not_at_home(peer):
    assert not caller(peer).is_local


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.7",
        "localhost,evil.example",
        "localhost@evil.example",
        "0.0.0.0:8000",
    ],
)
def test_a_foreign_name_that_leads_here_is_not_at_home(host):
    assert not caller(host=host).is_local


@pytest.mark.parametrize(
    "header",
    [
        "x_forwarded_for",
        "x_forwarded_proto",
        "x_forwarded",
        "x_real_ip",
        "forwarded",
        "via",
        "cf_connecting_ip",
        "true_client_ip",
        "x_client_ip",
        "x_cluster_client_ip",
        "x_envoy_external_address",
        "x_scheme",
        "x_original_forwarded_for",
        "tailscale_user_login",
        "fastly_client_ip",
        "fly_client_ip",
        "x_originating_ip",
        "x_goog_authenticated_user_email",
        "x_auth_request_user",
    ],
)
def test_what_a_proxy_sent_on_is_not_at_home(header):
    assert not caller(**{header: "127.0.0.1"}).is_local


@pytest.mark.parametrize(
    ("peer", "peer_user", "version", "may_be"),
    [
        ("127.0.0.1", PeerUser.ANOTHER, "1.1", True),
        ("::1", PeerUser.OURS, "1.0", True),
        ("127.0.0.1", PeerUser.OURS, "1.1", False),
        ("127.0.0.1", PeerUser.UNKNOWN, "1.1", False),
        ("192.168.1.7", PeerUser.ANOTHER, "1.0", False),
    ],
)
def test_a_proxy_that_adds_no_header_is_suspected(peer, peer_user, version, may_be):
    one = Caller(peer, (("host", "localhost"),), http_version=version, peer_user=peer_user)
    assert one.may_be_silent_proxy is may_be


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://192.168.1.7:8000",
        "http://localhost:3000",
        "http://127.0.0.1:8000",
        "http://localhost",
        "file://localhost:8000",
        "localhost:8000",
    ],
)
def test_what_a_foreign_page_asks_is_not_at_home(origin):
    assert not caller(origin=origin).is_local


def test_what_our_own_page_asks_is_local():
    assert caller(origin="http://localhost:8000").is_local


@pytest.mark.parametrize("site", ["cross-site", "same-site", "whatever"])
def test_what_the_browser_says_a_foreign_page_asks_is_not_at_home(site):
    assert not caller(sec_fetch_site=site).is_local
    assert not caller(sec_fetch_site=site, sec_fetch_mode="cors").is_local


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_the_browser_says_our_own_page_asks_is_at_home(site):
    assert caller(sec_fetch_site=site, sec_fetch_mode="cors").is_local


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_who_follows_a_link_from_elsewhere_is_at_home_but_sends_no_form(site):
    follows = {"sec_fetch_site": site, "sec_fetch_mode": "navigate"}
    assert caller(**follows).is_local
    assert caller(**follows, sec_fetch_dest="document").is_local
    assert not caller(**follows, sec_fetch_dest="iframe").is_local
    headers = caller(**follows).headers
    assert not Caller("127.0.0.1", headers, method="POST").is_local
    assert not Caller("127.0.0.1", headers, method="").is_local


@pytest.mark.parametrize("header", ["origin", "referer", "sec_fetch_site", "cookie"])
def test_a_browser_is_told_from_a_program(header):
    assert not caller(**{header: "x"}).is_program
    assert caller(accept="*/*").is_program


@given(st.text())
def test_no_host_at_all_breaks_the_reading_of_it(host):
    assert caller(host=host).is_local == is_loopback(host_and_port(host, "http")[0])


def test_what_speaks_http_1_0_is_a_proxy_and_no_browser():
    headers = (("host", "127.0.0.1:8000"),)
    assert Caller("127.0.0.1", headers, "1.1").is_local
    assert not Caller("127.0.0.1", headers, "1.0").is_local


@pytest.mark.parametrize(
    "name",
    ["X_Forwarded_For", "x_real_ip", "X-Forwarded_For", "TRUE_CLIENT_IP", "cf_connecting-ip"],
)
def test_a_header_of_a_proxy_is_one_however_it_is_spelled(name):
    headers = (("host", "localhost:8000"), (name.lower(), "192.0.2.7"))
    assert not Caller("127.0.0.1", headers).is_local
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "client": ["127.0.0.1", 4],
        "headers": [(b"host", b"localhost:8000"), (name.lower().encode(), b"192.0.2.7")],
    }
    assert not caller_in(scope).is_local
    assert not caller_of(ASGIRequest(scope, BytesIO())).is_local


@pytest.mark.parametrize(
    "name",
    [
        "front-end-https",
        "x-url-scheme",
        "x-rewrite-url",
        "x-nginx-proxy",
        "x-remote-user",
        "x-webauth-user",
        "x-amz-cf-id",
        "x-varnish",
        "x-cloud-trace-context",
        "incap-client-ip",
        "ali-cdn-real-ip",
        "proxy-authorization",
        "ssl-client-verify",
        "x-client-verify",
        "max-forwards",
    ],
)
def test_nor_does_a_proxy_of_another_make_look_like_home(name):
    assert not caller(**{name: "1"}).is_local
