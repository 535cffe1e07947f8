"""Tests of static files: hashed, compressed, bundled, and never out of date."""

import gzip
import itertools
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import storages
from django.test import Client
from django.test.utils import override_settings

from habla_project.settings import MODULES
from sessions_app.web.static_files import bundling
from sessions_app.web.static_files.bundling import BundlingError, bundle_modules
from sessions_app.web.static_files.hashed_storage import HashedFilesStorage
from tests.sessions_app.kept import at_home

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "sessions_app" / "templates" / "sessions_app"
STYLE = "sessions_app/css/base.css"
PICTURE = "sessions_app/icons/habla.svg"
LIVE = "sessions_app/js/live_en.js"
PREFERENCES = "sessions_app/js/preferences.js"
bundled = pytest.mark.skipif(not bundling.is_bundler_installed(), reason="esbuild is not installed")


@pytest.fixture
def storage() -> HashedFilesStorage:
    """Return the storage of this process."""
    storage = storages["staticfiles"]
    assert isinstance(storage, HashedFilesStorage)
    return storage


@pytest.fixture
def fresh() -> HashedFilesStorage:
    """Return a storage that has made no name yet."""
    return HashedFilesStorage(modules=MODULES)


@pytest.fixture
def client() -> Client:
    return Client(REMOTE_ADDR="192.168.1.7")


def path_of(name: str) -> str:
    url: str = storages["staticfiles"].url(name)
    return url


def modules_of(page: Path) -> list[str]:
    """Return the modules that a page names, with those of its base, in all languages."""
    text = page.read_text()
    if '{% extends "sessions_app/base.html" %}' in text and "preferences_script" not in text:
        text += (TEMPLATES / "base.html").read_text()
    named = re.findall(r"""<script type="module" src="{% static '([^%]+)' %}">""", text)
    return [
        name.replace("'|add:LANGUAGE_CODE|add:'", code)
        for name in named
        for code in ("en", "es")[: 1 + name.count("|add:LANGUAGE_CODE|")]
    ]


def imported_by(module: str) -> set[str]:
    """Return the names of a module and of all that it imports."""
    found, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            text = Path(finders.find(name) or "").read_text()
            beside = re.findall(r'^(?:import|export)[^"]*"(\.[^"]+)";', text, re.MULTILINE)
            waiting += [os.path.normpath(Path(name).parent / each) for each in beside]
    return found


def test_every_module_that_a_page_names_is_bundled() -> None:
    pages = ROOT.glob("*_app/templates/**/*.html")
    assert {name for page in pages for name in modules_of(page)} == {*MODULES}


