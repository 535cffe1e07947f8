"""The translator that the owner chose on the settings page, in place of the environment's."""

import logging
from dataclasses import dataclass, field, replace

from sessions_app.core.errors import StoreError
from sessions_app.engines.base import Progress
from sessions_app.engines.choices import current_backend, names_of
from sessions_app.engines.loading import EngineChoice, Engines, EngineSettings, load_engines
from sessions_app.models import EngineSetting
from sessions_app.store.database.thread import on_database_thread

logger = logging.getLogger(__name__)

KIND = "translator"


@dataclass(frozen=True, slots=True)
class OwnerChoice:
    """A translator by its short name; the rest is of a language model only."""

    backend: str
    url: str = ""
    model: str = ""
    profile: str = ""
    key: str = field(default="", repr=False)

    def over(self, settings: EngineSettings) -> EngineSettings:
        """Return ``settings`` with this translator.

        Where another server is chosen than the environment's, that one's key is not sent to it; nor
        is a key of this choice to a server that the environment names.
        """
        if self.backend != "llm":
            return replace(settings, translator=EngineChoice(self.backend))
        named = {"url": self.url, "model": self.model, "profile": self.profile, "key": self.key}
        options = {name: value for name, value in named.items() if value}
        given = settings.llm or {}
        if self.url or self.profile:
            given = {"prices": given["prices"]} if "prices" in given else {}
        else:
            options.pop("key", None)
        return replace(settings, translator=EngineChoice("llm", options), llm=given)


async def load_chosen_engines(settings: EngineSettings, progress: Progress) -> Engines:
    """Return loaded engines, as the environment asks for them and then the owner.

    Raises:
        EngineUnavailableError: one that was chosen cannot be loaded.
    """
    try:
        chosen = await on_database_thread(current_choice)()
    except StoreError:
        logger.warning("the owner's choice of engines could not be read")
        chosen = None
    return await load_engines(chosen.over(settings) if chosen else settings, progress)


def current_choice() -> OwnerChoice | None:
    """Return what the owner chose; None: what the environment says."""
    fields = ("backend", "url", "model", "profile", "key")
    row = EngineSetting.objects.filter(pk=KIND).values(*fields).first()
    if row is None:
        return None
    row["backend"] = current_backend(row["backend"])
    if row["backend"] not in names_of(KIND):
        logger.warning("the owner's choice, %s, is no engine any more", row["backend"])
        return None
    return OwnerChoice(**row)


def save_choice(chosen: OwnerChoice | None) -> None:
    """Keep what the owner chose, for the next engines that are loaded."""
    if chosen is None:
        EngineSetting.objects.filter(pk=KIND).delete()
        return
    values = {
        "backend": chosen.backend,
        "url": chosen.url,
        "model": chosen.model,
        "profile": chosen.profile,
        "key": chosen.key,
    }
    EngineSetting.objects.update_or_create(pk=KIND, defaults=values)
