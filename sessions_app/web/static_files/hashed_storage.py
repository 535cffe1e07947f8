"""Names with a hash of their content for static files, so that browsers may keep them for ever.

Nothing is written to the disk: what a file held when its name was made is kept in memory.
"""

import gzip
import hashlib
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.media_types import MediaTypes

from sessions_app.web.static_files.bundling import (
    Bundle,
    BundlingError,
    bundle_modules,
    minify_files,
)
from sessions_app.web.static_files.styles import whole_style

logger = logging.getLogger(__name__)

HASH_LETTERS = 12
HASHED_NAME = re.compile(r"(?P<stem>.+)\.[0-9a-zA-Z]{8,12}(?P<suffix>\.\w+)")
MEDIA_TYPES = MediaTypes(extra_types=settings.WHITENOISE_MIMETYPES)
LEAST_GAIN = 0.95
"""A file that gzip leaves longer than this part of it is served as it is."""


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A file as it is served."""

    name: str
    """Its name with the hash."""
    body: bytes = field(repr=False)
    """Its content, compressed by gzip if `is_compressed`."""
    is_compressed: bool

    @property
    def content_type(self) -> str:
        """Return its MIME type; text is UTF-8."""
        kind = MEDIA_TYPES.get_type(self.name)
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind

    @property
    def hash(self) -> str:
        """Return the hash in its name."""
        return self.name.rsplit(".", 2)[-2]

    @property
    def content(self) -> bytes:
        """Return its content as it is without compression."""
        return gzip.decompress(self.body) if self.is_compressed else self.body


class HashedFilesStorage(StaticFilesStorage):
    """Gives static files their hashed names, and what is served under these.

    ``modules`` are the ES modules that pages name, ``later`` those that these load when they need
    them. They are bundled when the first of them is named; without esbuild they keep their names,
    like all files while DEBUG is on. ``scripts`` import nothing; they are minified, like the
    styles of the apps that have modules.
    """

    def __init__(
        self,
        *args: Any,
        modules: Sequence[str] = (),
        later: Sequence[str] = (),
        scripts: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._modules = tuple(modules)
        self._later = tuple(later)
        self._scripts = tuple(scripts)
        self._apps = {_app_of(module) for module in modules}
        self._lock = RLock()
        self._small: dict[str, bytes] | None = None
        self._bundle: Bundle | None = None
        self._is_unable = False
        self._by_source: dict[str, HashedFile] = {}
        self._by_name: dict[str, HashedFile] = {}

    def url(self, name: str | None) -> str:
        """Return the address of a file, with a hash where it can have one."""
        return super().url(self.hashed_name(name) if name else name)

    def hashed_name(self, name: str) -> str:
        """Return the name under which ``name`` is served for ever; else ``name`` itself."""
        if settings.DEBUG:
            return name
        if name in self._modules or name in self._later:
            bundle = self._bundled()
            return bundle.names[name] if bundle else name
        file = self._hashed(name)
        return file.name if file else name

    def file_called(self, hashed_name: str) -> HashedFile | None:
        """Return the file with this hashed name, as any process of this release gives it.

        A name from another release gives the file of this one, whose name differs: a page that
        was opened before may yet load it.
        """
        if settings.DEBUG or not (parts := HASHED_NAME.fullmatch(hashed_name)):
            return None
        if hashed_name not in self._by_name:
            # it may be of a bundle, or of a source, that was not asked for yet
            self._bundled()
            current = self.hashed_name(parts["stem"] + parts["suffix"])
            return self._by_name.get(hashed_name) or self._by_name.get(current)
        return self._by_name[hashed_name]

    def hashed_names(self, names: Iterable[str]) -> list[str]:
        """Return the hashed names of ``names``, in order, without those that have none."""
        hashed = ((name, self.hashed_name(name)) for name in names)
        return sorted(other for name, other in hashed if other != name)

    def _hashed(self, name: str) -> HashedFile | None:
        if name not in self._by_source:
            path = finders.find(name)
            if path is None or not Path(path).is_file():
                return None
            content = self._minified().get(name) or Path(path).read_bytes()
            stem, dot, suffix = name.rpartition(".")
            digest = hashlib.sha256(content).hexdigest()[:HASH_LETTERS]
            self._by_source[name] = self._keep(f"{stem}.{digest}{dot}{suffix}", content)
        return self._by_source[name]

    def _keep(self, name: str, content: bytes) -> HashedFile:
        body = gzip.compress(content, mtime=0)
        is_smaller = len(body) < LEAST_GAIN * len(content)
        file = HashedFile(name, body if is_smaller else content, is_smaller)
        self._by_name[name] = file
        return file

    def _bundled(self) -> Bundle | None:
        with self._lock:
            if self._bundle is None and not self._is_unable:
                self._bundle = self._made()
            return self._bundle

    def _made(self) -> Bundle | None:
        try:
            sources = {name: path.read_bytes() for name, path in self._own(".js").items()}
            addresses = dict.fromkeys(self._later, "")  # they do not load each other

            def url(name: str) -> str:
                return addresses[name] if name in addresses else self.url(name)

            later = bundle_modules(sources, self._later, url)
            addresses = {name: self.base_url + hashed for name, hashed in later.names.items()}
            bundle = later | bundle_modules(sources, self._modules, url)
        except BundlingError as error:
            logger.warning("pages load many small files: %s", error)
            self._is_unable = True
            return None
        except OSError as error:
            logger.warning("pages load many small files for now: %s", error.strerror)
            return None
        for name, content in bundle.files.items():
            self._keep(name, content)
        return bundle

    def _minified(self) -> dict[str, bytes]:
        """Return styles and the scripts that import nothing, by their names."""
        with self._lock:
            if self._small is None:
                self._small = self._made_small()
            return self._small

    def _made_small(self) -> dict[str, bytes]:
        styles = {name: whole_style(path).encode() for name, path in self._own(".css").items()}
        scripts = {
            name: path.read_bytes()
            for name, path in self._own(".js").items()
            if name in self._scripts
        }
        try:
            return minify_files(styles | scripts)
        except (BundlingError, OSError) as error:
            logger.warning("styles are served with their comments: %s", error)
            return styles

    def _own(self, suffix: str) -> dict[str, Path]:
        """Return the files of this kind of the apps that have modules, by their names."""
        return {
            name: Path(storage.path(name))
            for finder in finders.get_finders()
            for name, storage in finder.list(None)
            if name.endswith(suffix) and _app_of(name) in self._apps
        }


def _app_of(name: str) -> str:
    return name.partition("/")[0]
