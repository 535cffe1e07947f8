"""What speaks, and what the microphone gives meanwhile, by its functions, in the browser."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import OpenPage
from tests.browser.test_modules import run
from tests.browser.voices import VOICES

SPEECH = """
        const speech = new m.Speech();
        const told = [];
        speech.addEventListener("state", ({detail}) => told.push(detail.item?.text ?? null));
        speech.addEventListener("skipped", ({detail}) => told.push(`skipped ${detail.count}`));
        speech.addEventListener("failed", ({detail}) => told.push(detail.reason));
        const say = (text) => speech.say({text, language: "en", rate: 1});
        const texts = () => window.spoken.map(([text]) => text);
"""
ALOUD = """
        const { Journal } = await import("/static/sessions_app/js/journal.js");
        const { Speech } = await import("/static/sessions_app/js/speech.js");
        const { Replay } = await import("/static/sessions_app/js/replay.js");
        const hints = [], silenced = [];
        let now = Date.now();
        const live = {
            journal: new Journal({changed: () => {}, removed: () => {}, clock: () => now}),
            uplink: {isTellingAgain: false, leftSeconds: 0},
            connection: new EventTarget(),
            listening: Object.assign(new EventTarget(), {silence: (is) => silenced.push(is)}),
            hint: (text) => hints.push(text),
        };
        const aloud = new m.Aloud(live, new Speech(), new Replay(), document.createElement("p"));
        live.journal.beginSession("s");
        live.journal.beginSource();
        let number = 0;
        const translate = (translated, direction = "es_to_en", end_seconds = 1) => {
            const about = {utterance_id: (number += 1), direction, start_seconds: 0, end_seconds};
            live.journal.take({type: "transcript", text: "x", ...about});
            const message = {type: "translation", source: "x", translated, ...about};
            live.journal.take(message);
            aloud.take(message);
        };
        const set = (name, value) => localStorage.setItem(`habla.${name}`, JSON.stringify(value));
        const texts = () => window.spoken.map(([text]) => text);
"""
RECORD = """
        const context = new AudioContext();
        const tone = new OscillatorNode(context, {frequency: 440});
        const out = context.createMediaStreamDestination();
        tone.connect(out);
        tone.start();
        await context.resume();
        const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const chunks = [];
        const take = (chunk) => chunks.push(chunk);
        const began = performance.now();
        const recorder = await make(out.stream, take);
        recorder.start();
        await pause(900);
        recorder.silence(true);
        await pause(1200);
        recorder.silence(false);
        await pause(900);
        await recorder.stop();
        const seconds = (performance.now() - began) / 1000;
        const samples = await decode(chunks);
        const loud = (from, to) => {
            const part = samples.slice(from * 16000, to * 16000);
            return Math.max(...part.map(Math.abs));
        };
        return {
            length: samples.length / 16000, seconds,
            first: loud(0.4, 0.7), silent: loud(1.3, 1.8), last: loud(2.5, 2.8),
        };
