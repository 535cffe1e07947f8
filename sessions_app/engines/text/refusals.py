"""Refusals: answers in which a language model speaks about itself instead of translating.

A person may say the same; then the source says so too.
"""

import re
from dataclasses import dataclass

from sessions_app.engines.text.refusal_words import PAIRS

LATEST = 60
"""How many characters may precede it: "I'm sorry, but"."""
HELD_CHARACTERS = 80
"""A beginning longer than this is shown, whatever it begins with."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of refusal, and the words in which a person would say the same."""

    says: re.Pattern[str]
    said: re.Pattern[str]
    latest: int | None
    """How many characters may precede it; None: any number."""


def _kind(says: str, said: str, latest: int | None = LATEST) -> _Kind:
    return _Kind(re.compile(says, re.IGNORECASE), re.compile(said, re.IGNORECASE), latest)


_CANNOT = (
    r"\b(?:i|we)(?:'m|'re| am| are)? "
    r"(?:can(?:'t|not| not)|could(?: not|n't)|won't|will not|must(?: respectfully)?"
    r"|have to|(?:not|un)[ -]?(?:able|allowed|permitted|comfortable|going|designed|programmed"
    r"|authorized|willing)(?: to)?)"
    r" (?:\w+ ){0,2}?"
)
_NO_PUEDO = (
    r"\b(?:no (?:(?:te|le|les|os|lo|la|se|me|nos) )*(?:puedo|podemos|podré|podría|me es posible"
    r"|soy capaz de|estoy (?:en condiciones de|autorizad[oa] (?:a|para)|programad[oa] para)"
    r"|voy a|es posible)|me niego a|(?:debo|tengo que) (?:declinar|rechazar|negarme a)) ?"
    r"(?:\w+ ){0,2}?"
)
_HELP = r"(?:help(?! (?:it|but|\w+ing|myself|themselves|yourself)\b)|assist|support|aid)\w*"
_AYUDAR = r"(?:ayud|asist|auxili|colabor|apoy)\w*"
_NEGATED = (
    r"\b(?:no|nunca|tampoco|ni|sin|n[ie]eg\w*|imposible|incapaz|never|not|\w+n't|cannot|unable)\b"
)


def _both(stem: str) -> str:
    """Return a pattern that finds ``stem`` in a negated clause."""
    return rf"{_NEGATED}[^.,;:!?]*{stem}|{stem}[^.,;:!?]*{_NEGATED}"


