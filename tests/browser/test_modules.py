"""The page's pure modules, each alone, in the browser that runs them."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import OpenPage

JOURNAL = """
    const { Journal } = await import("/static/sessions_app/js/journal.js");
    const removed = [];
    let now = 1000;
    const journal = new Journal({
        changed: () => {},
        removed: (entry, reason) => removed.push(reason),
        clock: () => now,
    });
    journal.beginSession("s");
    const take = (type, fields) => journal.take({ type, ...fields });
    const states = () => journal.entries.map((entry) => entry.state);
"""


@pytest.fixture
def page(browser: Browser, open_page: OpenPage) -> Page:
    return open_page(browser, path="/history/")


def run(page: Page, module: str, body: str) -> Any:
    """Run ``body`` with everything that ``module`` exports as ``m``; return what it returns.

    The words are there that the live page loads in the page's language.
    """
    words = "`/static/sessions_app/js/strings_${document.documentElement.lang.slice(0, 2)}.js`"
    path = f"/static/sessions_app/js/{module}.js"
    loaded = f"await import({words}); const m = await import('{path}');"
    return page.evaluate(f"async () => {{ {loaded} {body} }}")


def test_pauses_grow_to_a_limit_and_differ_between_pages(page: Page) -> None:
    pauses = "return [0, 1, 2, 3, 9].map((n) => m.pauseSeconds(n, {{random: () => {}}}));"
    assert run(page, "backoff", pauses.format(1)) == [0.5, 1, 2, 4, 15]
    assert run(page, "backoff", pauses.format(0)) == [0.25, 0.5, 1, 2, 7.5]
    hurried = "return m.pauseSeconds(9, {longest: 3, random: () => 1});"
    assert run(page, "backoff", hurried) == 3


def test_both_languages_have_the_same_words_and_holes(page: Page) -> None:
    holes = """
        const { english } = await import("/static/sessions_app/js/strings_en.js");
        const { spanish } = await import("/static/sessions_app/js/strings_es.js");
        const shape = (words) => Object.entries(words)
            .map(([key, text]) => [key, (text.match(/\\{\\w+\\}/g) ?? []).sort().join()]).sort();
        const { FACING } = await import("/static/sessions_app/js/strings_faces.js");
        return [english, spanish, m.both.en, m.both.es, FACING.en, FACING.es].map(shape);
    """
    english, spanish, *others = run(page, "strings_both", holes)
    assert english == spanish
    assert others[0] == others[1]
    assert others[2] == others[3]
    assert {key for key, _ in english} & {key for key, _ in others[0]} == set()


def test_words_fill_their_holes(page: Page) -> None:
    assert run(page, "strings", "return m.say('card.rename', {name: 'Ana'});") == "Rename Ana"


def test_a_page_says_a_few_words_in_the_other_language_too(page: Page) -> None:
    said = "return ['', 'en', 'es-MX'].map((language) => m.say('speaker.en', {}, language));"
    assert run(page, "strings", said) == [
        "English speaker",
        "English speaker",
        "Quien habla inglés",
    ]
    half = """
        const half = new m.Half(() => {});
        const told = (key) => [...half.place.querySelectorAll(key)].map((each) => each.textContent);
        half.speak("es", true);
        half.showState(false);
        for (const state of ["failed", "interrupted", "waiting"])
            half.show({ state, source: "hello", language: "en" }, [], "en");
        const rough = { state: "done", gist: true, source: "a", translated: "b", language: "en" };
        half.show(rough, [], "en");
        return [...told(".label"), ...told(".face-welcome"), ...told(".note")];
    """
    assert run(page, "halves", half) == [
        "Hablar español",
        "Pulse el botón y hable en español. Lo que se diga en inglés se lee aquí.",
        "Sin traducir",
        "Se cortó la conexión",
        "Espera al servidor",
        "≈ traducción aproximada",
    ]


@pytest.mark.parametrize("rate", [48_000, 44_100, 16_000, 96_000])
def test_resampling_keeps_a_voice_and_removes_what_16_khz_cannot_hold(
    page: Page, rate: int
) -> None:
    loudness = f"""
        const heard = (hertz) => {{
            const resampler = new m.Resampler({rate}, 16000);
            const tone = Float32Array.from({{length: {rate}}}, (_, i) =>
                Math.sin(2 * Math.PI * hertz * i / {rate}));
            const out = resampler.push(tone).subarray(1000);
            return Math.sqrt(out.reduce((sum, x) => sum + x * x, 0) / out.length);
        }};
        return [heard(300), heard(3000), heard({rate} > 16000 ? 12000 : 0)];
    """
    low, middle, high = run(page, "resampler", loudness)
    assert abs(low - 0.707) < 0.01
    assert abs(middle - 0.707) < 0.01
    assert high < 0.001


def test_resampling_gives_the_same_samples_however_the_sound_is_cut(page: Page) -> None:
    cut = """
        const sound = Float32Array.from({length: 44100}, (_, i) => Math.sin(i * i / 90000));
        const whole = new m.Resampler(44100, 16000);
        const once = [...whole.push(sound), ...whole.flush()];
        const parts = new m.Resampler(44100, 16000);
        const pieces = [];
        for (let at = 0; at < sound.length; at += 997) {
            pieces.push(...parts.push(sound.subarray(at, at + 997)));
        }
        pieces.push(...parts.flush());
        return [once.length, pieces.length, once.every((x, i) => x === pieces[i])];
    """
    assert run(page, "resampler", cut) == [16_000, 16_000, True]


def test_samples_become_integers_within_their_range(page: Page) -> None:
    body = "return [...m.toInt16(Float32Array.of(0, 0.5, 1, 3, -1, -3))];"
    assert run(page, "pcm", body) == [0, 16384, 32767, 32767, -32767, -32767]


def test_the_meter_shows_silence_as_nothing_and_a_full_tone_as_nearly_all(page: Page) -> None:
    body = """
        const tone = Float32Array.from({length: 1024}, (_, i) => Math.sin(i / 5));
        return [m.levelOf(new Float32Array(1024)), m.levelOf(tone)];
    """
    silent, loud = run(page, "meter", body)
    assert silent == 0
    assert 0.9 < loud < 1


def test_subtitles_count_from_the_first_word(page: Page) -> None:
    body = """
        return m.toSubtitles([
            {source: "hola", translated: "hello", state: "done", startedAt: 5000, endedAt: 7250},
            {source: "", translated: "", state: "hearing", saidAt: 6000},
            {source: "adiós", translated: "", state: "failed", saidAt: 3725000},
        ]);
    """
    assert run(page, "export", body) == (
        "1\n00:00:00,000 --> 00:00:02,250\nhola\nhello\n\n2\n01:02:00,000 --> 01:02:02,000\nadiós\n"
    )


FORGED = """
        const entries = [{
            source: " \\u202ehola\\u0007\\n\\n2\\n00:00:05,000 --> 00:00:06,000\\nforged ",
            translated: "hello\\r\\n\\u2028 --> there",
            state: "done",
            saidAt: 0,
            speaker: {id: "1", name: "Ana\\n[00:00] Bob"},
        }];
