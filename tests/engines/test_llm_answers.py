"""Models answer in many forms: a good translation is never lost to bad JSON."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.corrections import make_correction
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Phrase
from sessions_app.engines.llm.answers import (
    Answer,
    parse_chat_answer,
    plain_words,
    without_thoughts,
)
from sessions_app.engines.llm.models import read_models
from sessions_app.engines.llm.replies import ReplyPieces, check_reply, read_reply
from sessions_app.engines.text.adornments import unadorned

SAID = "estoy en las nubes"
GOOD = '{"corrected": "Estoy en las nubes.", "translated": "I am daydreaming.", "phrases": null}'


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"<think>They say {{nubes}}.</think>{GOOD}",
        f"They say {{nubes}}, so...</think>\n\n{GOOD}",
        f"[THINK]Clouds?[/THINK]{GOOD}",
        f"<|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>{GOOD}<|return|>",
        f"Sure! Here is the JSON: {GOOD} I hope this helps {{you}}.",
        GOOD.replace("null}", "[],}"),
        GOOD.replace("null}", '[{"text": "en las nu'),
        GOOD.removesuffix("}"),
        GOOD.replace('"translated"', '"Translation"'),
        f'{{"result": {GOOD}}}',
        f"[{GOOD}]",
        f"{GOOD}<think>Was that right?</think>",
        f"<think>a<think>b</think>{GOOD}",
        '{"oops": 1} ' + GOOD,
    ],
)
def test_a_good_translation_is_found_wherever_it_stands(content: str) -> None:
    answer = parse_chat_answer(content, SAID)
    assert (answer.translated, answer.corrected) == ("I am daydreaming.", "Estoy en las nubes.")
    assert answer.phrases == ()


@pytest.mark.parametrize(
    "content",
    [
        "I am daydreaming.",
        '"I am daydreaming."',
        "“I am daydreaming.”",
        "Translation: I am daydreaming.",
        "**English**: I am daydreaming.",
        "<think>Clouds.</think> I am daydreaming.\n",
        "```\nI am daydreaming.\n```",
    ],
)
def test_plain_words_are_the_translation(content: str) -> None:
    assert parse_chat_answer(content, SAID) == Answer("I am daydreaming.")


@pytest.mark.parametrize("form", ["[{}, {}]", "{}\n{}", '{{"sentences": [{}, {}]}}'])
def test_an_object_for_each_sentence_is_all_of_them(form: str) -> None:
    first = '{"corrected": "Hola.", "translated": "Hello.", "phrases": null, "confidence": 0.5}'
    second = '{"corrected": "¿Qué tal?", "translated": "How are you?", "phrases": []}'
    answer = parse_chat_answer(form.format(first, second), "hola. ¿Qué tal?")
    assert answer == Answer("Hello. How are you?", "Hola. ¿Qué tal?", confidence=0.5)
    assert parse_chat_answer(form.format(first, second), "hola").translated == "Hello."


NO_TRANSLATION = [
    "",
    "{}",
    '{"translated": null, "phrases": []}',
    '{"translated": "  "}',
    '{"translated": "", "phrases": [{"text": "en las nubes", "meaning": "daydreaming"}]}',
    '{"translated": "I am day',
    "<think>I should translate",
    "As a language model I would first of all like to say that " * 10,
    "{" * 500_000,
    ", " * 300_000,
    "[" * 5000,
    "<think>" * 100_000,
    "a" + " " * 500_000 + "b",
    '{"translated": "' + "\\" * 500_000,
]


@pytest.mark.slow
@pytest.mark.parametrize("content", NO_TRANSLATION, ids=range(len(NO_TRANSLATION)))
def test_what_holds_no_translation_is_a_failure(content: str) -> None:
    with pytest.raises(EngineError):
        parse_chat_answer(content, SAID)


NUMBERS: list[tuple[object, float]] = [
    (0.5, 0.5),
    ("0.5", 0.5),
    ("0,5", 0.5),
    ("50%", 0.5),
    (50, 0.5),
    (-1, 0.0),
    (None, 1.0),
    ("high", 1.0),
    ([], 1.0),
    ("nan", 1.0),
]


@pytest.mark.parametrize(("confidence", "understood"), NUMBERS, ids=[repr(n) for n, _ in NUMBERS])
def test_strings_are_taken_for_numbers(confidence: object, understood: float) -> None:
    content = json.dumps({"translated": "Hello.", "confidence": confidence})
    assert parse_chat_answer(content, "Hola.").confidence == understood


@pytest.mark.parametrize(
    ("phrases", "understood"),
    [
        (None, ()),
        ("none", ()),
        ({"text": "a", "meaning": "b"}, (Phrase("a", "b"),)),
        ([{"phrase": "a", "explanation": "b", "kind": "Idiom"}], (Phrase("a", "b"),)),
        (
            [{"text": "a", "meaning": "b", "kind": "false friend"}],
            (Phrase("a", "b", "false_friend"),),
        ),
        ([{"text": "a", "meaning": "b", "kind": 7, "literal": None}], (Phrase("a", "b"),)),
        (["estar en las nubes: to daydream"], (Phrase("estar en las nubes", "to daydream"),)),
        (["just words", {"text": "a"}, 3, None, []], ()),
    ],
)
def test_phrases_are_taken_as_they_come(phrases: object, understood: tuple[Phrase, ...]) -> None:
    content = json.dumps({"translated": "Hello.", "phrases": phrases})
    assert parse_chat_answer(content, "Hola.").phrases == understood


FOR_YEARS = make_correction("since three years", "for three years", "a length of time")


@pytest.mark.parametrize(
    ("fields", "understood"),
    [
        (
            {
                "corrections": [
                    {
                        "wrong": "since three years",
                        "right": "for three years",
                        "why": "a length of time",
                    }
                ]
            },
            (FOR_YEARS,),
        ),
        (
            {
                "phrases": [
                    {
                        "text": "for three years",
                        "literal": "since three years",
                        "meaning": "a length of time",
                        "kind": "Correction",
                    }
                ]
            },
            (FOR_YEARS,),
        ),
        (
            {
                "phrases": [{"text": "a", "meaning": "b"}],
                "corrections": {"wrong": "he go", "right": "he goes", "why": None},
            },
            (Phrase("a", "b"), make_correction("he go", "he goes")),
        ),
        ({"corrections": [{"wrong": "it is", "right": "it is", "why": "fine"}, 3, "none"]}, ()),
        ({"corrections": [{"right": "he goes", "why": "the third person"}]}, ()),
        ({"corrections": "none", "phrases": [{"text": "a", "kind": "correction"}]}, ()),
    ],
)
def test_corrections_have_fields_of_their_own(
    fields: dict[str, object], understood: tuple[Phrase, ...]
) -> None:
    content = json.dumps({"translated": "Hello.", **fields})
    assert parse_chat_answer(content, "Hola.").phrases == understood


@pytest.mark.parametrize(
    "fields",
    [
        {"corrections": {"Wrong": "he go", "Right": "he goes", "Why": "he"}},
        {"corrections": [{"error": "he go", "correction": "he goes", "explanation": "he"}]},
        {"corrections": [{"original": "he go", "corrected": "he goes", "reason": "he"}]},
        {"mistakes": [{"incorrect": "he go", "correct": "he goes", "rule": "he"}]},
        {"corrections": ["he go -> he goes: he"]},
        {"corrections": "- he go → he goes: he"},
        {"corrections": [["he go", "he goes", "he"]]},
        {"phrases": [{"wrong": "he go", "right": "he goes", "why": "he"}]},
        {"phrases": [{"kind": "error", "wrong": "he go", "right": "he goes", "why": "he"}]},
    ],
    ids=json.dumps,
)
def test_corrections_of_any_shape_are_understood(fields: dict[str, object]) -> None:
    content = json.dumps({"translated": "Hola.", **fields})
    assert parse_chat_answer(content, "Hi.").phrases == (make_correction("he go", "he goes", "he"),)


def test_what_is_wrong_may_be_told_by_what_is_right() -> None:
    content = json.dumps({"translated": "Hola.", "corrections": {"he go": "he goes"}})
    assert parse_chat_answer(content, "Hi.").phrases == (make_correction("he go", "he goes"),)


@pytest.mark.parametrize(
    "corrections",
    [
        [{"wrong": "\u200b", "right": "a"}],
        {"wrong": "a", "right": "a"},
        {"why": "a"},
        "none",
        ["a"],
    ],
    ids=ascii,
)
def test_what_puts_nothing_right_is_no_correction(corrections: object) -> None:
    content = json.dumps({"translated": "Hola.", "corrections": corrections})
    assert parse_chat_answer(content, "Hi.").phrases == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
PLAIN = WORDS.filter(
    lambda text: "<" not in text and "[" not in text and unadorned(text, "Hola.") == text.strip()
)
"""Without tags, and without a bullet or a label that is taken off a translation."""


@pytest.mark.slow
@given(PLAIN, VALUES, VALUES, VALUES, st.booleans(), st.booleans())
def test_whatever_the_other_fields_hold_the_translation_is_kept(
    translated: str,
    corrected: object,
    phrases: object,
    confidence: object,
    is_fenced: bool,
    is_thought: bool,
) -> None:
    fields = {
        "translated": translated,
        "corrected": corrected if not isinstance(corrected, str) else "x",
        "phrases": None if "<" in repr(phrases) or "[" in repr(phrases) else phrases,
        "confidence": confidence if not isinstance(confidence, str | list | dict) else "0.5",
    }
    content = json.dumps(fields)
    content = f"```json\n{content}\n```" if is_fenced else content
    content = f"<think>Well { {} }</think>{content}" if is_thought else content
    answer = parse_chat_answer(content, "Hola.")
    assert answer.translated == translated.strip()
    assert 0 <= answer.confidence <= 1


@given(PLAIN, st.integers(0, 60))
def test_a_translation_that_is_whole_survives_a_cut_behind_it(translated: str, cut: int) -> None:
    head = json.dumps({"translated": translated})[:-1]
    tail = ', "phrases": [{"text": "a", "meaning": "b", "kind": "idiom", "literal": "c"}]}'
    assert parse_chat_answer(head + tail[:cut], "Hola.").translated == translated.strip()


@given(st.text())
def test_whatever_a_model_says_is_an_answer_or_a_told_failure(content: str) -> None:
    with contextlib.suppress(EngineError):
        assert parse_chat_answer(content, "Hola.").translated.strip()


@given(st.text(), st.text())
def test_thoughts_are_never_told(before: str, thought: str) -> None:
    drafts = f"<think>{thought}"
    assert without_thoughts(drafts) == "" or "</think>" in thought.lower()
    assert "<think>" not in plain_words(before + drafts).lower()


@given(st.lists(st.text(alphabet='aé \\"🙂'), max_size=6), st.integers(1, 9))
def test_a_stream_says_the_same_whatever_way_it_is_cut(words: list[str], size: int) -> None:
    events = [json.dumps({"choices": [{"delta": {"content": word}}]}) for word in words]
    stream = ": comment\n\n" + "".join(f"data: {event}\r\n\r\n" for event in [*events, "[DONE]"])
    pieces = ReplyPieces()
    cut = (stream[at : at + size] for at in range(0, len(stream), size))
    assert "".join(pieces.feed(text) for text in cut) == "".join(words)
    assert pieces.is_done


@pytest.mark.slow
@given(VALUES | st.fixed_dictionaries({"choices": VALUES, "usage": VALUES, "data": VALUES}))
def test_whatever_a_server_sends_is_read_or_a_told_failure(value: object) -> None:
    body = json.dumps(value).encode()
    for read in (read_reply, read_models, check_reply):
        with contextlib.suppress(EngineError):
            read(body)
