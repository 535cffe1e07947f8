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
"""How long a server may take to say by its own interface what its models can do."""
MOST_ASKED = 30
"""Of how many models Ollama is asked what they can do."""
CHATS = frozenset(
    {"llm", "vlm", "chat", "language", "completion", "completion_chat", "text-generation"}
)
"""How servers call what can chat, as a type, a task or a capability."""
_DOES_NOT = re.compile(
    r"embed|rerank|classif|moderat|speech|audio|transcri|image|diffusion", re.IGNORECASE
)
_SELDOM_CHATS = re.compile(
    r"\b(?:bge|gte|e5|clip|siglip|mxbai|nomic|tts|flux|sdxl|dall-e|kokoro|piper|parakeet)\b|minilm"
    r"|whisper|arctic-|colbert|llama-guard",
    re.IGNORECASE,
)
"""Names of what is tried last where the server does not say what it is."""


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
    """Return the names of those that can chat, and then of those that may.

    A server of one's own is asked by its own interface, where it has one. What is loaded
    goes first, and last what by its name does something else; else the server's order stays.
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
                # there is nothing to choose from where there is one model: that is tried
                if len(models) == 1 and look is not _llama_cpp:
                    continue
                if told := await look(client, models):
                    return told
    return []


# --- the servers' own interfaces: each returns nothing where the server is not of its kind


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
    """Ask until one is found that can chat."""
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
    """Ask for the properties of the one model that it holds: one that can chat has a template."""
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


# --- reading


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
    """Return whether chatting is among them; None: it is not of what they tell."""
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
