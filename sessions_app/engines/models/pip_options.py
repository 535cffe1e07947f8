"""Where pip would look for packages, read from its configuration where pip itself is missing.

https://pip.pypa.io/en/stable/topics/configuration/
"""

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PYPI = "https://pypi.org/simple"
SECTIONS = ("global", "download")
"""The sections that `pip download` reads; later ones override earlier ones."""
YES = frozenset({"1", "true", "yes", "on", "y", "t"})


@dataclass(frozen=True, slots=True)
class PipOptions:
    """The options of pip that matter for finding a package."""

    indexes: tuple[str, ...]
    """Addresses of simple indexes, in pip's order."""
    find_links: tuple[str, ...]
    """Directories, files and pages that hold packages, or links to them."""
    proxy: str | None
    cert: str | None
    """A file with the certificates that are trusted."""
    trusted_hosts: frozenset[str]
    """Hosts, some with a port, whose certificates are not verified."""


def read_options() -> PipOptions:
    """Return what pip's configuration files and the environment say."""
    options: dict[str, str] = {}
    for path in _files():
        options |= _in_file(path)
    options |= _in_environment(os.environ)
    is_closed = options.get("no-index", "").strip().lower() in YES
    indexes = [options.get("index-url", PYPI), *options.get("extra-index-url", "").split()]
    return PipOptions(
        indexes=() if is_closed else tuple(filter(None, indexes)),
        find_links=tuple(options.get("find-links", "").split()),
        proxy=options.get("proxy") or None,
        cert=options.get("cert") or None,
        trusted_hosts=frozenset(options.get("trusted-host", "").split()),
    )


def _files() -> Iterator[Path]:
    """Return pip's configuration files, in the order in which they override each other."""
    named = os.environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    home = Path(os.path.expanduser("~"))
    for directory in os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep):
        yield Path(directory, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf")
    yield Path(sys.prefix, "pip.conf")
    if named:
        yield Path(named)


def _in_file(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (OSError, configparser.Error, UnicodeDecodeError):
        return {}
    found: dict[str, str] = {}
    for section in SECTIONS:
        if parser.has_section(section):
            found |= {_key(name): value for name, value in parser.items(section)}
    return found


def _in_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        _key(name.removeprefix("PIP_")): value
        for name, value in environ.items()
        if name.startswith("PIP_") and value
    }


def _key(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
