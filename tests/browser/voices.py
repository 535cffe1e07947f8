"""The browser's voices, which headless ones do not have: they speak as long as a test wants."""

VOICES = """
    window.spoken = [];  // what the browser was given: [text, language, voice, rate]
    window.speechSeconds = 0;  // 0: until `endSpeech` is called
    class Utterance extends EventTarget {
        constructor(text) {
            super();
            Object.assign(this, {text, lang: "", rate: 1, volume: 1, voice: null});
        }
    }
    const voice = (name, lang, localService = true) =>
        ({name, lang, voiceURI: name, localService, default: false});
    window.voices = [voice("Ana", "es-ES"), voice("Far", "en-US", false), voice("Bob", "en_GB")];
    let current = null;
    const tell = (name, more = {}) => {
        const one = current;
        current = name === "start" ? current : null;
        one?.dispatchEvent(Object.assign(new Event(name), more));
    };
    window.endSpeech = () => tell("end");
    window.failSpeech = (error) => tell("error", {error});
    const synthesis = Object.assign(new EventTarget(), {
        getVoices: () => window.voices,
        cancel: () => tell("error", {error: "canceled"}),
        speak: (one) => {
            if (!one.text) return;
            current = one;
            window.spoken.push([one.text, one.lang, one.voice?.name ?? null, one.rate]);
            queueMicrotask(() => tell("start"));
            const end = () => current === one && tell("end");
            if (window.speechSeconds) setTimeout(end, window.speechSeconds * 1000);
        },
    });
    Object.defineProperty(window, "speechSynthesis", {value: synthesis});
    window.SpeechSynthesisUtterance = Utterance;
"""
"""Stands in for the browser's own interface, of which nothing is Habla's."""


def settings(**values: str) -> str:
    """Return a script that makes choices in the browser before a page is loaded, as JSON."""
    return "".join(
        f"localStorage.setItem('habla.{name}', {value!r});" for name, value in values.items()
    )
