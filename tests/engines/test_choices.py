"""An engine is chosen by a short name, a dotted path or JSON; anything else is explained."""

import subprocess
import sys

import pytest

from sessions_app.core.errors import SettingsError
from sessions_app.engines.choices import (
    ENGINES,
    EngineChoice,
    check_choice,
    current_backend,
    find_class,
    parse_choice,
)

TRANSLATOR = "HABLA_TRANSLATOR"
NEEDY = "tests.engines.test_own_engines.Needy"
DOTTED = "sessions_app.engines.none.NoTranslator"


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("", EngineChoice("auto")),
        (" auto ", EngineChoice("auto")),
        ("opus-mt", EngineChoice("opus-mt")),
        (DOTTED, EngineChoice(DOTTED)),
        ('{"BACKEND": "opus-mt"}', EngineChoice("opus-mt")),
        (
            '{"BACKEND": "opus-mt", "OPTIONS": {"beam_size": 4}}',
            EngineChoice("opus-mt", {"beam_size": 4}),
        ),
    ],
)
def test_a_choice_is_read_in_any_of_its_forms(text: str, choice: EngineChoice) -> None:
    assert parse_choice(text, variable=TRANSLATOR) == choice


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("apertum", "Did you mean apertium?"),
        ("Opus_MT", "Did you mean opus-mt?"),
        ("nope", "names no engine: 'nope'. What would be right"),
        ("whisper", "What would be right: auto, llm, opus-mt, apertium, none, fake,"),
        ("faster-whisper", "names no engine: 'faster-whisper'"),
        ("two words.here", "names no engine"),
        ('{"BACKEND": ', "not valid JSON at character 12"),
        ('["opus-mt"]', "wrong keys"),
        ('{"OPTIONS": {}}', "wrong keys"),
        ('{"BACKEND": "opus-mt", "MORE": 1}', "wrong keys"),
        ('{"BACKEND": 1}', "BACKEND is a string and OPTIONS an object"),
        ('{"BACKEND": "opus-mt", "OPTIONS": []}', "BACKEND is a string and OPTIONS an object"),
        ('{"BACKEND": "auto", "OPTIONS": {"a": 1}}', "OPTIONS need a BACKEND"),
    ],
)
def test_a_wrong_choice_names_the_variable_and_what_would_be_right(text: str, hint: str) -> None:
    with pytest.raises(SettingsError) as failure:
        parse_choice(text, variable=TRANSLATOR)
    assert failure.value.variable == TRANSLATOR
    assert str(failure.value).startswith(TRANSLATOR)
    assert hint in str(failure.value)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("sessions_app.engines.nun.NoTranslator", "needs sessions_app.engines.nun, which is not"),
        ("sessions_app.engines.none.NoTranslater", "Did you mean NoTranslator?"),
        ("sessions_app.engines.translation.apertium_modes.MODES", "is not a class"),
        (
            "tests.engines.misspelt.Translator",
            "'tests.engines.misspelt.Translator' cannot be imported: cannot import name "
            "'EngineEror' from 'sessions_app.engines.base'.",
        ),
        (
            "tests.sessions_app.boom.Translator",
            "cannot be imported: RuntimeError in boom.py, line 3.",
        ),
        ("builtins.int", "'builtins.int' is not an engine."),
    ],
)
def test_a_dotted_path_that_leads_nowhere_is_told(path: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=TRANSLATOR) as failure:
        check_choice(EngineChoice(path), variable=TRANSLATOR)
    assert hint in str(failure.value)


@pytest.mark.parametrize(
    ("variable", "choice", "hint"),
    [
        ("HABLA_TRANSCRIBER", EngineChoice("fake", {"speed": 1}), "It takes: languages, delay_"),
        ("HABLA_TRANSCRIBER", EngineChoice("faster-whisper", {"modle": "tiny"}), "takes: model,"),
        ("HABLA_TRANSLATOR", EngineChoice(DOTTED, {"speed": 1}), "It takes: none."),
        ("HABLA_TRANSLATOR", EngineChoice(NEEDY), "Needy needs url, key in its OPTIONS."),
        ("HABLA_TRANSLATOR", EngineChoice(NEEDY, {"url": ""}), "Needy needs key in its OPTIONS."),
        ("HABLA_TRANSCRIBER", EngineChoice("none", {"speed": 1}), "none takes no OPTIONS."),
    ],
)
def test_options_that_an_engine_does_not_take_are_told_with_those_it_takes(
    variable: str, choice: EngineChoice, hint: str
) -> None:
    with pytest.raises(SettingsError, match=variable) as failure:
        check_choice(choice, variable=variable)
    assert hint in str(failure.value)


MOVED = {
    "faster_whisper.FasterWhisperTranscriber": ("HABLA_TRANSCRIBER", "faster-whisper"),
    "openai_audio.OpenAiTranscriber": ("HABLA_TRANSCRIBER", "openai"),
    "llm.LlmTranslator": ("HABLA_TRANSLATOR", "llm"),
    "opus_mt.OpusMtTranslator": ("HABLA_TRANSLATOR", "opus-mt"),
    "apertium.ApertiumTranslator": ("HABLA_TRANSLATOR", "apertium"),
    "silero.SileroDetector": ("HABLA_DETECTOR", "silero"),
}


@pytest.mark.parametrize(("old", "now"), MOVED.items())
def test_an_engine_that_has_moved_is_found_by_its_old_path_and_the_log_says_its_name(
    old: str, now: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    variable, name = now
    path = f"sessions_app.engines.{old}"
    current_backend.cache_clear()
    for _ in range(2):
        assert parse_choice(path, variable=variable) == EngineChoice(name)
    with_options = f'{{"BACKEND": "{path}", "OPTIONS": {{"threads": 1}}}}'
    assert parse_choice(with_options, variable=variable) == EngineChoice(name, {"threads": 1})
    assert caplog.messages == [f"{path} has moved: {name} is what to set instead"]
    assert callable(find_class(name, variable=variable))


@pytest.mark.parametrize("text", ["pocketsphinx", '{"BACKEND": "pocketsphinx"}'])
def test_what_old_settings_name_is_answered_in_one_line_with_what_to_set(text: str) -> None:
    with pytest.raises(SettingsError) as failure:
        parse_choice(text, variable="HABLA_TRANSCRIBER")
    assert str(failure.value) == (
        "HABLA_TRANSCRIBER: pocketsphinx is no part of Habla any more: Whisper is fetched on any "
        "machine. What would be right: auto."
    )


def test_options_that_an_engine_takes_are_not_complained_of() -> None:
    check_choice(EngineChoice("opus-mt", {"beam_size": 4}), variable=TRANSLATOR)


def test_a_short_name_alone_imports_nothing_that_takes_long() -> None:
    script = (
        "import sys; from sessions_app.engines.choices import EngineChoice, check_choice; "
        "check_choice(EngineChoice('faster-whisper'), variable='HABLA_TRANSCRIBER'); "
        "assert 'sessions_app.engines.speech.faster_whisper' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=9)


def test_a_dotted_path_that_is_right_is_not_complained_of() -> None:
    check_choice(EngineChoice(DOTTED), variable=TRANSLATOR)
    check_choice(EngineChoice("auto"), variable=TRANSLATOR)


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        (f"HABLA_{kind.upper()}", name)
        for kind, names in ENGINES.items()
        for name, path in names.items()
        if path
    ],
)
def test_every_short_name_has_its_class(variable: str, name: str) -> None:
    assert isinstance(find_class(name, variable=variable), type)
