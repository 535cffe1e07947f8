"""A model's reasoning is recognised by its marks, and a draft never shows any of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engines.llm.drafts import DraftReader
from sessions_app.engines.llm.reasoning import answer_of

MARKED = [
    "<think>{0}</think>{1}",
    "<think>\n{0}\n</think>\n\n{1}",
    "<Thinking>{0}</Thinking>{1}",
    "<scratchpad>{0}</scratchpad>{1}",
    "<my_own_notes>{0}</my_own_notes>{1}",
    '<think effort="high">{0}</think>{1}',
    "<seed:think>{0}</seed:think>{1}",
    "[THINK]{0}[/THINK]{1}",
    "◁think▷{0}◁/think▷{1}",
    "\uff1c思考\uff1e{0}\uff1c/思考\uff1e{1}",
    "<|begin_of_thought|>{0}<|end_of_thought|>\n<|begin_of_solution|>{1}<|end_of_solution|>",
    "<|START_THINKING|>{0}<|END_THINKING|><|START_RESPONSE|>{1}<|END_RESPONSE|>",
    "<|inner_prefix|>{0}<|inner_suffix|>{1}",
    "<|channel>thought\n{0}<channel|>{1}",
    "<unused94>thought\n{0}<unused95>{1}",
    "<think>{0}</think><answer>{1}</answer>",
    "<think>{0}</think><translation>{1}</translation>",
    "<|channel|>analysis<|message|>{0}<|end|><|start|>assistant<|channel|>final<|message|>{1}<|return|>",
    "<|channel|>analysis<|message|>{0}<|end|><|start|>assistant<|channel|>commentary<|message|>{0}"
    "<|end|><|start|>assistant<|channel|>final <|constrain|>JSON<|message|>{1}",
    "analysis{0}assistantfinal{1}",
    "Here is my thought process:\n{0}\nHere is my response:\n{1}",
    "<|start_header_id|>assistant<|end_header_id|>\n\n{1}<|eot_id|>",
    "{1}<|im_end|>\n<|im_start|>user\n{0}",
    "{1}</s>",
    "<s>{1}<|endoftext|>{0}",
    "<think></think>{1}",
    "<|start|>assistant<|channel|>final <|constrain|>JSON<|message|>{1}",
    "<think>{0}<think>{0}</think>{1}",
    "[think]{0}[/think]{1}",
    "{{{{thinking}}}}{0}{{{{/thinking}}}}{1}",
    "<<think>>{0}<</think>>{1}",
    "< think >{0}< /think >{1}",
    "【思考】{0}【/思考】{1}",
    "<思考>{0}</思考>{1}",
    "&lt;think&gt;{0}&lt;/think&gt;{1}",
    "<!-- {0} -->{1}",
    "### Thinking\n{0}\n### Answer\n{1}",
    "**Thinking:** {0}\n\n**Answer:** {1}",
    "Reasoning: {0}\nTranslation: {1}",
    "=== THINKING ===\n{0}\n=== ANSWER ===\n{1}",
    "```thinking\n{0}\n```\n{1}",
]
THOUGHT = "Okay, the user says hola, so I say it in English."
SWALLOWED = "{0}</think>{1}"


@pytest.mark.parametrize("form", [*MARKED, SWALLOWED, "{1}<think>{0}</think>", "{1}"])
def test_the_answer_is_what_is_no_thought(form: str) -> None:
    assert answer_of(form.format(THOUGHT, "Hello, world.")).strip() == "Hello, world."


@pytest.mark.parametrize("form", MARKED)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_draft_tells_nothing_but_the_answer_however_it_is_cut(form: str, size: int) -> None:
    content = form.format(THOUGHT, "Hello, world.")
    reader = DraftReader("hola, mundo")
    told = [reader.read(content[:end]) for end in range(size, len(content), size)]
    told += [reader.read(content), reader.end()]
    shown = [draft for draft in told if draft]
    assert shown[-1] == "Hello, world."
    assert all("Hello, world.".startswith(draft) for draft in shown)


def test_a_draft_of_a_model_known_to_think_unmarked_waits_for_the_end_of_its_thought() -> None:
    content = SWALLOWED.format("Saying hola is a greeting.", "Hello.")
    first = DraftReader("hola")
    for end in range(1, len(content) + 1):
        first.read(content[:end])
    assert first.hides_thoughts
    second = DraftReader("hola", hides_thoughts=first.hides_thoughts)
    told = [second.read(content[:end]) for end in range(1, len(content) + 1)]
    assert [draft for draft in told if draft] == ["H", "He", "Hel", "Hell", "Hello", "Hello."]


def test_what_sounds_like_thinking_waits_for_the_end() -> None:
    content = SWALLOWED.format(THOUGHT, "Hello.")
    reader = DraftReader("hola")
    told = [reader.read(content[:end]) for end in range(1, content.index("</think>"))]
    assert [draft for draft in told if draft and not "Okay".startswith(draft)] == []
    assert reader.read(content) == "Hello."


@pytest.mark.parametrize(
    "thought", ["The user wants it in English.", "Let me see.", "I need to be brief."]
)
def test_not_even_the_beginning_of_such_a_thought_is_shown(thought: str) -> None:
    content = SWALLOWED.format(thought, "Hello.")
    reader = DraftReader("hola")
    told = [reader.read(content[:end]) for end in range(1, len(content) + 1)]
    assert [draft for draft in told if draft] == ["H", "He", "Hel", "Hell", "Hello", "Hello."]


def test_a_draft_that_is_json_is_told_when_it_is_whole() -> None:
    content = '{"translated": "Hello."}'
    reader = DraftReader("hola")
    assert [reader.read(content[:end]) for end in range(1, len(content) + 1)] == [""] * len(content)
    assert reader.end() == "Hello."


@pytest.mark.parametrize(
    "content",
    [
        *("<think>", "<think>Hello", "<|begin_of_thought|>Hello", "◁think▷Hi", "[think]Hello"),
        *("<|channel>thought\nHello", "<planning>Hello", "<pensamiento>Hello", "<!-- Hello"),
        *("**Thinking:** Hello", "Here is my thought process: Hello"),
    ],
)
def test_a_thought_without_an_end_is_no_answer(content: str) -> None:
    assert answer_of(content) == ""


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("escribe <think> y </think>", "write <think> and </think>"),
        ("la marca [THINK]", "the mark [THINK]"),
        ("hola", "<HOLA>"),
        ("hola mundo", "<HOLA MUNDO>"),
        ("a < b y b > c", "a < b and b > c"),
        ("<b>hola</b> a todos", "<b>hello</b> everyone"),
        ("[risas] hola", "[LAUGHTER] hello"),
        ("[piensa] hola", "[thinks] hello"),
        ("Pensamiento: existo", "Thought: I exist"),
        ("Pensamientos", "Thoughts"),
        ("La razón manda", "Reason rules"),
    ],
)
def test_what_is_quoted_or_no_mark_is_left(source: str, content: str) -> None:
    assert answer_of(content, source) == content
    reader = DraftReader(source)
    for end in range(1, len(content) + 1):
        reader.read(content[:end])
    assert content in (reader.end() or content)


@given(st.text(), st.text())
def test_a_thought_that_goes_on_is_never_told(before: str, after: str) -> None:
    assert "<think>" not in answer_of(f"{before}<think>{after}").lower()


@pytest.mark.timeout(20)  # the promise: no text of a model holds a session up
@pytest.mark.parametrize(
    "piece", ["<think>", "</x>", "<x>", "<|x|>", "<|/x|>", "<|im_end|>", "[THINK]", "<", "\n"]
)
def test_reading_takes_no_long(piece: str) -> None:
    answer_of(piece * 100_000)
    answer_of("Thinking: " + piece * 100_000)
