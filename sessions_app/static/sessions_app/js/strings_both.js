// What a page says in both languages: to the two who sit face to face, in either voice, and of the server's own names.

export const both = {
  en: {
    "button.stop": "Stop",
    "face.half": "For whoever speaks English",
    "face.said": "What was said",
    "face.speak": "Speak English",
    "face.welcome": "Press the button and speak English. What is said in Spanish is read here.",
    "face.failed": "Not translated",
    "face.interrupted": "The connection broke off",
    "face.waiting": "Waits for the server",
    "face.gist": "≈ rough translation",
    "voices.sample": "This is how the translation will sound.",
    "speaker.es": "Spanish speaker",
    "speaker.en": "English speaker",
  },
  es: {
    "button.stop": "Parar",
    "face.half": "Para quien habla español",
    "face.said": "Lo que se dijo",
    "face.speak": "Hablar español",
    "face.welcome": "Pulse el botón y hable en español. Lo que se diga en inglés se lee aquí.",
    "face.failed": "Sin traducir",
    "face.interrupted": "Se cortó la conexión",
    "face.waiting": "Espera al servidor",
    "face.gist": "≈ traducción aproximada",
    "voices.sample": "Así sonará la traducción.",
    "speaker.es": "Quien habla español",
    "speaker.en": "Quien habla inglés",
  },
};