def test_a_style_has_the_hash_of_its_content_and_may_be_kept_for_ever(client: Client) -> None:
    path = path_of(STYLE)
    assert re.fullmatch(r"/static/sessions_app/css/base\.[0-9a-f]{12}\.css", path)
    answer = client.get(path, headers={"accept-encoding": "br, gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    content = gzip.decompress(answer.content)
    assert len(answer.content) < len(content) / 2
    assert b"--paper: #f6f5f1;" in content
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("taken", ["", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_who_takes_no_gzip_gets_none(client: Client, taken: str) -> None:
    answer = client.get(path_of(STYLE), headers={"accept-encoding": taken})
    assert "Content-Encoding" not in answer.headers
    compressed = client.get(path_of(STYLE), headers={"accept-encoding": "gzip"})
    assert answer.content == gzip.decompress(compressed.content)


def test_who_has_a_file_already_is_told_only_that(client: Client) -> None:
    etag = client.get(path_of(STYLE)).headers["ETag"]
    answer = client.get(path_of(STYLE), headers={"if-none-match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_asking_for_the_head_gives_no_body(client: Client) -> None:
    head = client.head(path_of(PICTURE))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(client.get(path_of(PICTURE)).content))


def test_nothing_else_can_be_asked_of_a_static_file(client: Client) -> None:
    assert client.post(path_of(STYLE)).status_code in (403, 404, 405)


def test_a_name_of_another_release_gives_the_file_of_this_one(client: Client) -> None:
    """A page that was opened before the server was updated may yet load what it names."""
    answer = client.get("/static/sessions_app/css/base.0123456789ab.css")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.content == client.get(path_of(STYLE)).content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "nothing.0123456789ab.css",
        "shared/chunk.ABCDEFGH.js",
        "../../manage.01234567.py",
        "sessions_app/css/ba\0se.0123456789ab.css",
        "sessions_app.01234567.css",
    ],
)
def test_there_is_nothing_under_other_names(client: Client, name: str) -> None:
    assert client.get(f"/static/{name}").status_code in (400, 404)


def test_a_style_has_those_that_it_imports_in_it_and_no_comments(client: Client) -> None:
    content = client.get(path_of("sessions_app/css/site.css")).content.decode()
    assert content.index(":root{") < content.index(".button{")  # one after the other
    for left in ("@import", "/*", "*/", "\n\n", "\n "):
        assert left not in content
    css = ROOT / "sessions_app" / "static" / "sessions_app" / "css"
    parts = [(css / name).read_text() for name in ("base.css", "pages.css")]
    assert content.count("}") == sum(part.count("}") for part in parts)


def test_a_style_of_another_app_is_served_as_it_is(client: Client) -> None:
    served = client.get(path_of("admin/css/base.css")).content
    assert served == Path(finders.find("admin/css/base.css") or "").read_bytes()


def test_files_of_other_apps_have_hashes_too(client: Client) -> None:
    path = path_of("admin/css/base.css")
    assert re.fullmatch(r"/static/admin/css/base\.[0-9a-f]{12}\.css", path)
    assert "immutable" in client.get(path).headers["Cache-Control"]


def test_a_name_without_a_file_stays_as_it_is(storage: HashedFilesStorage) -> None:
    assert storage.url("sessions_app/nothing.css") == "/static/sessions_app/nothing.css"


def test_who_develops_gets_every_file_as_it_lies_there(storage: HashedFilesStorage) -> None:
    hashed = storage.hashed_name(STYLE)
    with override_settings(DEBUG=True):
        assert storage.url(STYLE) == f"/static/{STYLE}"
        assert storage.url(LIVE) == f"/static/{LIVE}"
        assert storage.file_called(hashed) is None
        assert storage.hashed_names([LIVE, STYLE]) == []


def test_a_file_that_changes_has_another_name_after_a_restart(
    tmp_path: Path, settings: Any
) -> None:
    changing = tmp_path / "changing.css"
    settings.STATICFILES_DIRS = [tmp_path]
    changing.write_text("a {}")
    first = HashedFilesStorage()
    name = first.hashed_name("changing.css")
    changing.write_text("b {}")
    # what the running process gives under a name never changes
    assert first.hashed_name("changing.css") == name
    kept = first.file_called(name)
    assert kept is not None
    assert kept.content == b"a {}"
    assert HashedFilesStorage().hashed_name("changing.css") != name


@bundled
@pytest.mark.django_db
def test_a_page_loads_a_few_small_files_in_place_of_fifty(storage: HashedFilesStorage) -> None:
    page = at_home().get("/").content.decode()
    names = re.findall(r'<script [^>]*src="/static/([^"]+)"', page)
    files = [file for name in names if (file := storage.file_called(name))]
    assert len(files) == len(names) == 2
    assert sum(len(file.body) for file in files) < 43_000  # all of a visit is to be 60 KB
    assert all(file.content_type == "text/javascript; charset=utf-8" for file in files)


@bundled
def test_a_bundle_has_all_in_it_that_it_imports(
    storage: HashedFilesStorage, client: Client
) -> None:
    names = storage.hashed_names(MODULES)
    assert len(names) == len(MODULES)
    for name in names:
        content = client.get(f"/static/{name}").content.decode()
        assert re.findall(r'(?:from|import)\s*\(?"[^"]+"', content) == []


def test_no_two_modules_of_a_page_have_the_same_one_in_them() -> None:
    """Else it is there twice, and what it remembers is two things."""
    stateless = {"sessions_app/js/moments.js"}
    for page in ROOT.glob("*_app/templates/**/*.html"):
        named = [name for name in modules_of(page) if not name.endswith("_es.js")]
        for one, other in itertools.combinations(named, 2):
            assert imported_by(one) & imported_by(other) <= stateless, (page.name, one, other)
    assert "sessions_app/js/settings.js" in imported_by(LIVE) & imported_by(PREFERENCES)


@bundled
def test_what_a_bundle_loads_later_has_an_address_for_ever(
    storage: HashedFilesStorage, client: Client
) -> None:
    names = storage.hashed_names([LIVE])
    scripts = [client.get(f"/static/{name}").content.decode() for name in names]
    addresses = [found for script in scripts for found in re.findall(r'"(/static/[^"]+)"', script)]
    later = ("sessions_app/js/worklet.js", "sessions_app/js/faces.js")
    assert {*addresses} == {path_of(name) for name in later}
    for address in addresses:
        assert "immutable" in client.get(address).headers["Cache-Control"]


@bundled
def test_a_change_of_any_module_changes_the_name_of_what_it_is_in() -> None:
    def names(number: int) -> dict[str, str]:
        sources = {
            "page.js": b'import { a } from "./a.js"; alert(a());',
            "other.js": b'import { a } from "./a.js"; alert(a() + 1);',
            "a.js": b'import { b } from "./b.js"; export function a() { return b + Date.now(); }',
            "b.js": f"export const b = {number} * Date.now();".encode(),
            "alone.js": b"alert(1);",
        }
        return dict(bundle_modules(sources, ["page.js", "other.js", "alone.js"], str).names)

    one, two = names(1), names(2)
    assert one == names(1)
    assert one["page.js"] != two["page.js"]
    assert one["other.js"] != two["other.js"]
    assert one["alone.js"] == two["alone.js"]


@bundled
def test_what_cannot_be_bundled_is_said_and_served_as_it_is() -> None:
    with pytest.raises(BundlingError, match=r"page\.js"):
        bundle_modules({"page.js": b"import {"}, ["page.js"], str)


def test_without_esbuild_modules_are_served_as_they_are(
    fresh: HashedFilesStorage, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fresh.url(LIVE) == f"/static/{LIVE}"
    assert fresh.url(STYLE) != f"/static/{STYLE}"
    site = fresh.file_called(fresh.hashed_name("sessions_app/css/site.css"))
    assert site is not None
    assert b"@import" not in site.content
    assert b"/* The ground of every page" in site.content
    answer = client.get(f"/static/{LIVE}")
    assert b"".join(answer) == (ROOT / "sessions_app" / "static" / LIVE).read_bytes()
    # with the next release some are others: none of the old ones is used beside them
    assert answer.headers["Cache-Control"] == "max-age=0, public"


@bundled
def test_where_esbuild_cannot_be_started_just_now_it_is_tried_again(
    fresh: HashedFilesStorage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as limited:
        limited.setattr("tempfile.tempdir", str(tmp_path / "gone"))
        assert fresh.url(LIVE) == f"/static/{LIVE}"
    assert fresh.url(LIVE) != f"/static/{LIVE}"


@pytest.mark.django_db
def test_the_live_page_alone_is_compressed() -> None:
    browser = at_home()
    taken = {"accept-encoding": "gzip"}
    assert browser.get("/", headers=taken).headers["Content-Encoding"] == "gzip"
    for path in ("/history/?q=hola", "/settings/", "/login/", "/recordings/"):
        assert "Content-Encoding" not in browser.get(path, headers=taken).headers