"""


def test_subtitles_are_of_two_lines_and_lie_on_no_other(page: Page) -> None:
    body = """
        const words = Array(20).fill("palabra").join(" ");
        return m.cuesOf([
            {start: 0, end: 10000, texts: [words, words]},
            {start: 9000, texts: ["typed", "escrito"]},
            {start: 9100, texts: ["again"]},
        ]);
    """
    cues = run(page, "subtitles", body)
    assert [len(cue["lines"]) for cue in cues] == [2, 2, 2, 2, 2, 1]
    assert all(len(line) <= 42 for cue in cues for line in cue["lines"])
    assert [one["end"] for one in cues[:-1]] == [other["start"] for other in cues[1:]]
    assert [(cue["start"], cue["end"]) for cue in cues[-2:]] == [(9000, 9833), (9833, 11833)]


def test_short_cues_can_be_read(page: Page) -> None:
    body = """
        const word = "a".repeat(40);
        return m.cuesOf([
            {start: 0, end: 200, texts: ["sí", "yes"]},
            {start: 1000, end: 5000, texts: [`${word} ${word} ${word} ${word} sí`]},
        ]);
    """
    cues = run(page, "subtitles", body)
    assert [(cue["start"], cue["end"]) for cue in (cues[0], cues[-1])] == [(0, 700), (4167, 5000)]


def test_no_words_are_markup_in_subtitles(page: Page) -> None:
    body = """
        const source = "<b>uno</b> 1 < 2 {\\\\an8}";
        return m.toSubtitles([{source, translated: "", state: "done", saidAt: 0}]);
    """
    assert "‹b›uno‹/b› 1 < 2 (\\an8)" in run(page, "export", body)


def test_no_words_can_forge_a_subtitle(page: Page) -> None:
    assert run(page, "export", f"{FORGED} return m.toSubtitles(entries);") == (
        "1\n00:00:00,000 --> 00:00:01,445\nhola 2 00:00:05,000 →\nhello →\n\n"
        "2\n00:00:01,445 --> 00:00:02,529\n00:00:06,000 forged\nthere\n"
    )


def test_no_words_or_name_can_forge_a_line_of_the_text(page: Page) -> None:
    lines = run(page, "export", f"{FORGED} return m.toText(entries, 'en').split('\\n');")
    assert [line.partition("] ")[2] for line in lines] == [
        "Ana [00:00] Bob: hola 2 00:00:05,000 --> 00:00:06,000 forged",
        "",
    ]
    assert lines[1] == "hello --> there"


def test_an_older_revision_never_replaces_a_newer_one(page: Page) -> None:
    body = f"""{JOURNAL}
        take("partial", {{utterance_id: 1, revision: 3, stable: "a", unstable: "b"}});
        take("partial", {{utterance_id: 1, revision: 2, stable: "", unstable: "old"}});
        take("transcript", {{utterance_id: 1, text: "a b c", direction: "es_to_en"}});
        take("partial", {{utterance_id: 1, revision: 4, stable: "late", unstable: ""}});
        return [journal.entries.length, journal.entries[0].source, states()];
    """
    assert run(page, "journal", body) == [1, "a b c", ["heard"]]


def test_an_utterance_of_the_next_session_is_not_taken_for_one_of_the_last(page: Page) -> None:
    body = f"""{JOURNAL}
        take("transcript", {{utterance_id: 1, text: "one", direction: "es_to_en"}});
        journal.interrupt();
        journal.beginSession("t");
        take("transcript", {{utterance_id: 1, text: "two", direction: "es_to_en"}});
        return journal.entries.map((entry) => [entry.source, entry.state]);
    """
    assert run(page, "journal", body) == [["one", "interrupted"], ["two", "heard"]]


def test_typed_text_meets_its_answer_and_twice_the_same_meets_two(page: Page) -> None:
    body = f"""{JOURNAL}
        ["hola", "hola"].forEach((text) => {{
            journal.mark(journal.type(text), {{state: "sent", session: "s"}});
        }});
        take("transcript", {{utterance_id: 4, text: "hola", direction: "es_to_en"}});
        const first = states();
        take("translation", {{utterance_id: 4, source: "hola", translated: "hello"}});
        take("translation", {{utterance_id: 5, source: "hola", translated: "hi"}});
        return [first, journal.entries.map((entry) => entry.translated)];
    """
    assert run(page, "journal", body) == [["heard", "sent"], ["hello", "hi"]]


def test_what_is_told_before_it_is_kept_is_marked_until_it_is_kept_or_lost(page: Page) -> None:
    body = f"""{JOURNAL}
        const told = {{source: "hola", translated: "hello", exchange_id: null, stored: false}};
        [1, 2].forEach((id) => take("translation", {{...told, utterance_id: id}}));
        const marks = () => journal.entries.map((entry) => [entry.unstored, entry.lost ?? ""]);
        const before = marks();
        take("stored", {{utterance_id: 1, exchange_id: 7}});
        journal.fail(2, "no room");
        return [before, marks(), states()];
    """
    assert run(page, "journal", body) == [
        [[True, ""], [True, ""]],
        [[False, ""], [False, "no room"]],
        ["done", "done"],
    ]


def test_what_a_broken_connection_leaves_open_is_marked_and_what_waits_still_waits(
    page: Page,
) -> None:
    body = f"""{JOURNAL}
        take("speech_started", {{utterance_id: 1}});
        take("partial", {{utterance_id: 2, revision: 1, stable: "me", unstable: "gusta"}});
        take("translation", {{utterance_id: 3, source: "sí", translated: "yes"}});
        journal.type("later");
        journal.interrupt();
        return [states(), removed, journal.entries[0].source];
    """
    assert run(page, "journal", body) == [
        ["interrupted", "done", "waiting"],
        ["interrupted"],
        "me gusta",
    ]


def test_a_sentence_is_placed_in_time_by_its_source(page: Page) -> None:
    body = f"""{JOURNAL}
        now = 60000;
        journal.beginSource();
        take("transcript", {{utterance_id: 1, text: "a", start_seconds: 1.5, end_seconds: 2}});
        return [journal.entries[0].startedAt, journal.entries[0].endedAt];
    """
    assert run(page, "journal", body) == [61500, 62000]


def test_a_card_says_who_gave_no_translation_and_why_none_came(page: Page) -> None:
    body = f"""{JOURNAL}
        const {{ Cards }} = await import("/static/sessions_app/js/cards.js");
        const {{ reasonOf }} = await import("/static/sessions_app/js/problems.js");
        const finals = document.createElement("ul");
        const cards = new Cards({{ finals, partials: document.createElement("div"), acts: {{}} }});
        take("translation", {{
            utterance_id: 1, source: "hola", translated: "hello", engine: "apertium",
            passed_over: [{{ engine: "llm", fault: "loop" }}],
        }});
        take("transcript", {{ utterance_id: 2, text: "adiós" }});
        journal.fail(2, reasonOf({{ message: "In English.", fault: "echo" }}));
        journal.entries.forEach((entry) => cards.show(entry));
        const notes = [...finals.querySelectorAll(".note")].map((note) => note.textContent);
        return [...notes, reasonOf({{ message: "As told.", fault: "new" }})];
    """
    assert run(page, "journal", body) == [
        "Translated by apertium, since llm gave no translation: "
        "the same words came again and again",
        "Not translated: the sentence came back untranslated",
        "As told.",
    ]


@pytest.mark.parametrize("name", ["none", "own.Echo"])
def test_that_nothing_is_translated_is_told_whatever_the_engine_is_called(
    page: Page, name: str
) -> None:
    body = f"""
        const transcriber = {{name: "own.Ears", languages: ["en", "es"], is_none: false}};
        const told = (is_none) =>
            m.engineProblems({{transcriber, translator: {{name: "{name}", is_none}}}}, "auto");
        return [told(true).map(({{code}}) => code), told(false)];
    """
    assert run(page, "engines", body) == [["no_translator"], []]


def test_what_was_held_is_sent_as_fast_as_the_server_takes_it(page: Page) -> None:
    body = """
        let now = 5000;
        const pace = new m.Pace(() => now);
        const send = () => {
            let seconds = 0;
            for (; pace.isFree && seconds < 1000; seconds += 2) pace.sent(2);
            return seconds;
        };
        const unlimited = send();
        pace.begin(70);
        const burst = send();
        now += 10_000;
        return [unlimited, burst, send()];
    """
    unlimited, burst, later = run(page, "pace", body)
    assert unlimited == 1000
    assert 60 < burst < 70
    assert 16 <= later <= 20


@pytest.mark.parametrize(
    ("language", "line"),
    [("en", "3 sentences wait for their words"), ("es", "3 frases esperan sus palabras")],
)
def test_sentences_that_wait_are_one_line_with_their_number(
    page: Page, language: str, line: str
) -> None:
    body = f"""{JOURNAL}
        document.documentElement.lang = "{language}";
        await import("/static/sessions_app/js/strings_{language}.js");
        const partials = document.createElement("div");
        const cards = new m.Cards({{finals: document.createElement("ol"), partials, acts: {{}}}});
        const show = () => journal.entries.forEach((entry) => cards.show(entry));
        const shown = () => [...partials.children].filter((card) => !card.hidden);
        for (const utterance_id of [1, 2, 3, 4]) take("speech_started", {{utterance_id}});
        for (const utterance_id of [1, 2, 3]) take("speech_ended", {{utterance_id}});
        take("partial", {{utterance_id: 4, revision: 1, stable: "hola", unstable: ""}});
        show();
        const told = shown().map((card) => card.textContent.trim());
        for (const utterance_id of [1, 2]) take("transcript", {{utterance_id, text: "sí"}});
        show();
        return [told, shown().map((card) => card.className), partials.querySelector(".queue")];
    """
    assert run(page, "cards", body) == [[line, "hola"], ["card said partial"] * 2, None]


def test_typed_text_that_is_still_held_is_sent_once_to_the_next_session(page: Page) -> None:
    body = f"""{JOURNAL}
        const {{ Outbox }} = await import("/static/sessions_app/js/outbox.js");
        const outbox = new Outbox();
        const uplink = Object.assign(new EventTarget(), {{
            has: (key) => outbox.has(key),
            command: (message, key) => outbox.command(message, key),
        }});
        const typing = new m.Typing(journal, uplink);
        const send = () => {{
            const next = outbox.take();
            if (next) uplink.dispatchEvent(new CustomEvent("sent", {{detail: next}}));
            return next && JSON.parse(next.text).text;
        }};
        typing.submit("hola");
        const told = [send(), states()];
        journal.interrupt();
        outbox.move(undefined, 0); // the session that is over has not taken it
        typing.waitAgain();
        told.push(states(), send(), states());
        typing.send();
        return [...told, send()];
    """
    once = ["hola", ["sent"]]
    assert run(page, "typing", body) == [*once, ["waiting"], *once, None]
