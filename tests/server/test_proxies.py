"""What strangers reach through real proxies and forwards: the table in docs/operations.md."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.browser.server import Server
from tests.documents import page, rows, section
from tests.patience import PATIENCE_SECONDS
from tests.server.proxies import (
    HAPROXY,
    NGINX,
    SOCAT,
    WEBSOCKET,
    Build,
    as_user,
    by_haproxy,
    by_nginx,
    by_socat,
    in_front,
)

PROXIES: dict[str, Build] = {
    "nginx, HTTP/1.0 upstream": by_nginx("proxy_http_version 1.0;"),
    "nginx, HTTP/1.1 upstream": by_nginx("proxy_http_version 1.1;"),
    "nginx, HTTP/1.1, `Host $host`": by_nginx(
        "proxy_http_version 1.1; proxy_set_header Host $host;"
    ),
    "nginx, its documented WebSocket snippet": by_nginx(WEBSOCKET),
    "nginx, the same and `Host $host`": by_nginx(WEBSOCKET + "proxy_set_header Host $host;"),
    "haproxy": by_haproxy(),
    "haproxy, `option forwardfor`": by_haproxy("option forwardfor"),
    "haproxy, `mode tcp`": by_haproxy(mode="tcp"),
    "a forward of connections (`ssh -R`, `socat`)": by_socat,
}
DIRECT = "nothing"
OWN, ANOTHER = "the server's own", "another"
PROGRAMS = {"nginx": NGINX, "haproxy": HAPROXY, "a forward": SOCAT}
TABLE = rows(section(page("operations"), "Who may use it"))
NOWHERE = uuid.UUID(int=0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    served = Server(tmp_path_factory.mktemp("proxied"), HABLA_REHEARSAL_SECONDS="0")
    served.start()
    yield served
    assert served.end() == 0


@pytest.fixture
def key(server: Server) -> str:
    return server.key


def answer(port: int, method: str, path: str, **headers: str) -> httpx.Response:
    address = f"http://127.0.0.1:{port}{path}"
    return httpx.request(
        method, address, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS
    )


def browser_at(address: str, **headers: str) -> httpx.Client:
    return httpx.Client(
        base_url=address, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS
    )


def reached(port: int, method: str, path: str) -> str:
    """Return what a stranger needs for this: nothing ("yes"), the key, or a login."""
    found = answer(port, method, path)
    if found.status_code in (200, 404):
        return "yes"
    is_page = "json" not in found.headers["content-type"]
    if found.status_code == 403 and (is_page or found.json()["code"] == "owner_key_required"):
        return "key"
    assert found.status_code in (302, 401), (found.status_code, found.text)
    return "login"


def reached_by_socket(port: int) -> str:
    try:
        with connect(f"ws://127.0.0.1:{port}/ws/session/", proxy=None) as socket:
            told = json.loads(socket.recv(PATIENCE_SECONDS))
    except InvalidStatus:
        return "no"
    return "login" if told.get("code") == "login_required" else "yes"


def all_reached(port: int) -> list[str]:
    """Return what can be reached, in the order of the table's columns."""
    columns = [
        {reached(port, "GET", "/"), reached(port, "GET", "/history/")},
        {reached(port, "GET", "/api/sessions"), reached(port, "GET", "/metrics")},
        {
            reached(port, "DELETE", f"/api/sessions/{NOWHERE}"),
            reached(port, "DELETE", f"/api/recordings/{NOWHERE}"),
            reached(port, "GET", f"/history/{NOWHERE}/delete"),
            reached(port, "GET", f"/recordings/{NOWHERE}/delete"),
        },
        {
            reached(port, "GET", "/admin/"),
            reached(port, "GET", "/admin/auth/user/add/"),
            reached(port, "GET", "/settings/"),
        },
        {reached_by_socket(port)},
    ]
    return [" and ".join(column) for column in columns]


def test_the_table_has_every_way(server: Server) -> None:
    ways = [(name, whose) for name in PROXIES for whose in (ANOTHER, OWN)]
    assert [(row[0], row[1]) for row in TABLE] == [(DIRECT, OWN), (DIRECT, ANOTHER), *ways]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}, {row[1]}")
def test_what_each_reaches_is_what_the_table_says(
    server: Server, row: list[str], tmp_path: Path
) -> None:
    way, whose, *promised = row
    if whose == ANOTHER and os.geteuid() != 0:
        pytest.skip("only root may run a program as another user")
    if way == DIRECT:
        if whose == OWN:
            assert all_reached(server.port) == promised
        else:
            assert promised == ["login"] * 5
            assert "/login/" in location_by_another_user(f"{server.address}/history/")
        return
    program = next(found for name, found in PROGRAMS.items() if way.startswith(name))
    if program is None:
        pytest.skip("it is not installed")
    with in_front(PROXIES[way], tmp_path, server.port, is_another=whose == ANOTHER) as port:
        assert all_reached(port) == promised


def location_by_another_user(address: str) -> str:
    python = "/usr/bin/python3"
    code = (
        "import http.client, sys, urllib.parse as u; a = u.urlsplit(sys.argv[1]);"
        "c = http.client.HTTPConnection(a.netloc, timeout=30); c.request('GET', a.path);"
        "print(c.getresponse().headers['Location'])"
    )
    command = [*as_user(is_another=True), python, "-c", code, address]
    told = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return told.stdout.decode()


# --- with the key, on the machine itself


