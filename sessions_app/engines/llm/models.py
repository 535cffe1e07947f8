"""Which models a server of chat completions has, and which of them can chat, as far as it says."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sessions_app.core.errors import EngineError
from sessions_app.engines.llm.client import ChatClient
from sessions_app.engines.llm.replies import STRANGE, read_object
from sessions_app.engines.server_profiles import is_in_the_cloud

LOOK_SECONDS = 3.0
"""How long a server's own API may take to say what its models can do."""
MOST_ASKED = 30
"""For how many models Ollama is asked what they can do."""
CHATS = frozenset(
    {"llm", "vlm", "chat", "language", "completion", "completion_chat", "text-generation"}
)
"""What servers call a chat model: its type, task or capability."""
_DOES_NOT = re.compile(
    r"embed|rerank|classif|moderat|speech|audio|transcri|image|diffusion", re.IGNORECASE
)
_SELDOM_CHATS = re.compile(
    r"\b(?:bge|gte|e5|clip|siglip|mxbai|nomic|tts|flux|sdxl|dall-e|kokoro|piper|parakeet)\b|minilm"
    r"|whisper|arctic-|colbert|llama-guard",
    re.IGNORECASE,
)
"""Names of models that are tried last if the server does not say what they are."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model of a server."""

    name: str
    can_chat: bool | None = None
    """None: the server does not say."""
    is_loaded: bool = False


def read_models(body: bytes) -> list[ServedModel]:
    """Return the models of a list, in its order.

    Raises:
        EngineError: it is no list of models.
    """
    answer = read_object(body)
    items = answer.get("data", answer.get("models"))
    if not isinstance(items, list):
        raise EngineError(STRANGE)
    models = [_model(item) for item in items if isinstance(item, dict)]
    return [model for model in models if model.name]


async def chat_models(
    client: ChatClient, models: Sequence[ServedModel], profile: str = "other"
) -> list[str]:
    """Return the names of the models that can chat, followed by those that may.

    A server in one's own network is asked through its own API, if it has one. Loaded models go
    first, and those with the name of another kind last; otherwise the server's order is kept.
    """
    is_asked = not is_in_the_cloud(client.url)
    found = (await _told(client, models, profile) if is_asked else []) or models
    able = [model for model in found if model.can_chat is not False]
    able.sort(key=lambda model: (_doubt(model), not model.is_loaded))
    return [model.name for model in able]


def _doubt(model: ServedModel) -> int:
    if model.can_chat:
        return 0
    is_other = _DOES_NOT.search(model.name) or _SELDOM_CHATS.search(model.name)
    return 2 if is_other else 1


async def _told(
    client: ChatClient, models: Sequence[ServedModel], profile: str
) -> list[ServedModel]:
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            for look in _LOOKS.get(profile, ()):
                # a single model leaves no choice: it is tried
                if len(models) == 1 and look is not _llama_cpp:
                    continue
                if told := await look(client, models):
                    return told
    return []


# --- the servers' own APIs: each returns nothing if the server is not of its kind


async def _lm_studio(client: ChatClient, models: Sequence[ServedModel]) -> list[ServedModel]:
    for path in ("/api/v0/models", "/api/v1/models"):
        try:
            told = read_models(await client.ask("GET", client.root + path))
        except EngineError:
            continue
        if any(model.can_chat is not None for model in told):
            by_name = {model.name: model for model in told}
            return [by_name.get(model.name, model) for model in models]
    return []


async def _ollama(client: ChatClient, models: Sequence[ServedModel]) -> list[ServedModel]:
    """Ask about one model after the other until one can chat."""
    asked: list[ServedModel] = []
    for model in models[:MOST_ASKED]:
        try:
            body = await client.ask("POST", f"{client.root}/api/show", {"model": model.name})
            can_chat = _by_capabilities(read_object(body).get("capabilities"))
        except EngineError:
            can_chat = None
        if can_chat is None and not asked:
            return []
        asked.append(replace(model, can_chat=can_chat))
        if can_chat:
            break
    return asked + list(models[len(asked) :])


async def _llama_cpp(client: ChatClient, models: Sequence[ServedModel]) -> list[ServedModel]:
    """Ask for the properties of the only model: if it can chat it has a template."""
    if len(models) != 1:
        return []
    try:
        template = read_object(await client.ask("GET", f"{client.root}/props")).get("chat_template")
    except EngineError:
        return []
    return [replace(models[0], can_chat=bool(template))] if isinstance(template, str) else []


_Look = Callable[[ChatClient, Sequence[ServedModel]], Awaitable[list[ServedModel]]]
_LOOKS: Mapping[str, tuple[_Look, ...]] = {
    "lm-studio": (_lm_studio,),
    "ollama": (_ollama,),
    "llama-cpp": (_llama_cpp,),
    "other": (_lm_studio, _llama_cpp, _ollama),
}


# --- parsing


def _model(item: Mapping[str, Any]) -> ServedModel:
    name = item.get("id", item.get("key", item.get("name")))
    name = name if isinstance(name, str) else ""
    can_chat = False if "embed" in name.lower() else _can_chat(item)
    return ServedModel(name, can_chat, _is_loaded(item))


def _can_chat(item: Mapping[str, Any]) -> bool | None:
    kinds = [kind for kind in (item.get("type"), item.get("task")) if isinstance(kind, str)]
    if any(kind in CHATS or kind.endswith("-text-to-text") for kind in kinds):
        return True
    if any(map(_DOES_NOT.search, kinds)):
        return False
    return _by_capabilities(item.get("capabilities"))


def _by_capabilities(capabilities: Any) -> bool | None:
    """Return whether they include chatting; None: they say nothing about it."""
    if isinstance(capabilities, dict):
        told = [bool(has) for name, has in capabilities.items() if name in CHATS]
        return any(told) if told else None
    if not isinstance(capabilities, list) or not capabilities:
        return None
    names = [name for name in capabilities if isinstance(name, str)]
    if any(name in CHATS for name in names):
        return True
    return False if any(map(_DOES_NOT.search, names)) else None


def _is_loaded(item: Mapping[str, Any]) -> bool:
    status = item.get("status")
    state = status.get("value") if isinstance(status, dict) else item.get("state")
    return state == "loaded" or bool(item.get("loaded_instances"))
