"""Tests of what is installed: the manifests, their icons, the service worker, the offline page."""

import json
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from sessions_app.web.static_files.bundling import is_bundler_installed
from tests.sessions_app.kept import at_home

MANIFESTS = ("sessions_app/manifest.en.webmanifest", "sessions_app/manifest.es.webmanifest")
SMALL_BYTES = 16_384


@pytest.fixture
def client() -> Client:
    """Return a browser elsewhere, where nobody is logged in; no database is asked."""
    return Client(REMOTE_ADDR="192.168.1.7")


def shell_of(client: Client, language: str = "en") -> dict[str, Any]:
    """Return what the service worker is told to keep."""
    answer = client.get("/sw.js", headers={"accept-language": language})
    first = answer.content.decode().partition("\n")[0]
    shell: dict[str, Any] = json.loads(first.removeprefix("const SHELL = ").removesuffix(";"))
    return shell


def found(name: str) -> Path:
    path = finders.find(name)
    assert path is not None, name
    return Path(path)


def manifest(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(found(name).read_text())
    return read


def size_of(png: bytes) -> str:
    """Return width x height of a PNG."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return f"{width}x{height}"


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_icons_of_a_manifest_are_there_in_their_sizes_and_small(name: str) -> None:
    icons = manifest(name)["icons"]
    icons += [icon for shortcut in manifest(name)["shortcuts"] for icon in shortcut["icons"]]
    for icon in icons:
        content = found(f"sessions_app/{icon['src']}").read_bytes()
        assert len(content) < SMALL_BYTES
        if icon["type"] == "image/png":
            assert size_of(content) == icon["sizes"]
    purposes = {(icon["sizes"], icon.get("purpose")) for icon in icons}
    assert purposes >= {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}


def test_apple_has_an_icon_of_its_size() -> None:
    assert size_of(found("sessions_app/icons/apple-touch-icon.png").read_bytes()) == "180x180"


def test_the_manifests_differ_in_their_words_only() -> None:
    english, spanish = map(manifest, MANIFESTS)
    assert (english["lang"], spanish["lang"]) == ("en", "es")
    assert english["description"] != spanish["description"]
    for one, other in zip(english["shortcuts"], spanish["shortcuts"], strict=True):
        assert one.pop("name") != other.pop("name")
    wordless = [
        {key: value for key, value in each.items() if key not in ("lang", "description")}
        for each in (english, spanish)
    ]
    assert wordless[0] == wordless[1]


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_page_names_the_manifest_of_its_language_and_a_colour_for_each_theme(
    client: Client, language: str
) -> None:
    page = client.get("/login/", headers={"accept-language": language}).content.decode()
    address = re.findall(r'<link rel="manifest" href="([^"]+)">', page)[0]
    answer = client.get(address)
    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert json.loads(answer.content)["lang"] == language
    colours = re.findall(r'content="(#\w+)" media="\(prefers-color-scheme: (\w+)\)"', page)
    assert [theme for _, theme in colours] == ["light", "dark"]
    style = found("sessions_app/css/base.css").read_text()
    papers = re.findall(r"--paper: (#\w+);", style)
    assert [colour for colour, _ in colours] == papers


def test_the_worker_keeps_files_that_are_there_for_ever_and_nothing_else(client: Client) -> None:
    shell = shell_of(client)
    assert shell["offline"] == "/offline/"
    assert shell["files"]
    for address in shell["files"]:
        assert address.startswith("/static/")
        assert "immutable" in client.get(address).headers["Cache-Control"]


def test_the_offline_page_is_made_of_what_the_worker_keeps(client: Client) -> None:
    offline = client.get("/offline/").content.decode()
    needed = re.findall(r'(?:src|href)="(/static/[^"]+)"', offline)
    assert needed
    assert {*needed} <= {*shell_of(client)["files"]}


def test_the_worker_is_another_one_for_another_language(client: Client) -> None:
    english, spanish = shell_of(client, "en"), shell_of(client, "es")
    assert english["version"] != spanish["version"]
    assert english == shell_of(client, "en")


@pytest.mark.skipif(not is_bundler_installed(), reason="esbuild is not installed")
@pytest.mark.parametrize(("language", "other"), [("en", "es"), ("es", "en")])
def test_the_worker_keeps_the_live_page_of_the_visitors_language_only(
    client: Client, language: str, other: str
) -> None:
    kept = " ".join(shell_of(client, language)["files"])
    assert f"/live_{language}." in kept
    assert f"/live_{other}." not in kept


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_live_page_is_made_of_what_the_worker_keeps(language: str) -> None:
    owner = at_home()
    taken = {"accept-language": language}
    page = owner.get("/", headers=taken).content.decode()
    needed = re.findall(r'<(?:script|link rel="stylesheet")[^>]* (?:src|href)="([^"]+)"', page)
    assert len(needed) == 4
    assert {*needed} <= {*shell_of(owner, language)["files"]}


def test_the_offline_page_is_the_same_for_everybody_in_both_languages(client: Client) -> None:
    english = client.get("/offline/", headers={"accept-language": "en"})
    spanish = client.get("/offline/", headers={"accept-language": "es"})
    assert "server cannot be reached" in english.content.decode()
    assert "No se puede llegar al servidor" in spanish.content.decode()
    assert 'lang="es"' in spanish.content.decode()
    for answer in (english, spanish):
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert not answer.cookies


def test_while_files_change_the_worker_ends_itself(client: Client, settings: Any) -> None:
    settings.DEBUG = True
    script = client.get("/sw.js").content.decode()
    assert "registration.unregister()" in script
    assert "fetch" not in script
