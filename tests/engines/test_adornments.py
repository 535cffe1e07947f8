"""What models put around a translation is removed, and what was said stays."""

import json

import pytest

from sessions_app.engines.llm.answers import parse_chat_answer, plain_words

SOURCE = "Necesito hablar con el médico mañana"
WORDS = "I need to talk to the doctor tomorrow"

AROUND = [
    '"{}"',
    "“{}”",
    "'{}'",
    "*{}*",
    "_{}_",
    "`{}`",
    "```{}```",
    "```\n{}\n```",
    "```text\n{}\n```",
    "Translation:\n{}",
    "**English translation:** {}",
    "Translation (English): {}",
    "In English: {}",
    "Output: {}",
    "Traducción al inglés: {}",
    'Sure! Here is the translation:\n\n"{}"',
    "{}\n\nNote: mañana is also the morning.",
    "{} (Note: literal.)",
    "- {}",
    "> {}",
    "&quot;{}&quot;",
    "&lt;p&gt;{}&lt;/p&gt;",
    "\\boxed{{{}}}",
    "corrected: " + SOURCE + "\ntranslated: {}\nphrases: []",
]


@pytest.mark.parametrize("around", AROUND)
def test_what_stands_around_the_words_is_taken_off_in_fields_and_in_plain_answers(
    around: str,
) -> None:
    answer = around.format(WORDS)
    field = json.dumps({"corrected": SOURCE, "translated": answer})
    assert parse_chat_answer(answer, SOURCE, target="en").translated == WORDS
    assert parse_chat_answer(field, SOURCE, target="en").translated == WORDS


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Respuesta: sí", "Answer: yes"),
        ("Inglés: nivel medio", "English: intermediate level"),
        ("- Hola", "- Hello"),
        ('"Hola"', '"Hello"'),
        ("Dijo «sí» y «no»", '"Yes" and "no", he said, "yes"'),
        ("Nota: cerrado\nNota: abierto", "Closed\nNote: open"),
        ("Pan & vino", "Bread &amp; wine"),
        ("Es el cumpleaños de los García", "'Tis the García's birthday"),
        ("Hola. La traducción es difícil", "Hello. Translation is hard"),
        ("El inglés es fácil", "English is easy"),
    ],
)
def test_what_was_said_stays(source: str, words: str) -> None:
    field = json.dumps({"translated": words})
    assert parse_chat_answer(field, source, target="en").translated == words
    assert parse_chat_answer(words, source, target="en").translated == words


@pytest.mark.parametrize(
    "around", ["English translation: {}", "```text\n{}", "```\n{}\n```", '"{}', "Output: {}"]
)
def test_a_draft_shows_nothing_of_it(around: str) -> None:
    content = around.format(WORDS)
    drafts = {plain_words(content[:end], SOURCE) for end in range(len(content) + 1)}
    assert all(WORDS.startswith(draft) for draft in drafts)
    assert WORDS in drafts
