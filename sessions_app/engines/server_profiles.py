"""What differs between the servers that speak OpenAI's chat completions."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from sessions_app.engines.server_address import is_server_address


class Format(StrEnum):
    """How a server is asked for JSON, strictest first."""

    JSON_SCHEMA = "json_schema"
    OBJECT_WITH_SCHEMA = "object_with_schema"
    """llama-cpp-python's own server: ``json_object`` with a ``schema`` in it."""
    JSON_OBJECT = "json_object"
    TEXT = "text"
    """Asked for in words only."""
    BARE = "bare"
    """The same, without anything that a server need not know: temperature, limits, extras."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of server."""

    name: str
    url: str = ""
    """Where it listens by itself, up to ``/v1``; empty: anywhere."""
    formats: tuple[Format, ...] = tuple(Format)
    """The ladder of formats; a rung that is refused is left for the next."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """Sent with each request: above all, that it should not think aloud."""
    temperature: float | None = 0.2
    """None: its newer models refuse any."""
    limit_name: str = "max_tokens"
    """What it calls the limit of an answer's length."""
    model: str = ""
    """The model where none is named; empty: the first that it has."""


_NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}
PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        # it refuses json_object, and its REST cannot turn thinking off
        Profile(
            "lm-studio",
            "http://127.0.0.1:1234/v1",
            (Format.JSON_SCHEMA, Format.TEXT, Format.BARE),
        ),
        Profile(
            "ollama",
            "http://127.0.0.1:11434/v1",
            (Format.JSON_SCHEMA, Format.JSON_OBJECT, Format.TEXT, Format.BARE),
            {"reasoning_effort": "none"},
        ),
        Profile(
            "llama-cpp",
            "http://127.0.0.1:8080/v1",
            extras={"cache_prompt": True, **_NO_THINKING},
        ),
        Profile(
            "vllm",
            "http://127.0.0.1:8000/v1",
            (Format.JSON_SCHEMA, Format.JSON_OBJECT, Format.TEXT, Format.BARE),
            _NO_THINKING,
        ),
        Profile(
            "openai",
            "https://api.openai.com/v1",
            (Format.JSON_SCHEMA, Format.JSON_OBJECT, Format.TEXT, Format.BARE),
            temperature=None,
            limit_name="max_completion_tokens",
            model="gpt-4o-mini",
        ),
        Profile("other"),
    )
}
HERE = ("lm-studio", "ollama", "llama-cpp")
"""Which are looked for on this machine; vLLM's port is also Habla's own."""
LOOPBACK_NAMES = ("localhost", "ip6-localhost")
NEAR_NAMES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")
SHARED = ip_network("100.64.0.0/10")
"""No address of the internet: what Tailscale gives to one's own machines."""
DEFAULT_PORTS = {"http": 80, "https": 443}


def check_server(url: str, profile: str) -> None:
    """Raise ValueError, with what would be right, unless an ``url`` and a ``profile`` go together.

    Either may be empty.
    """
    if url and not is_server_address(url):
        raise ValueError("url is an address that begins with http:// or https://")
    if profile and profile not in PROFILES:
        raise ValueError(f"profile is one of {', '.join(PROFILES)}")
    if profile == "other" and not url:
        raise ValueError("the profile other needs an url")


def addresses_of(url: str, profile: str) -> list[str]:
    """Return where to look for a server: at ``url``, or where such servers listen by themselves."""
    if url:
        return [url]
    return [PROFILES[name].url for name in ([profile] if profile else HERE)]


def profile_of(url: str) -> Profile:
    """Return the profile that the address of a server suggests."""
    for profile in PROFILES.values():
        if profile.url and _is_at(url, profile.url):
            return profile
    return PROFILES["other"]


def _is_at(url: str, own: str) -> bool:
    here, there = urlsplit(url), urlsplit(own)
    is_same_host = here.hostname == there.hostname or (
        is_on_this_machine(url) and is_on_this_machine(own)
    )
    return is_same_host and _port(url) == _port(own)


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    try:
        return parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None


def is_on_this_machine(url: str) -> bool:
    """Return whether ``url`` is a loopback address; not where that is unclear."""
    host = _host(url)
    address = _address(host)
    return host in LOOPBACK_NAMES if address is None else address.is_loopback


def is_in_the_cloud(url: str) -> bool:
    """Return whether ``url`` leads out of the house: neither this machine nor its own network.

    What is unclear does.
    """
    host = _host(url)
    address = _address(host)
    if not host:
        return True
    if address is None:
        return "." in host and not host.endswith(NEAR_NAMES)
    return not address.is_private and address not in SHARED


def _host(url: str) -> str:
    """Return the host of ``url``; empty: it is unclear."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that ``host`` is; None: it is a name.

    Also one as the system reads it and nobody writes it: ``134744072`` is 8.8.8.8.
    """
    try:
        address = ip_address(host)
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
