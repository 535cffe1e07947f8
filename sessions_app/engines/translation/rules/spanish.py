"""Spanish into English: what is changed around Apertium's rules."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from sessions_app.engines.translation.rules.draft import BARE, Draft
from sessions_app.engines.translation.rules.english_forms import finish_english
from sessions_app.engines.translation.rules.sections import lower_first_word
from sessions_app.engines.translation.rules.spanish_clock import tell_spanish_times
from sessions_app.engines.translation.rules.spanish_words import translate_spanish
from sessions_app.engines.translation.rules.units import Unit, tags_of, with_tags

_NO_CAPITALS = re.compile(r"(?!)")
_WHOM = "(?:te|le|les|os)"
_REWRITTEN: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in [
        (rf"\bqu[eé] {_WHOM} parece(?:r[íi]a)? si (?=\w)", "[how about] "),
        (rf"\bqu[eé] {_WHOM} parecen? (?=\w)", "[what do you think of] "),
        (rf"\bqu[eé] {_WHOM} parece\b", "[what do you think]"),
        (r"(?<=¿)y si (?=\w)", "[what if] "),
        (r"(?<=¿)qu[eé] tal si (?=\w)", "[how about] "),
        (rf"\b{_WHOM} importa(?:r[íi]a)? si (?=\w)", "[do you mind if] "),
        (
            rf"\b{_WHOM} importa(?:r[íi]a)? (?=\w+[aei]r(?:me|nos|lo|la|le)?\b)",
            f"[would you mind] {BARE}",
        ),
        (r"\b(?:a m[íi] )?no me importa(?=\s*[.,!?]|\s*$)", "[I don't mind]"),
        (r"\bme llamo\b", "[my name is]"),
        (r"\ba qu[eé] hora\b", "[what time]"),
        (r"\btengo miedo(?=\s*[.,!?]|\s*$)", "[I'm afraid]"),
        (r"\bpresion(e|en|a|ar)\b", r"puls\1"),
        (r"\boprim(?:a|e)\b", "pulse"),
        (r"\boprimir\b", "pulsar"),
        (r"\bdigite\b", "marque"),
    ]
]
"""What is said in other words, or by an insert in brackets."""
_INSERT = re.compile(r"\[([^\]]+)\]")
_REQUEST = re.compile(r"por favor", re.IGNORECASE)


class SpanishRules:
    """What is changed of Spanish, and of the English that comes of it."""

    def rewrite(self, draft: Draft) -> None:
        """Replace times of day, proposals and what else the rules cannot do."""
        for pattern, other in _REWRITTEN:
            draft.text = pattern.sub(_putting(other, draft), draft.text)
        tell_spanish_times(draft)

    def tell_apart(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Leave the readings that stand to reason: imperatives, and what is asked for."""
        units = lower_first_word(sentence, _NO_CAPITALS)
        is_request = any(_REQUEST.fullmatch(unit.surface) for unit in units)
        told: list[Unit] = []
        is_asked = False
        for unit in units:
            is_asked = is_asked or BARE in unit.marks
            if is_asked and unit.may_be("vblex", "inf"):
                verb = next(part for part in unit.parts[1:] if "inf" in tags_of(part))
                unit = replace(unit, parts=(unit.surface, _as_gerund(verb)))
                is_asked = False
            elif _is_order(told, unit, is_request=is_request):
                unit = unit.only("imp")
            elif told and unit.may_be("vblex", "ifi") and told[-1].surface == "¿":
                unit = unit.without("n")
            told.append(unit)
        return told

    def translate(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Translate verbs whose subject is another one in English, and the going future."""
        return translate_spanish(sentence)

    def finish(self, sentence: Sequence[Unit]) -> list[Unit]:
        """Put the words of questions into their order."""
        return finish_english(sentence)


def _putting(other: str, draft: Draft) -> Callable[[re.Match[str]], str]:
    def put(found: re.Match[str]) -> str:
        text = found.expand(other)
        made = _INSERT.sub(lambda one: draft.insert(one[1]), text)
        return made[:1].upper() + made[1:] if found[0][:1].isupper() else made

    return put


def _as_gerund(verb: str) -> str:
    head, plus, rest = verb.partition("+")
    return with_tags(head, "vblex", "ger") + plus + rest


def _is_order(before: Sequence[Unit], unit: Unit, *, is_request: bool) -> bool:
    """Return whether this begins what somebody is asked to do: ``pulse``; ``cierra, por favor``."""
    begins = (
        not before
        or before[-1].surface in (",", "¡")
        or before[-1].surface.lower()
        in (
            "por favor",
            "y",
            "o",
        )
    )
    if not begins or not unit.may_be("imp"):
        return False
    if unit.may_be("imp", "p3") and unit.may_be("prs"):
        return True
    return is_request and unit.may_be("imp", "p2")
