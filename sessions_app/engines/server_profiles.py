"""The differences between servers of OpenAI's chat completions."""

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
    """Asked for in the prompt only."""
    BARE = "bare"
    """The same, without anything that a server may not know: temperature, limits, extras."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of server."""

    name: str
    url: str = ""
    """Its default address, up to ``/v1``; empty: none."""
    formats: tuple[Format, ...] = tuple(Format)
    """The formats to try, in order; after a refusal the next one is used."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """Sent with each request, above all to turn reasoning off."""
    temperature: float | None = 0.2
    """None: its newer models reject any."""
    limit_name: str = "max_tokens"
    """Its name for the limit on an answer's length."""
    model: str = ""
    """The default model; empty: the first that it has."""


_NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}
PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        # it rejects json_object, and its REST API cannot turn reasoning off
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
"""Which servers are searched for on this machine; vLLM's port is also Habla's own."""
LOOPBACK_NAMES = ("localhost", "ip6-localhost")
NEAR_NAMES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")
SHARED = ip_network("100.64.0.0/10")
"""Not the internet: addresses that Tailscale gives to one's own machines."""
DEFAULT_PORTS = {"http": 80, "https": 443}


def check_server(url: str, profile: str) -> None:
    """Raise ValueError, with what would be right, unless ``url`` and ``profile`` are compatible.

    Either may be empty.
    """
    if url and not is_server_address(url):
        raise ValueError("url is an address that begins with http:// or https://")
    if profile and profile not in PROFILES:
        raise ValueError(f"profile is one of {', '.join(PROFILES)}")
    if profile == "other" and not url:
        raise ValueError("the profile other needs an url")


def addresses_of(url: str, profile: str) -> list[str]:
    """Return where to look for a server: at ``url``, or at the default addresses."""
    if url:
        return [url]
    return [PROFILES[name].url for name in ([profile] if profile else HERE)]


def profile_of(url: str) -> Profile:
    """Return the profile that an address suggests."""
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
    """Return whether ``url`` is a loopback address; False if that is unclear."""
    host = _host(url)
    address = _address(host)
    return host in LOOPBACK_NAMES if address is None else address.is_loopback


def is_in_the_cloud(url: str) -> bool:
    """Return whether ``url`` leads to the internet, beyond this machine and its own network.

    If that is unclear it does.
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

    Numbers that only the system's resolver accepts count too: ``134744072`` is 8.8.8.8.
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
