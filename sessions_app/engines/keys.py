"""Which API key is sent to which server: one rule for all requests.

A configured key is sent to the address it was configured with, and to no other. The environment's
OPENAI_API_KEY is sent to OpenAI itself. No key crosses the internet unencrypted.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.server_profiles import PROFILES, is_in_the_cloud, is_on_this_machine

OPENAI_VARIABLE = "OPENAI_API_KEY"
OPENAI = re.compile(
    r"https://(?:(?:us|eu|ae|au|ca|gb|in|jp|kr|sg)\.)?api\.openai\.com(?::443)?(?:/[!-~]*)?",
    re.IGNORECASE | re.ASCII,
)
"""Its host, and those of its regions (developers.openai.com/api/docs/guides/data-residency).

Matched as a whole and as written, so that no two URL parsers can disagree about the host.
"""
SENDABLE = re.compile(r"[!-~]+")
"""The characters that a header can contain, without blanks."""

UNSENDABLE = "A key has no blanks and no accents; this one cannot be sent."
UNENCRYPTED = (
    "A key is not sent over the internet in the clear; an address that begins with https:// would "
    "be right, or, of a server in your own network, its number."
)
HUGGING_FACE = "https://huggingface.co"


def is_openai(url: str) -> bool:
    """Return whether ``url`` is an encrypted address of OpenAI itself."""
    return OPENAI.fullmatch(url) is not None


def headers_for(url: str, configured: str = "") -> dict[str, str]:
    """Return the headers that authenticate requests to ``url``; empty: there is no key.

    ``configured`` is the key that was configured for ``url``.

    Raises:
        EngineUnavailableError: the key must not or cannot be sent there, in words for people.
    """
    key = configured or _of_openai(url)
    if not key:
        return {}
    if problem := problem_of(url, key):
        raise EngineUnavailableError(problem)
    return {"authorization": f"Bearer {key}"}


def problem_of(url: str, key: str) -> str:
    """Return why ``key`` must not or cannot be sent to ``url``, for people; empty: it can.

    An empty ``url`` is this machine.
    """
    if not key:
        return ""
    if not SENDABLE.fullmatch(key):
        return UNSENDABLE
    if url and not url.lower().startswith("https://") and is_in_the_cloud(url):
        return UNENCRYPTED
    return ""


def may_use_proxy(url: str, *, has_key: bool) -> bool:
    """Return whether the environment's proxy may be used for ``url``.

    No proxy is used for this machine, and none is shown a key.
    """
    is_shown = has_key and not url.lower().startswith("https://")
    return not is_shown and not is_on_this_machine(url)


def may_show_hub_token(endpoint: str) -> bool:
    """Return whether this machine's Hugging Face token may be sent to ``endpoint``."""
    return endpoint.rstrip("/").lower() == HUGGING_FACE


def without_foreign_key(
    given: Mapping[str, Any] | None, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options ``given``, overridden by those ``chosen``.

    A key among those given belongs to the address among them, and is not sent to another.
    """
    options = {**(given or {}), **chosen}
    if "key" not in chosen and _address(options) != _address(given or {}):
        options.pop("key", None)
    return options


def _address(options: Mapping[str, Any]) -> str:
    profile = PROFILES.get(options.get("profile", ""))
    return options.get("url", "") or (profile.url if profile else "")


def _of_openai(url: str) -> str:
    key = os.environ.get(OPENAI_VARIABLE, "").strip()
    return key if is_openai(url) else ""
