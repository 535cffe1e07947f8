"""The forms that a verb takes in running speech, without accents: what idioms are found by."""

from collections.abc import Iterator
from functools import cache

_AR = (
    "o as a amos ais an e aste asteis aron aba abas abamos abais aban es emos eis en "
    "ara aras aramos arais aran ase ases asen ando ado ada ados adas ar ad"
)
_ER = (
    "o es e emos imos eis is en i iste io isteis ieron ia ias iamos iais ian a as amos ais an "
    "iera ieras ieramos ierais ieran iese ieses iesen iendo ido ida idos idas er ir ed id"
)
_STRONG = "e iste o imos isteis ieron eron iera ieras ieramos ierais ieran iese iesen iendo"
_FUTURE = "e as a emos eis an ia ias iamos iais ian"

_STEMS: dict[str, str] = {
    "caer": "caig cay",
    "costar": "cuest",
    "dormir": "duerm durm",
    "hacer": "hag hic hiz",
    "mover": "muev",
    "perder": "pierd",
    "poner": "pong",
    "saber": "sep",
    "salir": "salg",
    "sentir": "sient sint",
    "tener": "teng tien",
    "valer": "valg",
    "venir": "veng vien vin",
    "ver": "ve",
    "volver": "vuelv",
}
"""Further stems that take the regular endings."""
_STRONG_STEMS: dict[str, str] = {
    "andar": "anduv",
    "caer": "cay",
    "dar": "d",
    "dormir": "durm",
    "estar": "estuv",
    "hacer": "hic",
    "poner": "pus",
    "saber": "sup",
    "sentir": "sint",
    "tener": "tuv",
    "venir": "vin",
}
_FUTURE_STEMS: dict[str, str] = {
    "hacer": "har",
    "poner": "pondr",
    "saber": "sabr",
    "salir": "saldr",
    "tener": "tendr",
    "valer": "valdr",
    "venir": "vendr",
}
_WHOLE: dict[str, str] = {
    "caer": "cayo cayeron cayendo caido",
    "dar": "doy dio",
    "estar": "estoy esta estas estan este esten",
    "hacer": "haz hizo hecho hecha",
    "ir": "voy vas va vamos vais van iba ibas ibamos ibais iban fui fuiste fue fuimos fuisteis "
    "fueron vaya vayas vayamos vayan fuera fueras fueran yendo ido ve",
    "poner": "pon puso puesto puesta puestos puestas",
    "romper": "roto rota rotos rotas",
    "saber": "se supo",
    "salir": "sal",
    "ser": "soy eres es somos sois son fui fuiste fue fuimos fuisteis fueron era eras eramos erais "
    "eran sea seas seamos seais sean fuera fueras fueran siendo sido",
    "tener": "ten tuvo",
    "venir": "ven vino",
    "ver": "veo vio visto vista vistos vistas",
    "volver": "vuelto vuelta vueltos vueltas",
}
_BEFORE_E = {"c": "qu", "g": "gu", "z": "c"}
"""How a stem of -ar is written before e: sacar, saque."""

_PAST: dict[str, str] = {
    "beat": "beaten",
    "bite": "bit bitten biting",
    "break": "broke broken",
    "cost": "",
    "cut": "cutting",
    "drop": "dropped dropping",
    "get": "got gotten getting",
    "give": "gave given giving",
    "go": "goes went gone",
    "hang": "hung",
    "have": "has had having",
    "hit": "hitting",
    "hold": "held",
    "keep": "kept",
    "leave": "left leaving",
    "let": "letting",
    "lose": "lost losing",
    "make": "made making",
    "pay": "paid",
    "put": "putting",
    "ring": "rang rung",
    "see": "saw seen",
    "sleep": "slept",
    "spill": "spilled spilt",
    "take": "took taken taking",
    "throw": "threw thrown",
    "wrap": "wrapped wrapping",
}


@cache
def forms(verb: str, language: str) -> frozenset[str]:
    """Return the forms of an infinitive, and a few that there are not; without accents.

    ``language`` is ``es`` or ``en``. An unknown verb is taken for a regular one.
    """
    return frozenset(_spanish(verb) if language == "es" else _english(verb))


def _spanish(verb: str) -> Iterator[str]:
    stem, ending = verb[:-2], verb[-2:]
    endings = (_AR if ending == "ar" else _ER).split()
    for one in [stem, *_STEMS.get(verb, "").split()]:
        yield from (one + end for end in endings)
    if ending == "ar" and stem[-1:] in _BEFORE_E:
        yield from (stem[:-1] + _BEFORE_E[stem[-1]] + end for end in endings if end[0] == "e")
    if stem.endswith("g") and ending != "ar":
        yield from (stem[:-1] + "j" + end for end in endings if end[0] in "ao")
    if strong := _STRONG_STEMS.get(verb):
        yield from (strong + end for end in _STRONG.split())
    yield from (_FUTURE_STEMS.get(verb, verb) + end for end in _FUTURE.split())
    yield from _WHOLE.get(verb, "").split()
    yield verb


def _english(verb: str) -> Iterator[str]:
    yield verb
    yield verb + ("es" if verb.endswith(("s", "ss", "x", "ch", "sh")) else "s")
    yield from _PAST.get(verb, "").split()
    yield verb.removesuffix("e") + "ing"
    if verb not in _PAST:
        yield verb + ("d" if verb.endswith("e") else "ed")
