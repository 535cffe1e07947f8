"""Is it a translation? Nonsense is refused, and whatever an interpreter may say passes."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.errors import Fault
from sessions_app.core.events import Direction
from sessions_app.engines.text.judge import (
    fault_of,
    fault_of_correction,
    is_beginning_of,
    is_topic,
)
from sessions_app.engines.text.refusals import may_become_refusal

ES, EN = Direction.ES_TO_EN, Direction.EN_TO_ES

BAD = [
    (ES, "Hola, buenos días.", "no, no, no, " * 1500, Fault.LOOP),
    (ES, "Hola, buenos días.", "Good morning. " * 7, Fault.LOOP),
    (ES, "Nos vemos luego en la estación", "See you later at the sta" + "ta" * 30, Fault.LOOP),
    (
        EN,
        "See you later",
        "Hasta luego luego luego luego luego luego luego luego luego luego",
        "loop",
    ),
    (
        ES,
        "Hola",
        "Hello! This is a common Spanish greeting that is used at any time of the day, by "
        "everybody, among friends and strangers.",
        Fault.TOO_LONG,
    ),
    (
        ES,
        "Mañana por la tarde iremos todos juntos al hospital para visitar a tu hermana, que ya "
        "está mucho mejor.",
        "Tomorrow.",
        Fault.TOO_SHORT,
    ),
    (ES, "hola mundo", "hola mundo", Fault.ECHO),
    (ES, "hola mundo", "Hola, mundo.", Fault.ECHO),
    (ES, "como estas", "¿Cómo estás?", Fault.ECHO),
    (ES, "Gracias.", "Gracias", Fault.ECHO),
    (EN, "I don’t know", "I don't know.", Fault.ECHO),  # noqa: RUF001 -- as a phone types it
    (EN, "Where is the station?", "Where is the station?", Fault.ECHO),
    (ES, "hola a todos", "Buenos días a todas las personas", Fault.LANGUAGE),
    (EN, "How are you?", "I am very well, thanks", Fault.LANGUAGE),
    (ES, "hola mundo", "Bonjour le monde, comment allez vous ?", Fault.LANGUAGE),
    (ES, "no lo sé", "Ich weiß es nicht und sie auch nicht", Fault.LANGUAGE),
    (EN, "good morning, thank you", "bom dia, muito obrigado", Fault.LANGUAGE),
    (ES, "hola mundo", "你好\uff0c世界", Fault.SCRIPT),
    (ES, "voy al mercado mañana", "I am going to the 市场 tomorrow", Fault.SCRIPT),
    (ES, "hola mundo", "привет мир", Fault.SCRIPT),
    (ES, "hola mundo", "καλημέρα κόσμε", Fault.SCRIPT),
    (ES, "hola mundo", "I'm sorry, but I can't help with that request.", Fault.REFUSAL),
    (ES, "Dame la receta", "I’m unable to assist with this.", Fault.REFUSAL),  # noqa: RUF001
    (ES, "Dame la receta", "Unfortunately, I cannot translate that.", Fault.REFUSAL),
    (ES, "Dame la receta", "As an AI language model, I have no recipes.", Fault.REFUSAL),
    (ES, "Dame la receta", "Sorry, I can't provide a translation for that.", Fault.REFUSAL),
    (ES, "Ayúdame a robar un banco", "I'm sorry, I can't help you with that.", Fault.REFUSAL),
    (ES, "Hola", "Please provide the text you want translated.", Fault.REFUSAL),
    (ES, "Hola", "Sure, here is the translation: Hello", Fault.REFUSAL),
    (ES, "hola", "Hello! Let me know if you need more.", Fault.REFUSAL),
    (ES, "hola mundo", "Hello world (Note: informal.)", Fault.REFUSAL),
    (ES, "hola mundo", "no, no, no, no, no, no, no, no", Fault.LOOP),
    (ES, "hola mundo", "Hallo, Welt!", Fault.LANGUAGE),
    (ES, "hola mundo", "Olá mundo", Fault.LANGUAGE),
    (EN, "thank you", "Merci", Fault.LANGUAGE),
    (ES, "Dame la receta", "I'm afraid I have to decline this request.", Fault.REFUSAL),
    (ES, "Dame la receta", "I don't have the ability to do that.", Fault.REFUSAL),
    (ES, "Dame la receta", "This content may violate our policies.", Fault.REFUSAL),
    (EN, "Give me that", "Lo siento, como modelo de IA, eso no va.", Fault.REFUSAL),
    (EN, "How do I open it?", "Lo siento, pero no puedo ayudar con esa solicitud.", Fault.REFUSAL),
    (EN, "How do I open it?", "Como modelo de lenguaje, no tengo manos.", Fault.REFUSAL),
    (ES, "hola mundo", "<p>Hello <b>world</b></p>", Fault.MARKUP),
    (ES, "hola mundo", "**Hello world**", Fault.MARKUP),
    (ES, "hola mundo", "```Hello world```", Fault.MARKUP),
    (ES, "hola mundo", "Hello world</s>", Fault.MARKUP),
    (ES, "hola mundo", "Hello world<|im_end|>", Fault.MARKUP),
    (ES, "hola mundo", '{"text": "Hello world"}', Fault.MARKUP),
    (ES, "hola mundo", "", Fault.EMPTY),
    (ES, "hola mundo", " \u200b…", Fault.EMPTY),
]

GOOD = [
    (ES, "hola mundo", "Hello world"),
    (ES, "Hotel", "Hotel"),
    (ES, "No.", "No."),
    (ES, "OK", "OK"),
    (EN, "Okay.", "Okay."),
    (ES, "Café.", "Café."),
    (ES, "Madrid", "Madrid"),
    (ES, "María José García de la Torre", "María José García de la Torre"),
    (ES, "La Casa de Papel", "La Casa de Papel"),
    (ES, "Buenos Aires", "Buenos Aires"),
    (ES, "los angeles", "Los Angeles"),
    (ES, "La Paz", "la paz"),
    (EN, "The Rolling Stones", "The Rolling Stones"),
    (ES, "Chocolate, natural, animal.", "Chocolate, natural, animal."),
    (ES, "555 12 34", "555 12 34"),
    (ES, "cero", "0"),
    (ES, "1234567890", "one billion, two hundred thirty-four million, five hundred sixty-seven"),
    (EN, "one two three four five six seven eight nine ten eleven twelve thirteen", "1, 2, 3"),
    (ES, "no, no, no", "no, no, no"),
    (ES, "no, " * 20, "no, " * 20),
    (ES, "no, " * 40, "No, no, no."),
    (ES, "ja" * 20, "ha" * 20),
    (ES, "¡Goooooooooooooooooooooooooooool!", "Goooooooooooooooooooooooooooooal!"),
    (ES, "un billón", "1,000,000,000,000"),
    (ES, "😀", "😀"),
    (ES, "...", "..."),
    (ES, "Ojalá", "I hope so"),
    (ES, "Sobremesa", "The conversation at the table after the meal"),
    (ES, "Hello, how are you?", "Hello, how are you?"),
    (ES, "Thank you very much", "Thank you very much"),
    (ES, "Dijo «buenos días a todos» y se fue", 'He said "buenos días a todos" and left'),
    (ES, "Me encanta Cien años de soledad", "I love Cien años de soledad"),
    (ES, "Me gusta el rock and roll", "I like rock and roll"),
    (ES, "La letra pi se escribe π", "The letter pi is written π"),
    (ES, "Pi por radio al cuadrado", "π r²"),
    (ES, "你好 significa hola", "你好 means hello"),
    (ES, "Lo siento, pero no puedo ayudarte con eso", "I'm sorry, but I can't help you with that"),
    (EN, "I'm sorry, but I can't help with that.", "Lo siento, pero no puedo ayudar con eso."),
    (ES, "No puedo evitar reírme", "I can't help laughing"),
    (ES, "Lo siento, llego tarde", "I'm sorry, I'm late"),
    (ES, "Avísame si necesitas algo", "Let me know if you need anything"),
    (ES, "¡No, no, no, no!", "No, no, no, no!"),
    (ES, "Leo Le Monde y Der Spiegel", "I read Le Monde and Der Spiegel"),
    (ES, "«Danke» es gracias en alemán", '"Danke" is thank you in German'),
    (ES, "Me llamo Ela", "Ela"),
    (ES, "No tengo acceso a la red", "I don't have access to the network"),
    (ES, "Tengo que rechazar la oferta", "I have to decline the offer"),
    (ES, "No puedo dormir", "I can't sleep"),
    (ES, "Perdona, no te oigo bien", "Sorry, I can't hear you well"),
    (ES, "No vamos a apoyar esto", "We won't support this"),
    (ES, "No te lo puedo dar", "I can't give you that"),
    (ES, "Yo no traduzco poemas, no puedo traducirlos", "I can't translate poems"),
    (ES, "Como inteligencia artificial, no duermo", "As an artificial intelligence, I don't sleep"),
    (ES, "La traducción del libro es buena", "The translation of the book is good"),
    (EN, "As an AI, I can't comply.", "Como IA, no puedo cumplir."),
    (ES, "Escribe <b>hola</b> en negrita", "Write <b>hola</b> in bold"),
    (ES, "Usa </div> al final", "Use </div> at the end"),
    (ES, "Dos ** tres **", "Two ** three **"),
    (ES, "hola mundo", "<HOLA MUNDO>"),
    (ES, "si a < b y c > d", "if a < b and c > d"),
    (ES, "Me llamo Nguyễn Văn An", "My name is Nguyễn Văn An"),
    (ES, "Usa ** para elevar", "Use ** to raise"),
    (ES, "# Lista de la compra", "# Shopping list"),
    (ES, "Me importa un pepino", "I don't give a damn"),
    (EN, "AM", "AM"),
    (ES, "Escríbeme a ana@ejemplo.es", "Write to ana@ejemplo.es"),
]


@pytest.mark.parametrize(("direction", "source", "text", "fault"), BAD)
def test_what_is_no_translation_is_refused(
    direction: Direction, source: str, text: str, fault: Fault
) -> None:
    assert fault_of(text, source, direction) == fault


@pytest.mark.parametrize(("direction", "source", "text"), GOOD)
def test_what_an_interpreter_may_say_passes(direction: Direction, source: str, text: str) -> None:
    assert fault_of(text, source, direction) is None


@pytest.mark.parametrize(("direction", "source", "text"), GOOD)
def test_what_passes_does_so_while_it_grows(direction: Direction, source: str, text: str) -> None:
    words = text.split(" ")
    grown = [" ".join(words[:length]) for length in range(1, len(words) + 1)]
    faults = {fault_of(each, source, direction, is_whole=False) for each in grown}
    assert faults <= {None, Fault.LANGUAGE, Fault.REFUSAL, Fault.ECHO}  # what the end may mend


def test_everyday_sentences_and_their_translations_pass_both_ways() -> None:
    book = json.loads(
        files("sessions_app.engines.translation").joinpath("phrasebook.json").read_text("utf-8")
    )
    pairs = [(es, en) for entry in book for es in entry["es"] for en in entry["en"]]
    faults = [(es, en) for es, en in pairs if fault_of(en, es, ES) or fault_of(es, en, EN)]
    assert faults == []
    assert len(pairs) > 500


def test_a_draft_may_hold_a_word_in_another_script_and_no_more() -> None:
    told = "I am going to the 市场 tomorrow"
    assert fault_of(told, "voy al mercado mañana", ES, is_draft=True) is None
    assert fault_of("你好 world", "hola mundo", ES, is_draft=True) is None
    assert fault_of("你好世界 hi", "hola mundo", ES, is_draft=True) == Fault.SCRIPT


def test_a_topic_is_no_refusal_and_no_loop() -> None:
    said = "hola, ¿qué tal el tiempo?"
    lines = ("the weather", "I'm sorry, but I can't help with that", "no " * 30, "<b>weather</b>")
    assert [is_topic(line, said) for line in lines] == [True, False, False, False]


def test_a_beginning_that_only_the_rest_can_tell_is_known_to_be_one() -> None:
    assert [is_beginning_of(text, "hola mundo") for text in ("h", "Hola", "hola, mun", "he")] == [
        True,
        True,
        True,
        False,
    ]
    refusal = "I'm sorry, but I can't help with that."
    assert all(may_become_refusal(refusal[:length]) for length in range(1, 20))
    assert not may_become_refusal("hello")
    assert not may_become_refusal(
        "I'm sorry I am late: the train stood still for two hours, and then " * 2
    )


@pytest.mark.parametrize(
    ("corrected", "fault"),
    [
        ("Estoy en las nubes.", None),
        ("I am in the clouds.", Fault.LANGUAGE),
        ("estoy " * 50, Fault.LOOP),
        ("在云端", Fault.SCRIPT),
    ],
)
def test_a_correction_is_in_the_language_that_was_spoken(
    corrected: str, fault: Fault | None
) -> None:
    assert fault_of_correction(corrected, "estoy en las nueves", ES) == fault


@given(st.text(max_size=300), st.text(max_size=300), st.sampled_from([ES, EN]), st.booleans())
def test_whatever_comes_is_judged(text: str, source: str, way: Direction, is_whole: bool) -> None:
    assert fault_of(text, source, way, is_whole=is_whole) in (None, *Fault)


@pytest.mark.timeout(20)  # the promise: no text of a model holds a session up
@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "no " * 300_000, "De La " * 1000, "<a " * 2000, "n't help " * 700]
)
def test_judging_takes_no_long(text: str) -> None:
    fault_of(text, "hola " * 400, ES)
    fault_of("hello", text[:6000], ES)
