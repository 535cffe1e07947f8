// What a page says in both languages: in either voice, and of the server's own names.

export const both = {
  en: {
    "voices.sample": "This is how the translation will sound.",
    "speaker.es": "Spanish speaker",
    "speaker.en": "English speaker",
  },
  es: {
    "voices.sample": "Así sonará la traducción.",
    "speaker.es": "Quien habla español",
    "speaker.en": "Quien habla inglés",
  },
};
