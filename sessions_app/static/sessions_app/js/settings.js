// What this browser remembers of its user's choices.

const PREFIX = "habla.";

const DEFAULTS = Object.freeze({
  theme: "system", // system, light, dark
  textSize: "medium", // small, medium, large, huge
  direction: "auto", // es_to_en, en_to_es, auto
  mode: "conversation", // conversation, classroom
  sound: "auto", // auto: the best encoding there is; pcm: samples as they are
  speakEs: false, // translations into Spanish are spoken
  speakEn: false,
  voiceEs: "", // the address of a voice of the browser's; empty: the one it prefers
  voiceEn: "",
  rateEs: 1, // how fast it speaks
  rateEn: 1,
  view: "cards", // cards, faces, captions
  nearLanguage: "", // es, en: who sits at the near half of the view face to face; empty: whose language the page has
  farIsTurned: true, // the far half stands on its head
  record: true, // the sound of new conversations is kept, where the server keeps any
  microphone: "", // the id of a device; empty: the one that the system prefers
  noiseSuppression: true, // by the browser
  shortcuts: true, // single keys steer the live page
});

const unsaved = new Map(); // private windows may refuse to store

export function setting(name) {
  if (unsaved.has(name)) return unsaved.get(name);
  try {
    const value = JSON.parse(localStorage.getItem(PREFIX + name));
    return typeof value === typeof DEFAULTS[name] ? value : DEFAULTS[name];
  } catch {
    return DEFAULTS[name];
  }
}

export function keepSetting(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    unsaved.set(name, value);
  }
  dispatchEvent(new CustomEvent("habla:setting", { detail: { name, value } }));
}
