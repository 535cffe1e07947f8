"""What differs between the servers that speak OpenAI's chat completions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit


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


def profile_of(url: str) -> Profile:
    """Return the profile that the address of a server suggests."""
    parts = urlsplit(url)
    for profile in PROFILES.values():
        own = urlsplit(profile.url)
        is_there = (parts.hostname or "") == own.hostname or is_on_this_machine(url)
        if profile.url and is_there and parts.port == own.port:
            return profile
    return PROFILES["other"]


def is_on_this_machine(url: str) -> bool:
    """Return whether ``url`` is a loopback address."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES


def is_in_the_cloud(url: str) -> bool:
    """Return whether ``url`` leads out of the house: neither this machine nor its own network."""
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_private
    except ValueError:
        is_near = "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))
        return not is_near
