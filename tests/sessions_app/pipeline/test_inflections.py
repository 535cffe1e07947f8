"""Verbs are found in all their forms, and what is no form of them is not."""

import json

import pytest

from scripts import inflections as dictionaries
from sessions_app.pipeline.idioms.inflections import forms
from sessions_app.pipeline.idioms.matching import Idiom, Idioms, fold

SPANISH = {
    # regular, and as they are spelt
    "hablar": "hablo hablás hablaba hablé habló hablaremos hablarían hable habláramos hablase "
    "hablad hablando hablada hablare",
    "comer": "como comés comía comió comisteis comeré coma comiera comiese comed comiendo comidos",
    "vivir": "vivo vivís vivía vivió vivirá viva viviéramos viviesen vivid viviendo vividas",
    "sacar": "saco saqué saquen saque sacás",
    "pagar": "pago pagué paguen paguemos",
    "cruzar": "cruzo crucé crucen crucemos",
    "averiguar": "averiguo averigüé averigüen",
    "coger": "cojo coja cojan coge cogió",
    "vencer": "venzo venza vence",
    "distinguir": "distingo distinga distingue",
    "delinquir": "delinco delincan delinque",
    "enviar": "envío envíe enviamos",
    "actuar": "actúo actúen",
    "guasapear": "guasapeo guasapeé guasapeando",
    # with stems that change
    "contar": "cuento cuentas cuenta cuentan contás cuente cuentes conté contemos",
    "jugar": "juego juegas juega juegan jugamos juegue jueguen jugué jugás",
    "cerrar": "cierro cierra cierras cierre cierren cerró",
    "empezar": "empiezo empieza empiece empiecen empecé",
    "colgar": "cuelgo cuelgue colgué",
    "errar": "yerro yerra yerre erré",
    "desosar": "deshueso deshuese",
    "querer": "quiero quiere querés quise quiso quisieron querré querría quiera quisiera",
    "mover": "muevo mueve movemos mueva movió movés",
    "oler": "huelo huele huela olió olemos",
    "cocer": "cuezo cueces cueza coció",
    "pedir": "pido pides pide pedimos pedís pidas pidió pidieron pidiendo pidiera pidáis",
    "seguir": "sigo sigue siga siguió siguiendo",
    "elegir": "elijo elige elija eligió eligiendo",
    "sentir": "siento siente sintió sintamos sintiera sintiendo",
    "dormir": "duermo duerma durmió durmamos durmiendo",
    "morir": "muero muere murió muera muerto muriendo",
    "reír": "río ríe rio rieron ría riendo reímos reído",
    "gruñir": "gruñó gruñeron gruñendo gruño",
    "adquirir": "adquiero adquiera adquirió",
    "llover": "llueve llueva llovió lloviendo",
    # irregular
    "decir": "digo dices dice dije dijo dijeron diré diría diga dijera di dicho dicha diciendo "
    "decí",
    "hacer": "hago hace hice hizo hicieron haré haga hiciera haz hecho haciendo",
    "poner": "pongo puse puso pondré ponga pusiera pon puesto puestas",
    "tener": "tengo tiene tenés tuve tuvo tendría tenga tuviera ten teniendo",
    "venir": "vengo viene vine vino vendrá venga viniera ven viniendo venís",
    "salir": "salgo sale salió saldrá salga sal",
    "traer": "traigo traje trajo trajeron traiga trajera trayendo",
    "saber": "sé sabe supe supo sabrá sepa supiera",
    "caber": "quepo cabe cupo quepa cabrá",
    "poder": "puedo puede podés pude pudo podrá pueda pudiendo",
    "haber": "he ha hay han hubo habrá haya hubiera",
    "andar": "ando anduve anduvo ande anduviera",
    "estar": "estoy está estás estuvo esté estén estuviera",
    "ser": "soy es sos somos era fue fueron será sea fuera sido siendo sé",
    "ir": "voy va vamos iba fue fueron irá vaya fuera yendo ve id",
    "dar": "doy da daba di dio dieron dé den diera dando",
    "ver": "veo ve veía vio vieron vea viera visto",
    "oír": "oigo oye oyó oiga oímos oyendo oís",
    "caer": "caigo cae cayó caiga cayendo caímos",
    "leer": "leo leyó leyeran leyendo leímos",
    "huir": "huyo huye huyó huya huimos huyendo",
    "conocer": "conozco conozca conoce",
    "conducir": "conduzco condujo condujera conduzca",
    "volver": "vuelvo vuelva volvió vuelto",
    "escribir": "escribo escrito escritas",
    "romper": "rompo roto rotas",
    "abrir": "abro abierto abiertas",
    "freír": "frío frito freído",
    # made of another
    "deshacer": "deshago deshizo deshecho deshaz",
    "predecir": "predigo predice predijo predicho predeciré",
    "bendecir": "bendigo bendijo bendecido bendeciré",
    "obtener": "obtengo obtuvo obtendrá",
    "convenir": "convengo convino convendrá",
    "descubrir": "descubro descubierto",
    "prever": "preveo prevé previó previsto",
    "satisfacer": "satisfago satisfizo satisfecho",
    "sonreír": "sonrío sonrió sonría",
}
NO_SPANISH = {
    "medir": "medo meda medas",
    "mentir": "mente menta mento mentas",
    "morir": "mora moro more muro",
    "sentir": "senta sente sentamos",
    "presentir": "presenta presente presento",
    "salir": "sala salas salo",
    "soler": "sola solo solas",
    "oler": "ola olas",
    "poder": "poda podan",
    "pedir": "peda pedo pedió",
    "tener": "tena tenis",
    "venir": "viena vena vina",
    "ver": "va vas vamos van",
    "dar": "de do",
    "ser": "se so san",
    "saber": "se saba",
    "estar": "esta este estas",
    "hacer": "hacia haza",
    "ir": "i ven",
    "decir": "decido deciba",
    "romper": "rompido",
    "corromper": "corroto",
    "presentar": "presiente presienta",
    "prestar": "prestoy",
    "manifestar": "manifestoy",
    "fortalecer": "fortaleza",
    "unir": "unero unera unos",
    "creer": "creio creieron",
    "contar": "contento cuenca",
}
ENGLISH = {
    "play": "plays played playing",
    "carry": "carries carried carrying",
    "stop": "stops stopped stopping",
    "open": "opens opened opening",
    "hope": "hopes hoped hoping",
    "tie": "ties tied tying",
    "miss": "misses missed missing",
    "travel": "traveled travelled travelling",
    "panic": "panics panicked panicking",
    "speak": "speaks spoke spoken speaking",
    "bring": "brings brought bringing",
    "feel": "feels felt",
    "find": "finds found",
    "lie": "lies lay lain lied lying",
    "wear": "wears wore worn wearing",
    "fly": "flies flew flown",
    "be": "am is are was were been being",
    "go": "goes went gone going",
    "do": "does did done doing",
    "yeet": "yeets yeeted yeeting",
}
NO_ENGLISH = {
    "hop": "hoped hoping",
    "hope": "hopped hopping",
    "plan": "planes planed",
    "win": "wines wined winned",
    "open": "openned",
    "speak": "speaked",
}
FOUND = {
    "~pedir peras al olmo": {
        "No le pidas peras al olmo": "pidas peras al olmo",
        "Es pedirle peras al olmo": "pedirle peras al olmo",
        "pidiéndoselas peras al olmo": "pidiéndoselas peras al olmo",
    },
    "~contar con": {"Cuento con vosotros": "Cuento con", "¿Contás con eso?": "Contás con"},
    "~jugar con fuego": {"Juegas con fuego": "Juegas con fuego"},
    "~cerrar el pico": {"¡Cierra el pico!": "Cierra el pico", "cerrá el pico": "cerrá el pico"},
    "~querer decir": {"¿Qué quiere decir eso?": "quiere decir"},
    "~llover a cántaros": {"Llueve a cántaros": "Llueve a cántaros"},
    "~decir las verdades": {"Dímelas, las verdades": "Dímelas, las verdades"},
    "~dar la lata": {"Que no me dé la lata": "dé la lata", "dámelo, la lata": "dámelo, la lata"},
    "~hacer agua": {"El barco hacía agua": "hacía agua"},
    "~estar en las nubes": {"Siempre está en las nubes": "está en las nubes"},
    "~ponerse las pilas": {
        "Pongámonos las pilas": "Pongámonos las pilas",
        "os poníais las pilas": "os poníais las pilas",
        "Poneos las pilas": "Poneos las pilas",
        "poniéndotelas las pilas": "poniéndotelas las pilas",
    },
    "~irse al garete": {
        "Vámonos al garete": "Vámonos al garete",
        "se fue al garete": "se fue al garete",
    },
    "~arreglárselas solo": {
        "Me las arreglo solo": "Me las arreglo solo",
        "arreglándoselas solo": "arreglándoselas solo",
        "arréglatelas solo": "arréglatelas solo",
    },
    "~dársela con queso": {"Nos la dieron con queso": "Nos la dieron con queso"},
}
NOT_FOUND = {
    "~pedir peras al olmo": ["Pide peras y un olmo", "El pedal y las peras al olmo"],
    "~dar la lata": ["El atún de la lata", "Un abrelatas de la lata"],
    "~saber mal": ["Se lo tomó mal", "Se siente mal"],
    "~ser un hacha": ["Se compró un hacha"],
    "~hacer agua": ["Corrió hacia el agua fría", "Hacia agua limpia"],
    "~estar en las nubes": ["Esta foto en las nubes", "Este en las nubes"],
    "~salir caro": ["La sala caro"],
    "~arreglárselas solo": ["Me arreglo solo", "Las arreglo solo"],
    "~ver la luz": ["Vas a la luz"],
    "~contar con": ["Contento con eso", "Un conteo con error"],
}


