"""Refusals, languages, echoes and loops in other words than those of test_judge."""

import pytest

from sessions_app.core.errors import Fault
from sessions_app.core.events import Direction
from sessions_app.engines.text.judge import fault_of

ES, EN = Direction.ES_TO_EN, Direction.EN_TO_ES
SPANISH = "Necesito hablar con el médico mañana por la mañana"
ENGLISH = "I need to talk to the doctor tomorrow morning"

REFUSALS = {
    ES: """
Sorry, I can't do that.
I must decline this request.
I do not feel comfortable translating this.
My guidelines don't allow me to translate this.
That is not something I can help with.
It is not possible for me to translate this.
Request denied.
I refuse to translate this.
I am programmed to be a safe assistant.
I don't think I can help with this.
Your request cannot be processed.
I'm sorry, I didn't understand your request.
How can I help you today?
I'm here to help! What would you like to translate?
There is nothing to translate.
The text contains inappropriate content.
I'd rather not translate this.
Apologies, but that's outside of what I can do.
Okay, the user wants this sentence in English.
""",
    EN: """
Lamento no poder ayudarle con eso.
Lo siento, pero no me está permitido traducir esto.
Mis directrices no me permiten traducir esto.
Prefiero no traducir esto.
Lo siento, no entiendo tu petición.
Lo lamento, no puedo realizar esa tarea.
Lo siento, no puedo hacer eso.
¿En qué puedo ayudarte hoy?
No tengo permitido traducir ese contenido.
""",
}
FOREIGN = """
J'ai besoin de parler au médecin demain matin
Preciso falar com o médico amanhã de manhã
Ich muss morgen früh mit dem Arzt sprechen
Ho bisogno di parlare con il medico domani mattina
Ik moet morgenochtend met de dokter spreken
Necessito parlar amb el metge demà al matí
Potrzebuję porozmawiać z lekarzem jutro rano
Tôi cần nói chuyện với bác sĩ vào sáng mai
Bom dia, como você está?
Merci beaucoup
"""
OTHERS = [
    (ES, SPANISH, SPANISH.upper(), Fault.ECHO),
    (ES, SPANISH, f"¡{SPANISH.title()}!", Fault.ECHO),
    (ES, SPANISH, f"{SPANISH} -> {ENGLISH}", Fault.ECHO),
    (ES, SPANISH, f"{ENGLISH}\n\n{SPANISH}", Fault.ECHO),
    (
        ES,
        SPANISH,
        "I need to see the doctor doctor doctor doctor doctor doctor doctor doctor",
        "loop",
    ),
    (ES, SPANISH, "I need to talk" + "." * 100, Fault.LOOP),
    (ES, SPANISH, "null", Fault.EMPTY),
    (ES, SPANISH, "<unk> <unk> doctor", Fault.MARKUP),
    (ES, SPANISH, '["I need to talk to the doctor"]', Fault.MARKUP),
]
GOOD = [
    (ES, "Perdone, es imposible", "Sorry, I can't"),
    (ES, "Dígame", "How can I help you?"),
    (ES, "Rechazo esa oferta", "I must decline that offer"),
    (ES, "No damos esa información", "We can't provide that information"),
    (ES, "Lo sentimos, no hay nada que hacer", "We're sorry, we can't help"),
    (ES, "Me siento incómoda con esto", "I'm not comfortable with this"),
    (EN, "I dont know, sorry", "Lo siento, no lo sé"),
    (EN, "Your request was denied", "Su solicitud fue denegada"),
    (ES, "jajajajajajajajaja", "hahahahahahahahahahahaha"),
    (ES, "Ja ja ja ja ja ja ja ja", "Ha ha ha ha ha ha ha ha"),
    (ES, "tacos al pastor", "tacos al pastor"),
    (ES, "dulce de leche", "dulce de leche"),
    (ES, "Ninguno", "None"),
    (ES, SPANISH, f"<{SPANISH.upper()}>"),
    (ES, SPANISH, f"<ab {SPANISH.upper()}>"),
    (ES, "El usuario quiere entrar", "The user wants to get in"),
    (EN, "I need to translate this", "Tengo que traducir esto"),
    (ES, "Je ne sais pas, dijo el francés", "Je ne sais pas, said the Frenchman"),
    (EN, "Merci beaucoup, she said", "Merci beaucoup, dijo ella"),
    (EN, "Me too", "Yo también"),
    (EN, "It's all the same to me", "Me da lo mismo"),
    (ES, "El naíf y el café", "The naïve and the café"),
    (ES, "pan, leche, huevos, queso, jamón", "bread, milk, eggs, cheese, ham"),
]


@pytest.mark.parametrize(
    ("direction", "answer"),
    [(way, line) for way, lines in REFUSALS.items() for line in lines.strip().splitlines()],
)
def test_a_refusal_in_any_words_is_none(direction: Direction, answer: str) -> None:
    source = SPANISH if direction is ES else ENGLISH
    assert fault_of(answer, source, direction) == Fault.REFUSAL
    # what is said is no refusal
    other = EN if direction is ES else ES
    assert fault_of(source, answer, other) != Fault.REFUSAL


@pytest.mark.parametrize("answer", FOREIGN.strip().splitlines())
@pytest.mark.parametrize(("direction", "source"), [(ES, "¿Qué hacemos ahora?"), (EN, "What now?")])
def test_a_third_language_is_none(direction: Direction, source: str, answer: str) -> None:
    assert fault_of(answer, source, direction) == Fault.LANGUAGE


@pytest.mark.parametrize(("direction", "source", "answer", "fault"), OTHERS)
def test_further_nonsense_is_none(
    direction: Direction, source: str, answer: str, fault: Fault
) -> None:
    assert fault_of(answer, source, direction) == fault


@pytest.mark.parametrize(("direction", "source", "answer"), GOOD)
def test_what_an_interpreter_says_passes(direction: Direction, source: str, answer: str) -> None:
    assert fault_of(answer, source, direction) is None
