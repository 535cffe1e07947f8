"""Tests of static files: hashed, compressed, bundled, and never out of date."""

import gzip
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.test.utils import override_settings

from habla_project.settings import MODULES
from sessions_app.web.static_files import bundling
from sessions_app.web.static_files.bundling import BundlingError, bundle_modules
from sessions_app.web.static_files.hashed_storage import HashedFilesStorage
from tests.sessions_app.kept import at_home

ROOT = Path(__file__).resolve().parents[3]
STYLE = "sessions_app/css/base.css"
PICTURE = "sessions_app/icons/habla.svg"
LIVE = "sessions_app/js/live.js"
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


def module_scripts() -> set[str]:
    """Return the modules that templates name."""
    pages = [*ROOT.glob("*_app/templates/**/*.html")]
    found = r"""<script type="module" src="{% static '([^']+)' %}">"""
    return {name for page in pages for name in re.findall(found, page.read_text())}


def test_every_module_that_a_page_names_is_bundled() -> None:
    assert module_scripts() == {*MODULES}


def test_a_style_has_the_hash_of_its_content_and_may_be_kept_for_ever(client: Client) -> None:
    path = path_of(STYLE)
    assert re.fullmatch(r"/static/sessions_app/css/base\.[0-9a-f]{12}\.css", path)
    answer = client.get(path, headers={"accept-encoding": "br, gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    content = (ROOT / "sessions_app" / "static" / STYLE).read_bytes()
    assert gzip.decompress(answer.content) == content
    assert len(answer.content) < len(content) / 2
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("taken", ["", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_who_takes_no_gzip_gets_none(client: Client, taken: str) -> None:
    answer = client.get(path_of(STYLE), headers={"accept-encoding": taken})
    assert "Content-Encoding" not in answer.headers
    assert answer.content == (ROOT / "sessions_app" / "static" / STYLE).read_bytes()


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
        assert storage.loaded_with([LIVE, STYLE]) == []


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
def test_a_page_loads_a_few_small_files_in_place_of_fifty(storage: HashedFilesStorage) -> None:
    names = storage.loaded_with([LIVE, "sessions_app/js/preferences.js"])
    files = [file for name in names if (file := storage.file_called(name))]
    assert len(files) == len(names) <= 8
    assert sum(len(file.body) for file in files) < 50_000  # all of a visit is to be 60 KB
    assert all(file.content_type == "text/javascript; charset=utf-8" for file in files)


@bundled
def test_pages_share_their_modules(storage: HashedFilesStorage) -> None:
    """Else each had settings and stores of its own where it names two modules."""
    live = {*storage.loaded_with([LIVE])}
    assert live & {*storage.loaded_with(["sessions_app/js/preferences.js"])}
    assert live & {*storage.loaded_with(["playback_app/js/recording.js"])}


@bundled
def test_all_that_bundles_import_is_served(storage: HashedFilesStorage, client: Client) -> None:
    names = storage.loaded_with(MODULES)
    for name in names:
        content = client.get(f"/static/{name}").content.decode()
        for imported in re.findall(r'(?:from|import)\s*"(\.[^"]+)"', content):
            beside = os.path.normpath(Path(name).parent / imported)
            assert beside in names


@bundled
def test_a_bundle_loads_its_worklet_by_an_address_for_ever(
    storage: HashedFilesStorage, client: Client
) -> None:
    names = storage.loaded_with([LIVE])
    scripts = [client.get(f"/static/{name}").content.decode() for name in names]
    addresses = [found for script in scripts for found in re.findall(r'"(/static/[^"]+)"', script)]
    assert addresses == [path_of("sessions_app/js/worklet.js")]
    assert "immutable" in client.get(addresses[0]).headers["Cache-Control"]


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