def accentless(words: str) -> set[str]:
    return set(fold(words).split())


@pytest.mark.parametrize("verb", SPANISH)
def test_a_spanish_verb_has_all_its_forms(verb: str) -> None:
    assert accentless(SPANISH[verb]) - forms(fold(verb), "es") == set()


@pytest.mark.parametrize("verb", NO_SPANISH)
def test_what_is_no_form_of_a_spanish_verb_is_none(verb: str) -> None:
    assert set(NO_SPANISH[verb].split()) & forms(fold(verb), "es") == set()


@pytest.mark.parametrize("verb", ENGLISH)
def test_an_english_verb_has_all_its_forms(verb: str) -> None:
    assert {verb, *ENGLISH[verb].split()} - forms(verb, "en") == set()


@pytest.mark.parametrize("verb", NO_ENGLISH)
def test_what_is_no_form_of_an_english_verb_is_none(verb: str) -> None:
    assert set(NO_ENGLISH[verb].split()) & forms(verb, "en") == set()


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [(pattern, *pair) for pattern, texts in FOUND.items() for pair in texts.items()],
)
def test_an_owners_idiom_is_found_with_any_verb(pattern: str, text: str, found: str) -> None:
    assert [phrase.text for phrase in Idioms([Idiom(pattern, "it")]).find(text)] == [found]


@pytest.mark.parametrize(
    ("pattern", "text"), [(pattern, text) for pattern, texts in NOT_FOUND.items() for text in texts]
)
def test_what_only_looks_like_a_form_is_left_alone(pattern: str, text: str) -> None:
    assert Idioms([Idiom(pattern, "it")]).find(text) == ()


@pytest.mark.slow  # both dictionaries are read
def test_the_words_of_irregular_verbs_are_those_of_the_dictionaries() -> None:
    assert json.loads(dictionaries.FILE.read_text(encoding="utf-8")) == dictionaries.made()
