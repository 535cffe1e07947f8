"""Where pip would look is read from its files and variables, the later ones overriding."""

import sys
from pathlib import Path

import pytest

from sessions_app.engines.models.pip_options import PYPI, read_options


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home in which nothing is configured yet."""
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_CERT", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "xdg"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_where_nothing_is_configured_it_is_pypi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    options = read_options()
    assert options.indexes == (PYPI,)
    assert (options.find_links, options.proxy, options.cert) == ((), None, None)


def test_files_overrule_each_other_and_variables_overrule_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "xdg" / "pip" / "pip.conf", "[global]\nindex-url = http://a/\n")
    write(
        home / "config" / "pip" / "pip.conf",
        "[global]\nindex_url = http://b/\ncert = /a.pem\nproxy = p:1\n",
    )
    write(home / "venv" / "pip.conf", "[download]\nindex-url = http://c/\n[install]\nproxy = x\n")
    options = read_options()
    assert (options.indexes, options.cert, options.proxy) == (("http://c/",), "/a.pem", "p:1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://d/")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://e/ http://f/")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "e f:8080")
    options = read_options()
    assert options.indexes == ("http://d/", "http://e/", "http://f/")
    assert options.trusted_hosts == {"e", "f:8080"}


def test_several_values_stand_in_lines_of_their_own(home: Path) -> None:
    text = "[global]\nno-index = true\nfind-links =\n    /one\n    http://two/links.html\n"
    write(home / "venv" / "pip.conf", text)
    options = read_options()
    assert (options.indexes, options.find_links) == ((), ("/one", "http://two/links.html"))


def test_a_file_that_is_none_is_passed_over(home: Path) -> None:
    write(home / "venv" / "pip.conf", "what is this")
    assert len(read_options().indexes) >= 1