_KINDS = (
    _kind(
        rf"{_CANNOT}{_HELP}|{_NO_PUEDO}{_AYUDAR}",
        _both(
            r"\b(?:ayud|asist|auxili|colabor|apoy|respald|socorr|serv|atend|aguant|soport|hacer"
            r"|ech\w+ una mano|help|assist|aid|support)"
        ),
    ),
    _kind(
        rf"{_CANNOT}(?:translat|interpret)\w*|{_NO_PUEDO}(?:traduc|interpret)\w*",
        _both(r"\b(?:traduc|interpret|translat)"),
    ),
    _kind(
        rf"{_CANNOT}(?:comply|fulfil\w*|accommodate|engage|proceed|participate|continue with"
        rf"|(?:process|answer|respond to|discuss) (?:this|that|your|such)\b)"
        rf"|{_NO_PUEDO}(?:cumpl|acced|atend|proced|particip|complac|continu"
        rf"|(?:proces|respond|contest)\w+ (?:est[aeo]|es[aoe]|tu|su|a)\b)",
        _both(
            r"\b(?:cumpl|acced|atend|proced|particip|complac|continu|segu|sig|proces|respond|contest"
            r"|trat|habl|met|comply|fulfil|engage|proceed|process|answer|respond|discuss|go on|keep"
            r"|talk|tak)"
        ),
    ),
    _kind(
        rf"{_CANNOT}(?:provid|generat|creat|produc|offer|shar|write)\w* (?:a |any |the |that"
        rf"|this|such|content|translation|information|you )"
        rf"|{_NO_PUEDO}(?:proporcion|gener|cre|produc|ofrec|facilit|compart|escrib|brind|dar)\w* "
        rf"(?:una? |ning|la |el |ese|esa|est|contenido|traducci|informaci)",
        _both(
            r"\b(?:proporcion|gener|cre|produc|ofrec|facilit|compart|escrib|brind|da|d[oe]y|d[eé]|dieron|hay|hac"
            r"|pas|decir|provid|generat|creat|offer|shar|writ|giv|tell)"
        ),
    ),
    _kind(
        r"\bas an? (?:ai\b|artificial|(?:large )?language model|virtual assistant)"
        r"|\bi(?:'m| am) (?:just |only )?an? (?:ai\b|artificial|(?:large )?language model"
        r"|virtual assistant)"
        r"|\bcomo (?:una? )?(?:ia\b|inteligencia artificial|modelo (?:grande )?de (?:lenguaje|ia\b)"
        r"|asistente virtual)"
        r"|\bsoy (?:solo )?(?:una? )?(?:ia\b|inteligencia artificial|modelo de lenguaje"
        r"|asistente virtual)",
        r"\b(?:ia|ai|inteligencia|artificial|modelo|model|asistente|assistant|robot|m[aá]quina"
        r"|machine)\b",
    ),
    _kind(
        r"(?:please|could you(?: please)?|can you(?: please)?|i need you to) "
        r"(?:provide|share|enter|paste)(?: me)?(?: with)? "
        r"(?:the|more|a|some|your)\b[^.?!]{0,25}\b(?:text|sentence|phrase|transcript|context)"
        r"|\b(?:there is|there's|i (?:don't|do not) see|you (?:haven't|have not|didn't) provided?) "
        r"(?:no|any|a|the)\b[^.?!]{0,20}\b(?:text|sentence|phrase|transcript)\b[^.?!]{0,10}translat"
        r"|(?:por favor,? |podrías |puedes |podría )(?:proporcion|envía|envia|compart|facilit"
        r"|introduc)\w*(?:me)? (?:el|la|más|un|una|tu)\b[^.?!]{0,25}\b(?:texto|frase"
        r"|oración|contexto)",
        r"\b(?:texto|frase|oraci[oó]n|mensaje|contexto|transcripci[oó]n|text|sentence|phrase"
        r"|transcript|message|context)",
    ),
    _kind(
        r"\bi(?:'m| am) not comfortable (?:with|translat|help|provid|answer)"
        r"|\b(?:violat\w*|against|infring\w*|va en contra de|viola) "
        r"(?:my|our|the|mis|nuestras|las)? ?(?:\w+ )?"
        r"(?:polic|guideline|terms|polític|normas|directrices)"
        r"|\b(?:cannot|can't|could not) be translated\b|\bno se puede traducir\b",
        r"\b(?:(?:in)?c[oó]mod|gusto|viol|infring|contra|pol[ií]tic|norma|directri|traduc|comfortable|polic"
        r"|guideline|terms|translat|against)",
    ),
    _kind(
        r"^(?:sure|certainly|of course|okay|here(?:'s| is)|the|claro|por supuesto|la"
        r"|aquí (?:está|tienes))\b"
        r"[^.\n]{0,40}\b(?:translation|translated|translates|traducción|traduce)\b",
        r"\b(?:traduc|translat)",
    ),
    _kind(
        r"\bi (?:must|have to|will have to|need to)(?: respectfully)? (?:decline|refuse)\b"
        r"|\b(?:debo|tengo que) (?:declinar|rechazar|negarme)\b",
        r"\b(?:declin|refus|rechaz|neg|renunci|say no|turn)",
    ),
    _kind(
        r"\bi (?:do not|don't) have (?:the ability|the capability|access|permission)\b"
        r"|\bno tengo (?:la capacidad|acceso|permiso)\b|\bnot something i (?:can|am able to) "
        r"(?:help|assist|do|translate)",
        r"\b(?:capacidad|capaz|acceso|acced|entrar|permi|pued|ability|able|access|allow|can't|cannot"
        r"|have)",
    ),
    _kind(
        r"\blet me know if you\b|\bi hope (?:this|that) helps\b|\bfeel free to ask\b"
        r"|\bif you (?:need|have) any (?:other|further|more)\b|\bespero que (?:esto )?te ayude\b"
        r"|\b(?:avísame|házmelo saber|dime) si (?:necesitas|tienes)\b"
        r"|\(?(?:note|explanation|nota|explicación): ",
        r"\b(?:av[ií]s|dime|d[ií]ga|decid|esper|pregunt|necesit|algo m[aá]s|otr[ao]s?|nota|ojo"
        r"|atenci|adver|aviso|explic|sirva|tell|let|hope|ask|need|anything|other|further|note|expla)",
        latest=None,
    ),
)
_ALL_KINDS = (*_KINDS, *(_kind(says, said) for says, said in PAIRS))
_OPENINGS = tuple(
    """
i'm sorry
i am sorry
sorry
i apologize
i can't
i cannot
i can not
i won't
i'm unable
i am unable
i'm not able
i am not able
unfortunately
as an ai
as a language model
as a large language model
i'm an ai
i am an ai
apologies
i must decline
i have to decline
i refuse
i do not feel
i don't feel
i'd rather
my guidelines
your request
request denied
i'm here to
i'm afraid
lo siento
lo lamento
lamento
mis directrices
prefiero no
tu solicitud
tu petición
me temo
lamentablemente
disculpa
perdón
no puedo
no me es posible
como modelo
como una ia
como ia
como inteligencia artificial
soy una ia
sure
certainly
here is
here's the
please provide
por favor, proporciona
""".strip().splitlines()
)


def is_refusal(text: str, source: str) -> bool:
    """Return whether ``text`` refuses, and ``source`` says nothing of the kind.

    ``source`` is what was to be translated.
    """
    answer = _plain(text)
    return any(
        (found := kind.says.search(answer)) is not None
        and (kind.latest is None or found.start() <= kind.latest)
        and not kind.said.search(_plain(source))
        for kind in _ALL_KINDS
    )


def may_become_refusal(text: str) -> bool:
    """Return whether ``text``, still growing, begins as refusals do and is too short to tell."""
    start = _plain(text).lstrip(" \"'¡¿")
    return 0 < len(start) < HELD_CHARACTERS and any(
        start.startswith(opening) or opening.startswith(start) for opening in _OPENINGS
    )


def _plain(text: str) -> str:
    return " ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()).casefold()
