"""Whether text is the address of a server, and at which addresses its API may be."""

import re
import unicodedata
from ipaddress import IPv6Address
from urllib.parse import urlsplit

SCHEMES = ("http", "https")
UNREADABLE = re.compile(r"[\s\\]")
"""URL parsers disagree about these characters."""
NAME = re.compile(r"(?!-)[\w-]{1,63}(?:\.(?!-)[\w-]{1,63})*\.?", re.ASCII)
"""Of a host name; in a local network it needs no dot."""
NUMBER_6 = re.compile(r"(?:[^@]*@)?\[[0-9a-f:.]+\](?::\d*)?", re.IGNORECASE | re.ASCII)
"""A host that is an IPv6 address, with credentials and port."""
ENDS = (
    *("/chat/completions", "/completions", "/responses", "/embeddings", "/models"),
    "/audio/transcriptions",
)
"""What people copy along with an address."""
OWN = "/api"
"""Where servers of language models have an API of their own."""
VERSION = re.compile(r"/v\d+[a-z0-9]*$", re.IGNORECASE)
"""The usual end of an API's address."""


def is_server_address(text: str) -> bool:
    """Return whether ``text`` is an http or https URL with a valid host and port."""
    if UNREADABLE.search(text) or not text.isprintable():
        return False
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        if parts.scheme not in SCHEMES or port == 0:
            return False
        if "[" in parts.netloc:
            return NUMBER_6.fullmatch(parts.netloc) is not None and bool(IPv6Address(host))
        name = host.encode("idna")
        name.decode("idna")
    except ValueError:  # also of names that idna rejects
        return False
    is_itself = unicodedata.normalize("NFKC", host) == host
    return is_itself and NAME.fullmatch(name.decode("ascii")) is not None


def api_addresses(url: str) -> list[str]:
    """Return where the API that ``url`` refers to may be: as given, then with /v1."""
    given = url.rstrip("/")
    stem = next((given.removesuffix(end) for end in ENDS if given.endswith(end)), given)
    if VERSION.search(stem):
        return [stem]
    # never further up: that may belong to somebody else, who must not see the key
    return [stem, f"{stem}/v1", *([stem.removesuffix(OWN) + "/v1"] if stem.endswith(OWN) else [])]
