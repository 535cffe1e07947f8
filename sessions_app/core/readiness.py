"""Why a session opened now would produce no text: for users of the server, and for strangers.

Strangers learn what kind of problem there is, but no address, path, name or model of this machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NOT_WELL = "It is not ready; users of this server are told why."
LOADING = "Engines are loading."
NOT_LOADED = "The engines could not be loaded."
NO_WORDS = "The engines produce no words."
PLAIN = frozenset({"database", "disk"})
"""Problems whose texts are our own and constant, and so fit for strangers."""
UNANSWERED = "The language model does not answer."
MODEL_LOADS = "The language model is being loaded."
UNWELL = "The language model does not work as it should."
OF_MODELS = {"loading": MODEL_LOADS, "down": UNANSWERED}
"""Texts for strangers, by the state of the model."""
IN_PLAIN_WORDS = {"LM Studio": UNANSWERED}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why the server is not ready."""

    text: str
    """For users."""
    public_text: str = ""
    """For strangers; empty: the same."""


def of_loading(problem: str, step: str) -> Reason:
    """Return the reason while no engines are loaded; ``problem``: why they could not be loaded."""
    if problem:
        return Reason(problem, NOT_LOADED)
    return Reason(f"Engines are loading: {step or '...'}", LOADING)


def of_troubles(troubles: Mapping[str, str]) -> list[Reason]:
    """Return a reason for each problem that has a text, by the problem's name."""
    return [
        Reason(trouble, "" if name in PLAIN else IN_PLAIN_WORDS.get(name, NOT_WELL))
        for name, trouble in troubles.items()
        if trouble
    ]


def of_model(text: str, *, state: str) -> Reason:
    """Return the reason ``text`` about the language model, which is in ``state``."""
    return Reason(text, OF_MODELS.get(state, UNWELL))


def for_strangers(reasons: list[Reason]) -> list[str]:
    """Return the texts of ``reasons`` that anybody may read, each once."""
    return list(dict.fromkeys(reason.public_text or reason.text for reason in reasons))