"""
KINDS = {
    "pcm": """
        const make = (stream, take) => m.PcmRecorder.prepare(stream, take);
        const decode = async (chunks) => {
            const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
            return Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32768);
        };
    """,
    "recorder": """
        const make = (stream, take) => new m.CompressedRecorder(stream, take);
        const decode = async (chunks) => {
            const bytes = await new Blob(chunks).arrayBuffer();
            const sound = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(bytes);
            return Array.from(sound.getChannelData(0));
        };
    """,
}


@pytest.fixture
def page(browser: Browser, open_page: OpenPage) -> Page:
    return open_page(browser, path="/history/", script=VOICES)


def test_sentences_are_spoken_one_after_the_other(page: Page) -> None:
    body = f"""{SPEECH}
        ["one", "two"].forEach(say);
        const first = texts();
        window.endSpeech();
        window.endSpeech();
        return [first, texts(), told];
    """
    first, all_of_them, told = run(page, "speech", body)
    assert first == ["one"]
    assert all_of_them == ["one", "two"]
    assert told == ["one", "two", None]


def test_a_voice_that_falls_behind_goes_on_with_the_newest(page: Page) -> None:
    body = f"""{SPEECH}
        ["one", "two", "three", "four", "five"].forEach(say);
        window.endSpeech();
        window.endSpeech();
        window.endSpeech();
        return told;
    """
    expected = ["one", "skipped 2", "four", "five", None]
    assert run(page, "speech", body) == expected


def test_stopping_is_at_once_and_forgets_what_waits(page: Page) -> None:
    body = f"""{SPEECH}
        ["one", "two"].forEach(say);
        speech.stop();
        const before = texts();
        say("three");
        return [before, texts(), told];
    """
    assert run(page, "speech", body) == [["one"], ["one", "three"], ["one", None, "three"]]


def test_what_is_tapped_takes_the_place_of_what_is_said(page: Page) -> None:
    body = f"""{SPEECH}
        ["one", "two"].forEach(say);
        speech.sayNow({{text: "tapped", language: "en"}});
        window.endSpeech();
        return [texts(), told];
    """
    assert run(page, "speech", body) == [["one", "tapped"], ["one", "tapped", None]]


def test_a_voice_that_fails_leaves_nobody_silenced(page: Page) -> None:
    body = f"""{SPEECH}
        ["one", "two"].forEach(say);
        window.failSpeech("network");
        say("three");
        return [texts(), told];
    """
    expected = [["one", "three"], ["one", None, "network", "three"]]
    assert run(page, "speech", body) == expected


def test_long_sentences_are_spoken_in_pieces(page: Page) -> None:
    body = """
        const words = Array(30).fill("palabra").join(" ");
        const pieces = m.inPieces(`${words}. ${words} ${"x".repeat(450)}`);
        return [pieces.map((piece) => piece.length), pieces.join(" ").replaceAll(" ", "")
            === `${words}.${words}${"x".repeat(450)}`.replaceAll(" ", ""), m.inPieces("  ")];
    """
    lengths, is_whole, none = run(page, "speech", body)
    assert is_whole
    assert max(lengths) <= 200
    assert none == []


def test_each_language_has_its_voices_those_of_the_device_first(page: Page) -> None:
    body = """
        const names = (language) => m.voicesFor(language).map(({name}) => name);
        const before = m.voiceFor("en").name;
        localStorage.setItem("habla.voiceEn", JSON.stringify("Far"));
        const chosen = m.voiceFor("en").name;
        const can = ["es", "en"].map((language) => m.canSpeak(language));
        window.voices = window.voices.filter(({lang}) => lang !== "es-ES");
        return [before, chosen, can, m.canSpeak("es"), m.voiceFor("es")];
    """
    assert run(page, "voices", body) == ["Bob", "Far", [True, True], False, None]


def test_only_what_is_chosen_is_spoken_and_the_microphone_hears_silence(page: Page) -> None:
    body = f"""{ALOUD}
        translate("nothing is chosen");
        set("speakEn", true);
        set("rateEn", 1.5);
        translate("hello");
        translate("hola", "en_to_es");
        const meanwhile = [...silenced];
        window.endSpeech();
        const after = silenced.length;
        await new Promise((resolve) => setTimeout(resolve, 600)); // an echo's time
        return [window.spoken, meanwhile, after, silenced, hints];
    """
    spoken, meanwhile, after, silenced, hints = run(page, "aloud", body)
    assert spoken == [["hello", "en_GB", "Bob", 1.5]]
    assert (meanwhile, after, silenced) == ([True], 1, [True, False])
    assert hints == []


def test_what_is_told_again_or_late_is_not_spoken_in_a_burst(page: Page) -> None:
    body = f"""{ALOUD}
        set("speakEn", true);
        live.uplink.isTellingAgain = true;
        ["one", "two"].forEach((text) => translate(text));
        live.uplink = {{isTellingAgain: false, leftSeconds: 20}};
        translate("three");
        live.uplink.leftSeconds = 0;
        translate("just after");
        return [texts(), new Set(hints).size];
    """
    assert run(page, "aloud", body) == [[], 1]


def test_what_was_said_long_ago_is_not_spoken(page: Page) -> None:
    body = f"""{ALOUD}
        set("speakEn", true);
        now -= 60_000;
        live.journal.beginSource();
        translate("old", "es_to_en", 5);
        translate("new", "es_to_en", 58);
        return [texts(), hints.length];
    """
    assert run(page, "aloud", body) == [["new"], 1]


def test_a_recording_that_is_played_is_not_spoken(page: Page) -> None:
    body = f"""{ALOUD}
        set("speakEn", true);
        aloud.take({{type: "playback_started"}});
        translate("played");
        aloud.take({{type: "playback_finished"}});
        translate("said");
        return texts();
    """
    assert run(page, "aloud", body) == ["said"]


def test_stop_and_leaving_the_page_stop_the_voice(page: Page) -> None:
    body = f"""{ALOUD}
        set("speakEn", true);
        translate("one");
        live.listening.dispatchEvent(new CustomEvent("state", {{detail: {{state: "stopping"}}}}));
        const stopped = aloud.isHeard;
        translate("two");
        dispatchEvent(new Event("pagehide"));
        return [stopped, aloud.isHeard, texts()];
    """
    assert run(page, "aloud", body) == [False, False, ["one", "two"]]


@pytest.mark.parametrize("kind", ["pcm", "recorder"])
def test_silence_is_true_and_as_long_as_the_sound_would_be(page: Page, kind: str) -> None:
    told = run(page, kind, f"{KINDS[kind]}{RECORD}")
    assert told["first"] > 0.3
    assert told["silent"] < (1e-9 if kind == "pcm" else 1e-4)
    assert told["last"] > 0.3
    assert 2.8 < told["length"] <= told["seconds"] + 0.3