def test_the_key_opens_the_rest_to_a_browser(server: Server, key: str) -> None:
    with httpx.Client(
        base_url=server.address, trust_env=False, timeout=PATIENCE_SECONDS
    ) as browser:
        assert browser.get("/admin/").status_code == 403
        first = browser.get("/", params={"key": key})
        assert (first.status_code, first.headers["location"]) == (302, "/")
        for path in ("/admin/", "/admin/auth/user/add/", "/settings/"):
            assert browser.get(path).status_code == 200
        assert browser.get(f"/history/{NOWHERE}/delete").status_code == 404


def test_the_key_opens_the_rest_to_a_program(server: Server, key: str) -> None:
    for method, path in (
        ("DELETE", f"/api/sessions/{NOWHERE}"),
        ("DELETE", f"/api/recordings/{NOWHERE}"),
    ):
        refused = answer(server.port, method, path)
        assert (refused.status_code, refused.json()["code"]) == (403, "owner_key_required")
        assert answer(server.port, method, path, authorization=f"Bearer {key}").status_code == 404


def test_every_route_that_deletes_asks_for_it(server: Server) -> None:
    schema = answer(server.port, "GET", "/api/openapi.json").json()
    paths = [path for path, methods in schema["paths"].items() if "delete" in methods]
    told = {
        path: reached(server.port, "DELETE", path.replace("{", "").replace("}", ""))
        if "{" not in path
        else reached(server.port, "DELETE", _filled(path))
        for path in paths
    }
    nothing_is_lost = {
        "/api/sessions/{session_id}/live",
        "/api/sessions/{session_id}/tickets/{ticket_id}",
    }
    assert {path for path, way in told.items() if way == "yes"} == nothing_is_lost
    assert {way for path, way in told.items() if path not in nothing_is_lost} == {"key"}


def _filled(path: str) -> str:
    names = [part for part in path.split("/") if part.startswith("{")]
    for name in names:
        path = path.replace(name, str(NOWHERE))
    return path


def csrf_token(cookies: Mapping[str, str]) -> str:
    """Return the value of the CSRF cookie, whose name depends on the installation."""
    return next(cookies[name] for name in cookies if "_csrf_" in name)


def test_who_logged_in_needs_no_key(server: Server) -> None:
    server.add_user("ana", "a long secret")
    with httpx.Client(
        base_url=server.address, trust_env=False, timeout=PATIENCE_SECONDS
    ) as browser:
        browser.get("/login/")
        fields = {
            "username": "ana",
            "password": "a long secret",
            "csrfmiddlewaretoken": csrf_token(browser.cookies),
        }
        assert browser.post("/login/", data=fields).status_code == 302
        assert browser.get("/admin/").status_code == 200
        assert browser.get("/settings/").status_code == 200


def test_the_key_is_printed_and_never_logged(server: Server, key: str) -> None:
    assert f"On this machine open {server.address}/?key={key}\n" in server.manage("status")
    answer(server.port, "GET", f"/?key={key}")
    answer(server.port, "GET", "/?key=wrong")
    assert key not in server.log


def test_the_server_says_once_that_a_proxy_is_in_front(server: Server) -> None:
    for _ in range(3):
        answer(server.port, "GET", "/history/", **{"X-Forwarded-For": "203.0.113.7"})
    assert server.log.count("requests come by a proxy (127.0.0.1) while HABLA_OWNER is on") == 1


# --- a proxy that is trusted


def test_a_trusted_proxy_makes_shared_addresses_https(tmp_path: Path) -> None:
    if NGINX is None:
        pytest.skip("nginx is not installed")
    told = (
        WEBSOCKET + "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
        "proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Forwarded-Host $host;"
    )
    trusting = Server(
        tmp_path,
        HABLA_TRUSTED_PROXIES="127.0.0.1",
        HABLA_OWNER="off",
        ALLOWED_HOSTS="habla.example.org,127.0.0.1",
    )
    trusting.add_user("ana", "a long secret")
    trusting.start()
    try:
        with in_front(by_nginx(told), tmp_path, trusting.port, is_another=False) as port:
            assert _shared_address(port).startswith("https://habla.example.org/watch/")
        told_itself = {"X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "habla.example.org"}
        assert "location" in answer(trusting.port, "GET", "/history/", **told_itself).headers
    finally:
        trusting.end()


def _shared_address(port: int) -> str:
    """Log in through a proxy, open a session, and share it."""
    origin = "https://habla.example.org"
    headers = {"Host": "habla.example.org", "Origin": origin, "Referer": f"{origin}/login/"}
    home = f"http://127.0.0.1:{port}"
    with browser_at(home, **headers) as browser:
        page = browser.get("/login/")
        cookies = dict(page.cookies)
        fields = {
            "username": "ana",
            "password": "a long secret",
            "csrfmiddlewaretoken": csrf_token(cookies),
        }
        answered = browser.post("/login/", data=fields)
        assert answered.status_code == 302, answered.text
        cookies |= dict(answered.cookies)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        with connect(
            f"ws://127.0.0.1:{port}/ws/session/",
            additional_headers={**sent, "X-Forwarded-Host": "habla.example.org"},
            proxy=None,
        ) as socket:
            session = json.loads(socket.recv(PATIENCE_SECONDS))["session_id"]
            made = browser.post(
                f"/api/sessions/{session}/tickets",
                headers={**sent, "X-CSRFToken": csrf_token(cookies)},
            )
        assert made.status_code == 201, made.text
        return str(made.json()["address"])
