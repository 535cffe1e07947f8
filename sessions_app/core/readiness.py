"""Why a session opened now would bring no text: for whoever may use the server, and for strangers.

Strangers learn what kind of thing is wrong, and no address, path, name or model of this machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NOT_WELL = "It is not ready; whoever may use this server is told why."
LOADING = "Engines are loading."
NOT_LOADED = "The engines could not be loaded."
NO_WORDS = "The engines bring no words."
PLAIN = frozenset({"database", "disk"})
"""The troubles whose words are always our own, and the same."""
UNANSWERED = "The language model does not answer."
MODEL_LOADS = "The language model is being loaded."
UNWELL = "The language model is not as it should be."
OF_MODELS = {"loading": MODEL_LOADS, "down": UNANSWERED}
"""By the state of the model."""
IN_PLAIN_WORDS = {"LM Studio": UNANSWERED}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, as it is told."""

    told: str
    public: str = ""
    """For strangers; empty: as it stands."""


def of_loading(problem: str, step: str) -> Reason:
    """Return the reason while no engines are loaded; ``problem``: why they could not be."""
    if problem:
        return Reason(problem, NOT_LOADED)
    return Reason(f"Engines are loading: {step or '...'}", LOADING)


def of_troubles(troubles: Mapping[str, str]) -> list[Reason]:
    """Return a reason for each trouble that is one, by its name."""
    return [
        Reason(trouble, "" if name in PLAIN else IN_PLAIN_WORDS.get(name, NOT_WELL))
        for name, trouble in troubles.items()
        if trouble
    ]


def of_model(told: str, *, state: str) -> Reason:
    """Return what is to be known of the language model, in the words ``told``."""
    return Reason(told, OF_MODELS.get(state, UNWELL))


def for_strangers(reasons: list[Reason]) -> list[str]:
    """Return what anybody may read of ``reasons``, each once."""
    return list(dict.fromkeys(reason.public or reason.told for reason in reasons))
